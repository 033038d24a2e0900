"""The morning's overview: one message with what can be acted on, and when to have it again."""

from collections.abc import Mapping, Sequence

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    Link,
    Option,
    PostponeDigest,
    SendMessage,
    Text,
    Value,
)
from dialogs.officer.office import clock_time
from dialogs.officer.rights import is_officer
from dialogs.rules.working_days import USUAL_SESSIONS, Sessions, at_minute

AFTERNOON = USUAL_SESSIONS[1][0]
COUNTS: Mapping[str, tuple[str, str]] = {
    "due": (N_("%(count)s case due"), N_("%(count)s cases due")),
    "overdue": (N_("%(count)s case overdue"), N_("%(count)s cases overdue")),
    "more": (N_("%(count)s case not urgent yet"), N_("%(count)s cases not urgent yet")),
    "waiting": (N_("%(count)s waiting for the producer"), N_("%(count)s waiting for their producers")),
    "asked": (N_("%(count)s question not answered"), N_("%(count)s questions not answered")),
    "drafts": (N_("%(count)s draft silent for over 10 days"), N_("%(count)s drafts silent for over 10 days")),
    "ends": (
        N_("%(count)s to telephone because a paper ends"),
        N_("%(count)s to telephone because papers end"),
    ),
}
"""What is counted, in the order in which it is said; nothing is counted twice."""
TO_DO = ("due", "overdue", "more", "asked", "drafts", "ends")
"""What an officer can do something about; for what only waits for its producer nobody is written to."""


def digest(name: str, place: Text | str, counts: Mapping[str, int], afternoon: int) -> SendMessage | None:
    """The message for an officer, None when there is nothing to do. `afternoon`: the minute until it may be put off.

    `counts` as DeskFacts has them. `place` "" when they work for several.
    """
    shown = {**counts, "more": counts.get("act", 0) - counts.get("due", 0) - counts.get("overdue", 0)}
    if all(shown.get(kind, 0) <= 0 for kind in TO_DO):
        return None
    parts = tuple(_part(kind, shown[kind]) for kind in COUNTS if shown.get(kind, 0) > 0)
    hello = Text(N_("Good morning, %(name)s."), {"name": name}) if name else Text(N_("Good morning."))
    listed = joined(parts)
    if place:
        today = Text(N_("%(place)s today: %(counts)s."), {"place": place, "counts": listed})
    else:
        today = Text(N_("Today: %(counts)s."), {"counts": listed})
    return SendMessage(
        (Text("%(hello)s %(today)s", {"hello": hello, "today": today}),), links=_links(counts, afternoon)
    )


def _part(kind: str, count: int) -> Text:
    one, many = COUNTS[kind]
    return Text(one, {"count": count}, many)


def joined(parts: Sequence[Text]) -> Text:
    """Parts with commas between them."""
    first, *rest = parts
    return Text("%(first)s, %(rest)s", {"first": first, "rest": joined(rest)}) if rest else first


def _links(counts: Mapping[str, int], afternoon: int) -> tuple[Link, ...]:
    urgent = next((kind for kind in ("overdue", "due") if counts.get(kind)), "")
    first = (Link(f"desk.{urgent}", Text(N_("What is urgent"))),) if urgent else ()
    calls = (Link("desk.ends", Text(N_("Whom to telephone"))),) if counts.get("ends") else ()
    put_off = Link(f"postpone.{afternoon}", Text(N_("Put off to %(time)s"), {"time": clock_time(afternoon)}))
    return (*first, *calls, Link("desk", Text(N_("Everything")), "/desk"), put_off)


def afternoon_of(sessions: Sessions) -> int:
    """The minute at which the office opens again after lunch; the usual one where it does not close."""
    return sessions[1][0] if len(sessions) > 1 else AFTERNOON


def given_name(name: str) -> str:
    """The name by which a Vietnamese person is called: the last word."""
    return name.split()[-1] if name.split() else ""


# ---------------------------------------------------------------- putting it off


def _minute(answers: Answers) -> int:
    """What the button carries; anything else in it means the usual afternoon."""
    typed = answers["subject"]
    return int(typed) if typed.isascii() and typed.isdigit() and int(typed) < 24 * 60 else AFTERNOON


def ahead(answers: Answers, facts: Facts) -> bool:
    return facts.now < at_minute(facts.today, _minute(answers))


def put_off(answers: Answers, facts: Facts) -> Effects:
    return (PostponeDigest(at_minute(facts.today, _minute(answers))),) if ahead(answers, facts) else ()


def when_again(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Nothing is put off into the past: an old button pressed in the evening says so."""
    time: dict[str, Value] = {"time": clock_time(_minute(answers))}
    if ahead(answers, facts):
        return (Text(N_("I shall send it again at %(time)s."), time),)
    return (Text(N_("It is past %(time)s already. The next overview comes on the next working day at 7:00."), time),)


POSTPONE = Dialog(
    "postpone",
    allowed=is_officer,
    linked=True,
    followed=put_off,
    steps=(
        Ask(
            "then",
            when_again,
            one_of(
                (
                    Option("desk", Text(N_("Look at it now")), ("xem luôn", "now")),
                    Option("menu", Text(N_("Main menu")), ("menu",)),
                )
            ),
            goto={"desk": "desk", "menu": "menu"},
        ),
    ),
)
