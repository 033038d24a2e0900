"""Carries out what a dialog ordered: every effect becomes rows of the turn's own transaction, nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import select

from bot.desk import correspondence, decisions, staff
from bot.render import article_text, compose
from bot.turn import (
    Carried,
    Turned,
    alert_officers,
    composed_body,
    facts_of,
    fresh_case,
    outbox_row,
    own_case,
    visible_case,
)
from dialogs.answers import pages_of
from dialogs.model import (
    N_,
    CorrectAnswers,
    DecideCase,
    Effect,
    ForgetMe,
    Invite,
    KeepFile,
    KeepPaper,
    RecordConsent,
    RecordReminders,
    RemindAt,
    RevealPhone,
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
from dialogs.officer.alerts import alert_again, alert_new
from dialogs.producer.upload import papers_of
from dialogs.rules.lifecycle import Side, actions
from storage import cases, people
from storage.desk import shows_desk
from storage.models import cases as case_table
from storage.models import files, papers
from storage.records import HERE, upsert

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
    return replace(
        c, said=[*c.said], attachments=[*c.attachments], notices=[*c.notices], timers=[*c.timers], audit=[*c.audit]
    )


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
            await staff.set_hours(turn, text)
        case KeepFile():
            await _keep_file(turn, effect)
        case SubmitIdea(answers):
            await _submit_idea(turn, dict(answers))
        case CorrectAnswers(code, answers):
            await _correct(turn, code, dict(answers))
        case KeepPaper(code, paper, pages):
            case = await own_case(turn, code)
            await cases.keep_paper(connection, case, paper, [list(page) for page in pages], now)
            carried.changed = True
        case SendToCommune(code):
            await _send_to_commune(turn, code)
        case DecideCase():
            await decisions.decide(turn, effect)
        case RevealPhone(code):
            await decisions.reveal_phone(turn, code)
        case SendNote():
            await correspondence.note(turn, effect)
        case UseInvitation(token):
            await staff.use_invitation(turn, token)
        case Invite(role, territory):
            await staff.invite(turn, role, territory)
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
    case = await visible_case(turn, code)
    own = case.person_id == turn.conversation.person_id
    statement = select(papers).where(papers.c.case_id == case.id).order_by(papers.c.version)
    newest = {
        row.paper: row
        for row in await turn.connection.execute(statement)
        if (not paper or row.paper == paper) and (own or row.sent_at is not None)
    }
    here = await _here(turn, newest.values())
    names = {p.id: p.label.vi for p in papers_of(facts_of(turn, code))}
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


# ---------------------------------------------------------------- the producer's side


async def _submit_idea(turn: Turned, answers: dict[str, str]) -> None:
    conversation = turn.conversation
    code = await cases.submit_idea(turn.connection, conversation, answers, turn.now, turn.world.days_off)
    conversation.case_count += 1
    turn.carried.changed = True
    await alert_officers(turn, code, alert_new)


async def _correct(turn: Turned, code: str, answers: dict[str, str]) -> None:
    """The case goes back to the commune when nothing is left of what was returned, else it stays returned."""
    case = await own_case(turn, code)
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
    await alert_officers(turn, code, lambda facts: alert_again(facts, "resubmit"))


async def _send_to_commune(turn: Turned, code: str) -> None:
    """Hand over what is kept: as the plan, as the answer to a return, or beside an idea still being looked at."""
    case = await own_case(turn, code)
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
    await alert_officers(turn, code, lambda facts: alert_again(facts, action))


async def _sent(turn: Turned, case: Any) -> set[str]:
    """Hand over what is kept and here; as items of a return ("paper:<id>")."""
    sent = await cases.send_papers(turn.connection, case, turn.now)
    here = {paper.id for paper in (await fresh_case(turn, case.code)).papers} if sent else set()
    return {f"paper:{paper}" for paper in sent & here}


# ---------------------------------------------------------------- forgetting


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
