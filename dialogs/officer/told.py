"""What a producer was told without having asked: how that went, for the officer; what to do where it failed."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from dialogs.model import N_, CaseFacts, Facts, Link, Rung, SendMessage, Text, Told, Value
from dialogs.officer.alerts import open_link
from dialogs.officer.office import clock_time
from dialogs.producer.reach import channel_words

SAYS_SEEN = frozenset({"zalo", "web"})
"""Channels that say when a message was looked at; of the others that is not known."""
TEMPLATE = "zbs"
"""A rung that is no chat: a paid template to a phone number."""
MOST_QUOTED = 200
"""Characters of a message that could not be delivered, for whoever telephones."""
_HOW = {
    "waiting": N_("being sent"),
    "held": N_("held"),
    "sent": N_("sent, not seen yet"),
    "delivered": N_("sent"),
    "seen": N_("seen"),
    "failed": N_("refused"),
    "dropped": N_("no longer needed"),
}
_WHY = {
    "WindowClosed": N_("they have not written for too long"),
    "Unreachable": N_("the chat is closed"),
    "Moved": N_("the chat is closed"),
    "FileUnavailable": N_("a file of it is lost"),
}
"""By the kind of error; of the others an officer needs to know no more than that it did not go out."""
_COST = {"free": N_("free"), "paid": N_("paid")}


def told_lines(case: CaseFacts, facts: Facts) -> tuple[Text, ...]:
    """One line for the newest message to the producer; nothing where there was none."""
    return (_line(case.by, case.told[0], facts),) if case.told else ()


def _line(by: str, told: Told, facts: Facts) -> Text:
    came = next((r for r in reversed(told.rungs) if r.status == "seen"), None) or _arrived(told)
    values: dict[str, Value] = {"by": by}
    if came is None:
        return Text(_NOT_TOLD[told.status], values) if told.status in _NOT_TOLD else Text(_ON_ITS_WAY, values)
    values |= {"channel": _channel(came), "at": _clock(came.sent_at, facts)}
    if came.status == "seen":
        seen = N_("Told %(by)s on %(channel)s at %(at)s; seen.")
        seen_then = N_("Told %(by)s on %(channel)s at %(at)s; seen at %(seen)s.")
        return Text(seen_then, values | {"seen": _clock(came.seen_at, facts)}) if came.seen_at else Text(seen, values)
    if came.channel in SAYS_SEEN:
        return Text(N_("Told %(by)s on %(channel)s at %(at)s; not seen yet."), values)
    return Text(N_("Told %(by)s on %(channel)s at %(at)s; whether they have seen it is not known."), values)


_ON_ITS_WAY = N_("A message to %(by)s is on its way.")
_NOT_TOLD = {
    "held": N_("%(by)s is not told yet: it waits until they write again. Please call."),
    "failed": N_("%(by)s could not be told. Please call."),
}


def _arrived(told: Told) -> Rung | None:
    """The rung that brought it, else the newest that a platform took."""
    brought = [rung for rung in told.rungs if rung.status == "delivered"]
    if brought or told.status in _NOT_TOLD:
        return brought[-1] if brought else None
    return next((rung for rung in reversed(told.rungs) if rung.status == "sent"), None)


def _clock(moment: datetime | None, facts: Facts) -> Value:
    """The hour alone for today."""
    if moment is None:
        return ""
    return clock_time(moment.hour * 60 + moment.minute) if moment.date() == facts.today else moment


# ---------------------------------------------------------------- all of them


def all_told(case: CaseFacts) -> tuple[Text, ...]:
    """Every message with the ways on which it was tried, the newest first: held, sent, paid, refused."""
    head = Text(N_("What %(by)s was told, the newest first:"), {"by": case.by})
    return (head, *(line for told in case.told for line in _rungs(told)))


def _rungs(told: Told) -> tuple[Text, ...]:
    return (Text(N_("• %(moment)s"), {"moment": told.at}), *(_rung(rung) for rung in told.rungs))


def _rung(rung: Rung) -> Text:
    how: Value = Text(_HOW[rung.status])
    if rung.status in ("held", "failed") and rung.outcome in _WHY:
        how = Text("%(how)s (%(why)s)", {"how": how, "why": Text(_WHY[rung.outcome])})
    if rung.sent_at is not None and rung.cost in _COST:
        how = Text("%(how)s, %(cost)s", {"how": how, "cost": Text(_COST[rung.cost])})
    return Text("– %(channel)s: %(how)s", {"channel": _channel(rung), "how": how})


def _channel(rung: Rung) -> Text:
    return Text(N_("a paid Zalo notice")) if rung.channel == TEMPLATE else channel_words(rung.channel)


# ---------------------------------------------------------------- what becomes of a message that is just written


class Outlook(StrEnum):
    """As far as it is known at that moment; what happens to it later stands on the case."""

    TOLD = "told"
    HELD = "held"
    CLOSED = "closed"
    NOBODY = "nobody"


_OUTLOOK = {
    Outlook.TOLD: N_("The producer has been told."),
    Outlook.HELD: N_(
        "%(channel)s does not let me write to the producer now, so I keep the message until they write. "
        "Please call them."
    ),
    Outlook.CLOSED: N_(
        "The producer has closed the chat with me, so I keep the message until they are back. Please call them."
    ),
    Outlook.NOBODY: N_("The producer has no chat here, so please tell them yourself."),
}


def outlook_words(outlook: Outlook, channel: str) -> Text:
    """`channel`: the one that has the message and may not send it."""
    return Text(_OUTLOOK[outlook], {"channel": channel_words(channel)} if outlook is Outlook.HELD else {})


# ---------------------------------------------------------------- nobody could be told


def call_link(code: str) -> Link:
    """To the telephone number, and to nothing else; that somebody looked is noted."""
    return Link(f"call.{code}", Text(N_("Show the number")), code)


def unreached_producer(
    code: str, product: str, by: str, closed: tuple[str, int] | None, words: str, *, left: bool = False
) -> SendMessage:
    """To who answers for a case: its producer has to be called.

    `closed`: a channel, and how many days it is open. `left`: they have closed every chat.
    """
    values: dict[str, Value] = {"by": by, "code": code, "product": product}
    why = N_("I could not tell %(by)s (%(code)s “%(product)s”): nothing I tried has arrived.")
    if closed is not None:
        values |= {"channel": channel_words(closed[0]), "days": closed[1]}
        why = N_(
            "I could not tell %(by)s (%(code)s “%(product)s”). "
            "%(channel)s lets me write only for %(days)s days after their last message."
        )
    elif left:
        why = N_("I could not tell %(by)s (%(code)s “%(product)s”): they have closed the chat with me.")
    texts = (Text(why, values), Text(N_("Please call them.")), *_quoted(words))
    return SendMessage(texts, links=(call_link(code), open_link(code)))


def unreached_officers(names: Sequence[str], words: str, links: tuple[Link, ...]) -> SendMessage:
    """What `names` did not get, to the next in charge, with what it led to."""
    who = ", ".join(names)
    head = Text(N_("%(names)s could not be reached, so this comes to you:"), {"names": who})
    return SendMessage((head, Text("%(words)s", {"words": words})), links=links)


def _quoted(words: str) -> tuple[Text, ...]:
    if not words:
        return ()
    short = words if len(words) <= MOST_QUOTED else f"{words[:MOST_QUOTED].rstrip()}…"
    return (Text(N_("The message was: “%(words)s”"), {"words": short}),)
