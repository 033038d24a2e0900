"""Words, photos and voice notes between a producer and the officers, through the bot: neither sees the other's number.

A note is about a case (its code), answers a question about none ("n<note>"), or is for somebody with a form begun
("p<person>"); "" is a producer's question about none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.turn import (
    ALERT_WORDS_CHARS,
    About,
    Turned,
    awake_at,
    named_specs,
    new_alert,
    notice,
    open_my_file,
    prospect,
    seen_case,
    visible_case,
)
from dialogs import places
from dialogs.messages import answer_link, note_texts, with_it
from dialogs.model import N_, SendMessage, SendNote, Text
from dialogs.officer.alerts import about_no_case, alert_note
from dialogs.producer.place import place_name
from dialogs.rules.lifecycle import AUTHORITIES, Side
from storage import cases, people, requests
from storage import correspondence as letters
from storage.people import Chat
from storage.records import VIETNAM

OUT_OF_REACH = Text(N_("Nobody there has written to me yet, so I can't pass this on. Please call instead."))
READ_LATER = N_("The office is closed now: the officer reads it on %(day)s.")
SETTLED = Text(N_("All right: that question is off your list."))
PASSED_ON = Text(N_("Sent to the producer."))


@dataclass(frozen=True, slots=True)
class Letter:
    """What is passed on: words, cut so that they fit every channel, and files by id (True: listened to)."""

    words: str
    files: Mapping[str, bool]

    @property
    def voices(self) -> int:
        return sum(self.files.values())

    @property
    def photos(self) -> int:
        return len(self.files) - self.voices

    @property
    def specs(self) -> list[dict[str, Any]]:
        return named_specs(self.files)


async def note(turn: Turned, effect: SendNote) -> None:
    letter = await _letter(turn, effect)
    if effect.code[:1] in ("n", "p") and effect.code[1:].isdigit():
        await _to_person(turn, effect, letter)
    elif effect.to_officers:
        await _to_officers(turn, effect, letter)
    else:
        await _to_producer(turn, effect, letter)


async def _letter(turn: Turned, effect: SendNote) -> Letter:
    files = await letters.own_files(turn.connection, turn.conversation.person_id, effect.files)
    if not effect.text and not files:
        raise cases.NotPossible("nothing to pass on")
    return Letter(effect.text[:ALERT_WORDS_CHARS], files)


async def _kept(turn: Turned, effect: SendNote, letter: Letter, case_id: int | None, commune: str) -> int:
    """The note's id; a note on a case may be looked at with it from now on."""
    me, ids = turn.conversation.person_id, list(letter.files)
    note_id = await letters.add_note(
        turn.connection, me, case_id, commune, effect.text, effect.to_officers, turn.now, ids
    )
    turn.record("note", effect.code if case_id is not None else "", note=note_id, files=len(ids))
    turn.carried.changed = True
    return note_id


async def _to_officers(turn: Turned, effect: SendNote, letter: Letter) -> None:
    """To those who answer for the commune, or have the case now, and to the officer who wrote last about it."""
    person = turn.conversation.person
    case = await visible_case(turn, effect.code) if effect.code else None
    commune = case.commune if case is not None else person.commune
    note_id = await _kept(turn, effect, letter, case.id if case is not None else None, commune)
    alert = alert_note(
        effect.code or f"n{note_id}", person.name or person.producer_name, place_name(commune), letter.words
    )
    alert = replace(alert, texts=(*alert.texts, *with_it(letter.photos, letter.voices)))
    if effect.request:
        asked = (note_id, commune)
        answer_on = await requests.for_officers(
            turn.connection, turn.conversation.person_id, effect.request, asked, turn.now, turn.world.days_off
        )
        about_data = Text(N_("This is about personal data: please answer by %(day)s."), {"day": answer_on})
        alert = replace(alert, texts=(*alert.texts, about_data))
    due_at = await awake_at(turn, places.territory(commune))
    if due_at > turn.now:
        turn.carried.said.append(SendMessage((Text(READ_LATER, {"day": due_at.astimezone(VIETNAM).date()}),)))
    about = About(effect.code, places.territory(commune), new_alert())
    for chat in await people.chats_of(turn.connection, await _readers(turn, case, commune), or_closed=True):
        _tell(turn, chat, alert, letter, about, due_at)


async def _readers(turn: Turned, case: Any, commune: str) -> list[int]:
    territory, me = places.territory(commune), turn.conversation.person_id
    side = Side(case.owner) if case is not None and case.owner in AUTHORITIES else None
    officers = await people.officers_of(turn.connection, territory, me, side, turn.facts.today)
    last = await letters.last_writer(turn.connection, case.id) if case is not None else 0
    if last and last not in (me, *officers) and await letters.answers_for(turn.connection, last, territory):
        officers = [*officers, last]
    return officers


async def _to_producer(turn: Turned, effect: SendNote, letter: Letter) -> None:
    case = await visible_case(turn, effect.code)
    chat = await people.chat_of(turn.connection, case.person_id)
    if chat is None:
        turn.carried.said.append(SendMessage((OUT_OF_REACH,)))
        return
    await _kept(turn, effect, letter, case.id, case.commune)
    texts = note_texts(effect.code, letter.words, letter.photos, letter.voices)
    links = (answer_link(effect.code), open_my_file(effect.code))
    _tell(turn, chat, SendMessage(texts, links=links), letter, About(effect.code))
    turn.carried.said.append(prospect(turn, chat, effect.code).passed_on(PASSED_ON))


async def _to_person(turn: Turned, effect: SendNote, letter: Letter) -> None:
    """An officer's words where there is no case; only from who answers for the commune they go to."""
    members = turn.conversation.person.memberships
    to = await letters.person_behind(turn.connection, effect.code, members)
    if to is None or effect.to_officers:
        raise cases.NotPossible(effect.code)
    chat = await people.chat_of(turn.connection, to.person_id)
    if chat is None:
        turn.carried.said.append(SendMessage((OUT_OF_REACH,)))
        return
    await _kept(turn, effect, letter, None, to.commune)
    if about_no_case(effect.code):
        await letters.settle(turn.connection, effect.code, turn.now)
    said = SendMessage(
        note_texts(effect.code, letter.words, letter.photos, letter.voices), links=(answer_link(effect.code),)
    )
    _tell(turn, chat, said, letter, About())
    turn.carried.said.append(prospect(turn, chat).passed_on(PASSED_ON))


async def settle(turn: Turned, key: str) -> None:
    """Only by who could answer it."""
    if await letters.person_behind(turn.connection, key, turn.conversation.person.memberships) is None:
        raise cases.NotPossible(key)
    await letters.settle(turn.connection, key, turn.now)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((SETTLED,)))


def _tell(
    turn: Turned, chat: Chat, said: SendMessage, letter: Letter, about: About, due_at: datetime | None = None
) -> None:
    """A notice with the files; a messenger that carries none gets links to them when it goes out (bot.links)."""
    row = notice(turn.world, chat, [said], due_at or turn.now, about, letter.specs)
    turn.carried.notices.append(row)


async def send_files(turn: Turned, code: str) -> None:
    """The photos and voice notes of the last notes on a case, for who may see it."""
    case = await seen_case(turn, code)
    if case.person_id != turn.conversation.person_id:
        turn.record("see_notes", code)
    rows = await letters.last_notes(turn.connection, code)
    voices = await letters.voices_of(turn.connection, rows)
    files = {file_id: file_id in voices for row in rows for file_id in row.files}
    turn.carried.attachments += Letter("", files).specs
