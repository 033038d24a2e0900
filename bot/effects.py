"""Carries out what a dialog ordered: every effect becomes rows of the turn's own transaction, nothing else."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Update
from bot.render import article_text, compose
from bot.world import World
from dialogs import places
from dialogs.answers import pages_of
from dialogs.answers import phone as phone_reader
from dialogs.model import (
    N_,
    CaseFacts,
    CorrectAnswers,
    DecideCase,
    Effect,
    Facts,
    ForgetMe,
    Invite,
    KeepFile,
    KeepPaper,
    Link,
    RecordConsent,
    RecordReminders,
    RemindAt,
    ReturnedItem,
    RevealPhone,
    Role,
    SendArticle,
    SendMessage,
    SendNote,
    SendPages,
    SendPapers,
    SendToCommune,
    SetHours,
    SetLocale,
    SetPlace,
    StartTimer,
    State,
    SubmitIdea,
    Text,
    UseInvitation,
)
from dialogs.officer.desk import accepted_notice, alert_again, alert_new, alert_note, deferred_notice
from dialogs.producer.check_status import ACTION_WORDS, returned_notice
from dialogs.producer.place import place_name
from dialogs.producer.upload import papers_of, plan_is_here
from dialogs.rules.lifecycle import Side, actions
from storage import cases, people
from storage.models import cases as case_table
from storage.models import files, notes, papers
from storage.records import HERE, Conversation, case_named, covers, shows_desk, upsert

ALERT_WORDS_CHARS = 1500
"""A note is quoted in an alert up to here, so that the alert fits every channel."""


@dataclass(slots=True)
class Carried:
    """What came of a turn's effects: words and files for this person, messages of their own, timers.

    `notices` are for others, or go out to this person before the words.
    `changed` asks for the facts to be read again before the next question is put.
    """

    said: list[SendMessage | str] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    changed: bool = False


@dataclass(slots=True)
class Turned:
    """One conversation in the middle of its turn."""

    connection: AsyncConnection
    conversation: Conversation
    update: Update
    facts: Facts
    world: World
    now: datetime
    carried: Carried = field(default_factory=Carried)
    quiet: bool = False

    @property
    def actor(self) -> cases.Actor:
        return cases.Actor(self.conversation.person_id, self.conversation.channel)


SENT = Text(N_("✅ Sent to the commune."))
NOTHING_NEW = Text(N_("What the commune asked to change is still the same, so I have sent nothing."))
TOO_LATE = Text(N_("This case has moved on meanwhile, so nothing was changed. Here is how it stands."))


WORDS_ONLY = (SendMessage, SendArticle, SendPages, StartTimer, RemindAt)
"""Effects that write nothing at once, so that there is nothing to undo."""


async def carry_out(turn: Turned, effects: Iterable[Effect]) -> None:
    """Each effect as a whole or not at all. The officer's desk is read only for a question that shows it."""
    for effect in effects:
        if isinstance(effect, WORDS_ONLY):
            await _carry_out(turn, effect)
        else:
            await _whole(turn, effect)
    if shows_desk(turn.conversation):
        turn.carried.changed = True


async def _whole(turn: Turned, effect: Effect) -> None:
    before = _copy(turn.carried)
    try:
        async with turn.connection.begin_nested():
            await _carry_out(turn, effect)
    except cases.NotPossible:
        turn.carried = before
        turn.carried.changed = True
        turn.carried.said.append(SendMessage((TOO_LATE,)))


def _copy(c: Carried) -> Carried:
    return replace(c, said=[*c.said], attachments=[*c.attachments], notices=[*c.notices], timers=[*c.timers])


async def _carry_out(turn: Turned, effect: Effect) -> None:
    connection, conversation, carried, now = turn.connection, turn.conversation, turn.carried, turn.now
    match effect:
        case SendMessage():
            carried.said.append(effect)
        case SendArticle(article_id):
            carried.said.append(_article(turn, article_id))
        case SendPages(pages):
            carried.attachments.append({"pages": [list(page) for page in pages], "name": "xem-thu.pdf"})
        case SendPapers(code, paper):
            _hand_out(turn, await _papers(turn, code, paper))
        case StartTimer(kind, subject, after_s):
            due = now + timedelta(seconds=after_s)
            carried.timers.append(_timer(turn, kind, subject, conversation.state.turn, due))
        case RemindAt(subject, due_at):
            touched = conversation.state.drafts.get(subject)
            carried.timers.append(_timer(turn, "reminder", subject, touched.turn if touched else 0, due_at))
        case RecordConsent(given, version):
            carried.changed = True
            await people.record_consent(connection, conversation, "dossier", given, version, now)
            conversation.person = replace(conversation.person, consent="yes" if given else "no")
        case RecordReminders(wanted, version):
            carried.changed = True
            await people.record_consent(connection, conversation, "reminders", wanted, version, now)
            conversation.person = replace(conversation.person, reminders=wanted)
        case SetLocale(locale):
            carried.changed = True
            await people.set_locale(connection, conversation.id, locale)
            conversation.locale = locale
            conversation.person = replace(conversation.person, locale=locale)
        case SetPlace(commune):
            carried.changed = True
            await people.set_person(connection, conversation.person_id, commune=commune)
            conversation.person = replace(conversation.person, commune=commune)
        case SetHours(text):
            await _set_hours(turn, text)
        case KeepFile():
            await _keep_file(turn, effect)
        case SubmitIdea(answers):
            await _submit_idea(turn, dict(answers))
        case CorrectAnswers(code, answers):
            await _correct(turn, code, dict(answers))
        case KeepPaper(code, paper, pages):
            case = await _own(turn, code)
            await cases.keep_paper(connection, case, paper, [list(page) for page in pages], now)
            carried.changed = True
        case SendToCommune(code):
            await _send_to_commune(turn, code)
        case DecideCase():
            await _decide(turn, effect)
        case RevealPhone(code):
            await _reveal_phone(turn, code)
        case SendNote():
            await _note(turn, effect)
        case UseInvitation(token):
            await _use_invitation(turn, token)
        case Invite(role, territory):
            await _invite(turn, role, territory)
        case ForgetMe():
            await _forget(turn)
        case _:
            assert_never(effect)


def _timer(turn: Turned, kind: str, subject: str, of_turn: int, due: datetime) -> dict[str, Any]:
    return {
        "conversation_id": turn.conversation.id,
        "kind": kind,
        "subject": subject,
        "turn": of_turn,
        "due_at": due,
    }


def _article(turn: Turned, article_id: str) -> str:
    catalog = turn.world.catalog(turn.conversation.locale)
    return article_text(turn.world.listener.handbook, article_id, catalog)


# ---------------------------------------------------------------- files


async def _keep_file(turn: Turned, effect: KeepFile) -> None:
    file = effect.file
    row = {
        "id": file.id,
        "person_id": turn.conversation.person_id,
        "conversation_id": turn.conversation.id,
        "channel": turn.conversation.channel,
        "source": turn.update.source,
        "name": file.name[:80],
        "size_bytes": file.size_bytes,
        "due_at": turn.now,
        "received_at": turn.now,
    }
    await turn.connection.execute(upsert(turn.connection, files).on_conflict_do_nothing(), row)


async def _papers(turn: Turned, code: str, paper: str) -> list[dict[str, Any]]:
    """The newest sent version of each paper (own ones also unsent), as attachments to be made when delivered."""
    case = await _visible(turn, code)
    own = case.person_id == turn.conversation.person_id
    statement = select(papers).where(papers.c.case_id == case.id).order_by(papers.c.version)
    newest = {
        row.paper: row
        for row in await turn.connection.execute(statement)
        if (not paper or row.paper == paper) and (own or row.sent_at is not None)
    }
    here = await _here(turn, newest.values())
    names = {p.id: p.label.vi for p in papers_of(_facts_of(turn, code))}
    return [
        {"pages": row.pages, "name": f"{code} {names.get(i, 'Ảnh sản phẩm')}.pdf"}
        for i, row in newest.items()
        if any(page[0] in here for page in row.pages)
    ]


async def _here(turn: Turned, kept: Iterable[Any]) -> set[str]:
    """Of the files of these papers those that were not refused or lost."""
    ids = {page[0] for row in kept for page in row.pages}
    statement = select(files.c.id).where(files.c.id.in_(ids), files.c.status.in_(HERE))
    return set((await turn.connection.execute(statement)).scalars())


def _hand_out(turn: Turned, specs: Sequence[dict[str, Any]]) -> None:
    """One paper goes with the words; of several each is a message of its own, lest all are in memory at once."""
    carried = turn.carried
    if len(specs) <= 1:
        carried.attachments.extend(specs)
        return
    world, conversation = turn.world, turn.conversation
    head = compose(carried.said, world.catalog(conversation.locale), world.can(conversation.channel))
    carried.said.clear()
    for n, spec in enumerate(specs):
        body = composed_body(head, [spec]) if n == 0 and head.text else {"text": _title(spec), "attachments": [spec]}
        carried.notices.append(outbox_row(conversation.id, "reply", body, turn.now))


def _title(spec: Mapping[str, Any]) -> str:
    return str(spec["name"]).removesuffix(".pdf")


def _facts_of(turn: Turned, code: str) -> CaseFacts:
    case = turn.facts.case(code)
    if case is None:
        raise cases.NotPossible(code)
    return case


# ---------------------------------------------------------------- the producer's side


async def _own(turn: Turned, code: str) -> Any:
    case = await cases.locked(turn.connection, code)
    if case is None or case.person_id != turn.conversation.person_id:
        raise cases.NotPossible(code)
    return case


async def _visible(turn: Turned, code: str) -> Any:
    """The row of a case that the turn's facts let this person see."""
    _facts_of(turn, code)
    case = await cases.locked(turn.connection, code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def _submit_idea(turn: Turned, answers: dict[str, str]) -> None:
    conversation = turn.conversation
    code = await cases.submit_idea(turn.connection, conversation, answers, turn.now, turn.world.days_off)
    conversation.case_count += 1
    turn.carried.changed = True
    await _alert(turn, code, alert_new)


async def _correct(turn: Turned, code: str, answers: dict[str, str]) -> None:
    """The case goes back to the commune when nothing is left of what was returned, else it stays returned."""
    case = await _own(turn, code)
    if (photos := answers.get("photos", "")) and photos != case.answers.get("photos", ""):
        pages = [list(page) for page in pages_of(photos)]
        await cases.keep_paper(turn.connection, case, cases.PRODUCT_PHOTOS, pages, turn.now)
    sent = await _sent(turn, case)
    turn.carried.changed = True
    changed = {name for name in {*answers, *case.answers} if answers.get(name, "") != case.answers.get(name, "")}
    answered = {*(f"answer:{name}" for name in changed), *sent}
    if await cases.answer_returns(turn.connection, case, answered, turn.now):
        await cases.move(turn.connection, case, turn.actor, "resubmit", turn.now, turn.world.days_off, answers=answers)
    elif changed or sent:
        await cases.correct(turn.connection, case, turn.actor, answers, turn.now)
    else:
        turn.carried.said.append(SendMessage((NOTHING_NEW,)))
        return
    turn.carried.said.append(SendMessage((SENT,)))
    await _alert(turn, code, lambda facts: alert_again(facts, "resubmit"))


async def _send_to_commune(turn: Turned, code: str) -> None:
    """Hand over what is kept: as the plan, as the answer to a return, or beside an idea still being looked at."""
    case = await _own(turn, code)
    sent = await _sent(turn, case)
    if not sent:
        raise cases.NotPossible(code)
    action = next((a for a in ("send_plan", "resubmit") if a in actions(case.status, Side.PRODUCER)), "add_papers")
    if not await cases.answer_returns(turn.connection, case, sent, turn.now):
        action = "add_papers"  # something else that was returned is still asked of the producer
    if action == "add_papers":
        await cases.note_event(turn.connection, case, turn.actor, action, turn.now)
    else:
        await cases.move(turn.connection, case, turn.actor, action, turn.now, turn.world.days_off)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((SENT,)))
    await _alert(turn, code, lambda facts: alert_again(facts, action))


async def _sent(turn: Turned, case: Any) -> set[str]:
    """Hand over what is kept and here; as items of a return ("paper:<id>")."""
    sent = await cases.send_papers(turn.connection, case, turn.now)
    here = {paper.id for paper in (await _fresh(turn, case.code)).papers} if sent else set()
    return {f"paper:{paper}" for paper in sent & here}


async def _fresh(turn: Turned, code: str) -> CaseFacts:
    """A case as the effects so far left it, seen without anybody's eyes."""
    case = await case_named(turn.connection, code, turn.now, turn.world.days_off)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def _alert(turn: Turned, code: str, words: Any, producer: int = 0) -> None:
    """To every officer who answers for the case's commune, over the chat each used last.

    `producer` 0: it is the person of this turn.
    """
    case = await _fresh(turn, code)
    me = turn.conversation.person_id
    officers = await people.officers_of(turn.connection, places.territory(case.commune), producer or me)
    for chat in await people.chats_of(turn.connection, [o for o in officers if o != me]):
        turn.carried.notices.append(_notice(turn, chat, [words(case)]))


def _notice(turn: Turned, chat: Any, said: Sequence[SendMessage | str]) -> dict[str, Any]:
    return notice(turn.world, chat, said, turn.now)


def notice(world: World, chat: Any, said: Sequence[SendMessage | str], now: datetime) -> dict[str, Any]:
    """An outbox row for a chat as people.chats_of gives it, in its language."""
    composed = compose(said, world.catalog(chat.locale), world.can(chat.channel))
    return outbox_row(chat.id, "notice", composed_body(composed, []), now)


def open_my_file(code: str) -> Link:
    return Link(f"case.{code}", Text(N_("Open my file")), code)


def composed_body(composed: Any, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as the outbox keeps it; `attachments` say how to make the files when it goes out."""
    body: dict[str, Any] = {"text": composed.text}
    if composed.buttons:
        body["buttons"] = [[button.data, button.label] for button in composed.buttons]
    for name in ("ask_contact", "ask_location"):
        if value := getattr(composed, name):
            body[name] = value
    if attachments:
        body["attachments"] = attachments
    return body


def outbox_row(conversation_id: int, kind: str, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "kind": kind, "body": body, "due_at": now, "created_at": now}


# ---------------------------------------------------------------- the officer's side


async def _decide(turn: Turned, effect: DecideCase) -> None:
    before = _facts_of(turn, effect.code)
    case = await _visible(turn, effect.code)
    if case.person_id == turn.conversation.person_id or not turn.conversation.person.memberships:
        raise cases.NotPossible(effect.code)
    if case.status != before.status:  # "accept" was said to the idea, and meanwhile the plan is here
        raise cases.NotPossible(effect.code)
    status = await cases.move(
        turn.connection,
        case,
        turn.actor,
        effect.action,
        turn.now,
        turn.world.days_off,
        effect.item,
        effect.reason,
    )
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((_decided(before, effect),)))
    await _tell_producer(turn, case.person_id, _decision_words(before, effect, turn.facts), effect.code)
    if status == "idea_accepted":
        await _plan_is_here_already(turn, effect.code)


def _decided(case: CaseFacts, effect: DecideCase) -> Text:
    return Text(
        N_("%(code)s “%(product)s”: %(action)s. The producer has been told."),
        {"code": case.code, "product": case.product, "action": Text(ACTION_WORDS[effect.action])},
    )


def _decision_words(case: CaseFacts, effect: DecideCase, facts: Facts) -> tuple[Text, ...]:
    if effect.action == "accept":
        return accepted_notice(case)
    if effect.action == "defer":
        return deferred_notice(case, effect.reason)
    return returned_notice(case, ReturnedItem(effect.item, effect.reason, facts.today))


async def _tell_producer(turn: Turned, person_id: int, texts: tuple[Text, ...], code: str) -> None:
    for chat in await people.chats_of(turn.connection, [person_id]):
        turn.carried.notices.append(_notice(turn, chat, [SendMessage(texts, links=(open_my_file(code),))]))


async def _plan_is_here_already(turn: Turned, code: str) -> None:
    """Papers handed in with the idea are the plan, if none is missing: no need to send them twice."""
    if not plan_is_here(await _fresh(turn, code)):
        return
    row = await cases.locked(turn.connection, code)
    producer = cases.Actor(row.person_id, "")
    await cases.move(turn.connection, row, producer, "send_plan", turn.now, turn.world.days_off)
    await _alert(turn, code, lambda case: alert_again(case, "send_plan"), row.person_id)


async def _reveal_phone(turn: Turned, code: str) -> None:
    case = await _visible(turn, code)
    if not turn.conversation.person.memberships:
        raise cases.NotPossible(code)
    await cases.note_event(turn.connection, case, turn.actor, "view_phone", turn.now)
    number = case.answers.get("phone", "")
    shown = phone_reader().show(number, {}, turn.facts) if number else ""
    words = Text(
        N_("%(name)s: %(number)s (I have noted that you looked)"),
        {"name": case.answers.get("contact_name", ""), "number": str(shown)},
    )
    turn.carried.said.append(SendMessage((words,)))


async def _set_hours(turn: Turned, text: str) -> None:
    for member in turn.conversation.person.memberships:
        if member.role is Role.COMMUNE_OFFICER:
            await people.set_hours(turn.connection, member.territory, text)
    turn.carried.changed = True


async def _use_invitation(turn: Turned, token: str) -> None:
    member = await people.use_invitation(turn.connection, token, turn.conversation.person_id, turn.now)
    turn.carried.changed = True
    if member is not None:
        person = turn.conversation.person
        turn.conversation.person = replace(person, memberships=(*person.memberships, member))


async def _invite(turn: Turned, role: Role, territory: str) -> None:
    """The dialog offered only what this person may invite; the links open in each channel that is on."""
    may = any(
        m.role is Role.ADMINISTRATOR or (m.role is Role.PROVINCE_OFFICER and territory.startswith(f"{m.territory}/"))
        for m in turn.conversation.person.memberships
    )
    if not may:
        turn.carried.said.append(SendMessage((Text(N_("You can invite officers only within your own province.")),)))
        return
    token = await people.invite(turn.connection, role, territory, turn.now)
    links = "\n".join(turn.world.bot_link(f"i-{token}"))
    turn.carried.said.append(
        SendMessage((Text(N_("Send this to the new officer:")), Text("%(links)s", {"links": links})))
    )


# ---------------------------------------------------------------- notes and forgetting


async def _note(turn: Turned, effect: SendNote) -> None:
    person = turn.conversation.person
    if asked := re.fullmatch(r"n(\d{1,9})", effect.code):
        await _answer_note(turn, int(asked[1]), effect.text)
        return
    case = await _visible(turn, effect.code) if effect.code else None
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
            turn.carried.notices.append(_notice(turn, chat, [alert]))
    elif case is not None:
        texts = (Text(N_("The officer writes about %(code)s: “%(words)s”"), {"code": effect.code, "words": words}),)
        await _tell_producer(turn, case.person_id, texts, effect.code)


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
        turn.carried.notices.append(_notice(turn, chat, [said]))
    turn.carried.said.append(SendMessage((Text(N_("Sent to the producer.")),)))


async def _forget(turn: Turned) -> None:
    conversation = turn.conversation
    statement = select(papers.c.pages).join(case_table).where(case_table.c.person_id == conversation.person_id)
    kept = {page[0] for pages in (await turn.connection.execute(statement)).scalars() for page in pages}
    await people.forget(turn.connection, conversation, kept)
    conversation.person = replace(
        conversation.person, name="", phone="", producer_kind="", producer_name="", commune="", consent=""
    )
    conversation.state = State(at="menu/", turn=conversation.state.turn)
    turn.carried.timers.clear()
    turn.carried.changed = True
