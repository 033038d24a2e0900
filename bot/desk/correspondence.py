"""Words between a producer and the officers, through the bot: neither sees the other's number."""

import re

from sqlalchemy import select

from bot.turn import ALERT_WORDS_CHARS, Turned, notice_to, tell_producer, visible_case
from dialogs import places
from dialogs.model import N_, Link, SendMessage, SendNote, Text
from dialogs.officer.alerts import alert_note
from dialogs.producer.place import place_name
from storage import cases, people
from storage.models import notes
from storage.records import covers


async def note(turn: Turned, effect: SendNote) -> None:
    person = turn.conversation.person
    if asked := re.fullmatch(r"n(\d{1,9})", effect.code):
        await _answer_note(turn, int(asked[1]), effect.text)
        return
    case = await visible_case(turn, effect.code) if effect.code else None
    commune = case.commune if case is not None else person.commune
    note_id = await people.add_note(
        turn.connection,
        turn.conversation.person_id,
        case.id if case is not None else None,
        commune,
        effect.text,
        effect.to_officers,
        turn.now,
    )
    words = effect.text[:ALERT_WORDS_CHARS]
    if effect.to_officers:
        officers = await people.officers_of(turn.connection, places.territory(commune), turn.conversation.person_id)
        by = person.name or person.producer_name
        alert = alert_note(effect.code or f"n{note_id}", by, place_name(commune), words)
        for chat in await people.chats_of(turn.connection, officers):
            turn.carried.notices.append(notice_to(turn, chat, [alert]))
    elif case is not None:
        texts = (Text(N_("The officer writes about %(code)s: “%(words)s”"), {"code": effect.code, "words": words}),)
        await tell_producer(turn, case.person_id, texts, effect.code)


async def _answer_note(turn: Turned, note_id: int, words: str) -> None:
    """An officer's answer to a question about no case; only from who answers for the commune it came from."""
    statement = select(notes.c.author_id, notes.c.commune).where(notes.c.id == note_id, notes.c.to_officers.is_(True))
    asked = (await turn.connection.execute(statement)).one_or_none()
    conversation = turn.conversation
    if asked is None or not covers(conversation.person.memberships, places.territory(asked.commune)):
        raise cases.NotPossible(f"note {note_id}")
    await people.add_note(turn.connection, conversation.person_id, None, asked.commune, words, False, turn.now)
    said = SendMessage(
        (Text(N_("The officer answers: “%(words)s”"), {"words": words[:ALERT_WORDS_CHARS]}),),
        links=(Link("ask_officer", Text(N_("Write to the officer")), "cán bộ"),),
    )
    for chat in await people.chats_of(turn.connection, [asked.author_id]):
        turn.carried.notices.append(notice_to(turn, chat, [said]))
    turn.carried.said.append(SendMessage((Text(N_("Sent to the producer.")),)))
