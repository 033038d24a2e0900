"""Replies and reminders as outbox rows; with a reply comes what waited for its person to write.

On a channel with a window a message that nobody asked for can't go out once the person has been silent for too long.
Their next word opens the window; then all of it comes with the answer, oldest first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.channels.base import link_data
from bot.render import Composed, compose
from bot.turn import Turned, climbing, composed_body, outbox_row, words_of
from dialogs.engine import VERBATIM
from dialogs.model import N_, CommandReceived, Link, SendMessage, Text
from dialogs.officer.check import CHECK
from dialogs.producer.reach import channel_words
from storage.notices import Held
from storage.people import Chat

_LINK = link_data("")


def with_held(turn: Turned, held: Sequence[Held]) -> list[dict[str, Any]]:
    """The reply of a turn as outbox rows, with all that waited; several where it is too long for one message.

    What could be pressed or typed under it stands once more at the end, behind what the reply itself asks.
    """
    said, carried = turn.carried.said, turn.carried
    if not held:
        fleeting = {"fleeting": True} if only_follows(turn) else {}
        return [_row(turn, composed_body(_reply(turn, said), carried.attachments) | fleeting)]
    links = () if _at_work(said) else tuple(links_of(message.body for message in held))
    further = SendMessage((), links=links)
    words = [_words(message.body) for message in held]
    whole = _composed(turn, [SendMessage((_head(len(held)),)), *words, further, *said])
    if len(whole.text) <= _most(turn):
        turn.conversation.listed = whole.listed
        files = [spec for message in held for spec in message.body.get("attachments", ())]
        return [_row(turn, composed_body(whole, [*files, *carried.attachments]), held)]
    rows = [_row(turn, body, part) for body, part in _parts(turn, held, words)]
    reply = composed_body(_reply(turn, [further, *said]), carried.attachments)
    return [*rows, _row(turn, reply)] if reply["text"] or carried.attachments else rows


def only_follows(turn: Turned) -> bool:
    """Whether somebody has found us on a channel with a window, and written nothing yet: that opens none.

    Their greeting goes out if the platform lets it, and is no news that could wait: the first word is greeted again.
    """
    return isinstance(turn.update.event, CommandReceived) and turn.world.can(turn.update.channel).window is not None


def reminder(turn: Turned, ladder: Chat | None) -> dict[str, Any]:
    """What a timer reminds of, as a notice. It stands in its own chat: elsewhere are its words, and where to go on."""
    me, world, said = turn.conversation, turn.world, turn.carried.said
    own = Chat(me.id, me.person_id, me.channel, me.chat_id, me.locale)
    others = [c for c in (ladder, *ladder.others) if c.id != me.id and c.channel in world.channels] if ladder else []
    there = SendMessage(
        (Text(N_("To go on, please open our chat on %(channel)s."), {"channel": channel_words(me.channel)}),)
    )
    elsewhere = [*words_of(said), there]
    bodies = [composed_body(_reply(turn, said), turn.carried.attachments)]
    bodies += [composed_body(compose(elsewhere, world.catalog(c.locale), world.can(c.channel)), []) for c in others]
    return climbing(world, [own, *others], bodies, said, turn.now)


def _at_work(said: Sequence[SendMessage | str]) -> bool:
    """Whether an officer is in the middle of something: among its choices stands nothing that leads away from it.

    What waited says by which code it is opened.
    """
    asked = next((message for message in reversed(said) if isinstance(message, SendMessage)), SendMessage(()))
    return asked.desk and (asked.takes == VERBATIM or not asked.free or asked.at.startswith(f"{CHECK.name}."))


def _head(count: int) -> Text:
    return Text(
        N_("%(count)s message for you meanwhile:"), {"count": count}, N_("%(count)s messages for you meanwhile:")
    )


def _parts(turn: Turned, held: Sequence[Held], words: Sequence[str]) -> Iterator[tuple[dict[str, Any], list[Held]]]:
    """Messages that fit the channel, each with what it brings; what is too long by itself the channel cuts."""
    text, part = turn.world.catalog(turn.conversation.locale).say(_head(len(held))), list[Held]()
    for message, said in zip(held, words, strict=True):
        if part and len(text) + len(said) + 2 > _most(turn):
            yield _body(text, part), part
            text, part = said, [message]
        else:
            text, part = f"{text}\n\n{said}", [*part, message]
    yield _body(text, part), part


def _body(text: str, part: Sequence[Held]) -> dict[str, Any]:
    files = [spec for message in part for spec in message.body.get("attachments", ())]
    return {"text": text} | ({"attachments": files} if files else {})


def _most(turn: Turned) -> int:
    return turn.world.can(turn.update.channel).max_text_chars


def _composed(turn: Turned, said: Sequence[SendMessage | str]) -> Composed:
    return compose(said, turn.world.catalog(turn.conversation.locale), turn.world.can(turn.update.channel))


def _reply(turn: Turned, said: Sequence[SendMessage | str]) -> Composed:
    """Its list is the newest in the chat."""
    composed = _composed(turn, said)
    turn.conversation.listed = composed.listed
    return composed


def _row(turn: Turned, body: dict[str, Any], brings: Sequence[Held] = ()) -> dict[str, Any]:
    ids = [delivery_id for message in brings for delivery_id in message.delivery_ids]
    row = outbox_row(turn.conversation.id, "reply", body | ({"deliveries": ids} if ids else {}), turn.now)
    return row | {"created_at": turn.world.clock()}  # what came before this moment can't be meant for it (bot.twice)


# ---------------------------------------------------------------- a message as it waited


def _words(body: Mapping[str, Any]) -> str:
    """Its text without the choices, which are its last lines: their numbers are used again."""
    said = str(body["text"]).split("\n")
    return "\n".join(said[: len(said) - len(body.get("listed", ()))]).strip()


def links_of(bodies: Iterable[Mapping[str, Any]]) -> Iterator[Link]:
    """What led somewhere at any time; what answered a question is asked anew by the dialog that stands there."""
    found: dict[str, str] = {}
    for body in bodies:
        found |= {data: label for _, data, label in body.get("listed", ())}
        found |= dict(body.get("buttons", ()))
    for data, label in found.items():
        if data.startswith(_LINK):
            target = data.removeprefix(_LINK)
            yield Link(target, label, target.rpartition(".")[2])
