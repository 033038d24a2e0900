"""Carries out what a dialog ordered: every effect becomes rows of the turn's own transaction, nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import delete, select

from bot import own_score, reach, showing, standing
from bot.desk import (
    advice,
    assessing,
    assisted,
    correspondence,
    council,
    decisions,
    digest,
    documents,
    holding,
    import_orders,
    office,
    results,
    rounds,
    send_up,
    staff,
)
from bot.desk import findings as desk_findings
from bot.papers import safe_name
from bot.paperwork import orders
from bot.render import article_text
from bot.turn import (
    Carried,
    Refused,
    Turned,
    alert_officers,
    fresh_case,
    note_for,
    own_case,
    producer_of,
)
from dialogs.answers import pages_of
from dialogs.model import (
    N_,
    AgreeToJoin,
    AmendResult,
    AnswerJoin,
    AnswerQuestion,
    AskImport,
    AssessTopic,
    CastBallot,
    ClaimCertificates,
    CloseCouncil,
    ConfirmAssisted,
    ConfirmImport,
    CorrectAnswers,
    DecideCase,
    DecideStars,
    DeclareInterest,
    DropAddress,
    DropBegun,
    DropOwnPaper,
    DropPlan,
    DropRound,
    DropSeat,
    Effect,
    EndLeave,
    ExportAudit,
    ExportCases,
    FinishReading,
    ForgetMe,
    GiveAddress,
    GiveToRead,
    HandOver,
    Invite,
    InviteMember,
    KeepCondition,
    KeepFile,
    KeepOwnPaper,
    KeepPaper,
    KeepRemark,
    KeepSelfScore,
    KeepStory,
    LeaveJoin,
    LeaveOver,
    LookAtMarks,
    LookForCertificates,
    MakeCouncilPapers,
    MakeJoinCode,
    MakeReport,
    MarkItem,
    MoveStep,
    OpenCouncil,
    PassCase,
    PostponeDigest,
    PreviewReview,
    ProveAddress,
    PublishResult,
    ReadDossier,
    RecordConsent,
    RecordReminders,
    ReleaseCase,
    RemindAt,
    RemindMembers,
    RemoveOfficer,
    RemoveTemplate,
    RenewCode,
    RenewSeat,
    ResumeCase,
    RevealPhone,
    ScoreItem,
    SendArticle,
    SendForm,
    SendImportForm,
    SendMessage,
    SendMyData,
    SendNote,
    SendNoteFiles,
    SendPages,
    SendPapers,
    SendReport,
    SendReview,
    SendScore,
    SendToCommune,
    SendUpAll,
    SetDayOff,
    SetHours,
    SetLocale,
    SetName,
    SetPaperDate,
    SetPlace,
    SetRound,
    SetScoringDay,
    SetTemplate,
    SettleQuestion,
    SplitOff,
    StandAgain,
    StartTimer,
    State,
    SubmitAssisted,
    SubmitIdea,
    TableProduct,
    TakeCase,
    TakeLeave,
    TakePlan,
    TakeSeat,
    TellBetween,
    TellFirst,
    TellJoin,
    Text,
    TickStep,
    UndoDecision,
    UseInvitation,
    UseJoinCode,
    UseOwnPaper,
    Value,
)
from dialogs.officer.alerts import alert_again, alert_new
from dialogs.producer.consent import TEXT_VERSION
from dialogs.producer.upload import SENDING, papers_of
from dialogs.rules.lifecycle import Side, actions, waits_for_authority
from storage import cases, people, requests
from storage.assessments import shows_assessment
from storage.assisted import hand_files
from storage.calendar import shows_calendar
from storage.correspondence import kept_files, letter_key
from storage.council import shows_council
from storage.desk import shows_desk
from storage.dossiers import take_over
from storage.holding import shows_successors
from storage.models import cases as case_table
from storage.models import files, papers
from storage.own_papers import shows_own_papers
from storage.reach import shows_reach
from storage.ready import shows_ready
from storage.records import UNNAMED, VOICE, upsert
from storage.rounds import shows_rounds
from storage.self_scores import shows_self_score
from storage.staff import shows_staff
from storage.stories import forget_unsent, shows_story

SENT = Text(N_("✅ Sent to the commune."))
SENT_TO_PROVINCE = Text(N_("✅ Sent to the province."))
ONE_LEFT = N_("I have noted it. %(count)s thing is left; then it goes off by itself.")
NOTHING_NEW = Text(N_("What the commune asked to change is still the same, so I have sent nothing."))
TOO_LATE = Text(N_("This case has moved on meanwhile, so nothing was changed. Here is how it stands."))


_SHOWING = (
    *(shows_desk, shows_successors, shows_calendar, shows_staff, shows_reach, shows_own_papers),
    *(shows_self_score, shows_assessment, shows_ready, shows_rounds, shows_story, shows_council),
)
"""Whether a conversation stands where more is shown than the facts of any turn have."""
NEVER_REFUSED = (
    *(SendMessage, SendArticle, SendPages, SendScore, StartTimer, RemindAt),
    *(RecordConsent, RecordReminders, SetLocale, SetPlace),
)
"""Effects that nothing can stand in the way of, so that there is nothing to undo."""


async def carry_out(turn: Turned, effects: Iterable[Effect]) -> None:
    """Each effect as a whole or not at all. The officer's desk is read only for a question that shows it."""
    for effect in effects:
        if isinstance(effect, NEVER_REFUSED):
            await _carry_out(turn, effect)
        else:
            await _whole(turn, effect)
    await decisions.opened(turn)
    if letter_key(turn.conversation.state.key):
        turn.carried.changed = True
    shown = turn.conversation
    if any(shows(shown) for shows in _SHOWING):
        turn.carried.changed = True


async def _whole(turn: Turned, effect: Effect) -> None:
    before = _copy(turn.carried)
    try:
        async with turn.connection.begin_nested():
            await _carry_out(turn, effect)
            if isinstance(effect, DecideCase | SendReview | PublishResult):
                await decisions.undoable(turn, effect.code, len(before.notices))
    except cases.NotPossible as refused:
        turn.carried = before
        turn.carried.changed = True
        why = SendMessage(refused.texts if isinstance(refused, Refused) else (TOO_LATE,))
        if why not in turn.carried.said:  # of several effects for the same reason
            turn.carried.said.append(why)


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
        case SendPapers():
            await showing.hand_out(turn, effect)
        case SendScore(picture):
            carried.attachments.append(showing.score_spec(picture, turn.world.catalog(conversation.locale)))
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
            await staff.set_place(turn, commune)
        case SetHours():
            await office.set_hours(turn, effect)
        case SetDayOff():
            await office.set_day_off(turn, effect)
        case PostponeDigest(due_at):
            await digest.postpone(turn, due_at)
        case KeepSelfScore():
            await own_score.keep(turn, effect)
        case TakePlan():
            await own_score.take_plan(turn, effect)
        case DropPlan():
            await own_score.drop_plan(turn, effect)
        case TickStep():
            await own_score.tick_step(turn, effect)
        case MoveStep():
            await own_score.move_step(turn, effect)
        case KeepFile():
            await _keep_file(turn, effect)
        case SubmitIdea(answers):
            await _submit_idea(turn, dict(answers))
        case CorrectAnswers(code, answers):
            await _correct(turn, code, dict(answers))
        case KeepPaper(code, paper, pages):
            await _keep_paper(turn, await own_case(turn, code), paper, pages)
            carried.changed = True
        case KeepCondition():
            await orders.note_condition(turn, effect)
        case KeepStory():
            await orders.keep_story(turn, effect)
        case SendForm():
            await orders.send_form(turn, effect)
        case SendToCommune(code):
            await _send_to_commune(turn, code)
        case SubmitAssisted():
            await assisted.submit(turn, effect)
        case ConfirmAssisted():
            await assisted.confirm(turn, effect)
        case RenewCode():
            await assisted.renew(turn, effect)
        case DecideCase():
            if not await assisted.unconfirmed(turn, effect):
                await decisions.decide(turn, effect)
        case AssessTopic():
            await assessing.assess(turn, effect)
        case MakeReport():
            assessing.make_report(turn, effect)
        case SendUpAll():
            await send_up.send_up_all(turn, effect)
        case SetRound():
            await rounds.set_round(turn, effect)
        case DropRound():
            await rounds.drop_round(turn, effect)
        case OpenCouncil():
            await council.open_council(turn, effect)
        case SetScoringDay():
            await council.set_scoring_day(turn, effect)
        case TableProduct():
            await council.table_product(turn, effect)
        case GiveToRead():
            await advice.give(turn, effect)
        case KeepRemark():
            await advice.keep_remark(turn, effect)
        case FinishReading():
            await advice.finish(turn, effect)
        case InviteMember():
            await council.invite_member(turn, effect)
        case RenewSeat():
            await council.renew_seat(turn, effect)
        case DropSeat():
            await council.drop_seat(turn, effect)
        case RemindMembers():
            await council.remind(turn, effect)
        case LookAtMarks():
            await council.look_at_marks(turn, effect)
        case CloseCouncil():
            await council.close(turn, effect)
        case DecideStars():
            await council.decide_stars(turn, effect)
        case MakeCouncilPapers():
            await council.make_papers(turn, effect)
        case TakeSeat(token):
            await council.take_seat(turn, token)
        case DeclareInterest():
            await council.declare(turn, effect)
        case ScoreItem():
            await council.score_item(turn, effect)
        case CastBallot():
            await council.cast(turn, effect)
        case ReadDossier():
            await council.read_dossier(turn, effect)
        case MarkItem():
            await decisions.mark(turn, effect)
        case PreviewReview():
            await decisions.preview(turn, effect)
        case SendReview():
            await decisions.send_review(turn, effect)
        case AnswerQuestion():
            await decisions.answer(turn, effect)
        case UndoDecision():
            await decisions.take_back(turn, effect)
        case SetTemplate():
            await decisions.add_template(turn, effect)
        case RemoveTemplate():
            await decisions.remove_template(turn, effect)
        case PublishResult():
            await results.publish(turn, effect)
        case AmendResult():
            await results.amend(turn, effect)
        case StandAgain():
            await standing.stand_again(turn, effect)
        case DropBegun(code):
            await standing.drop_begun(turn, code)
        case ResumeCase():
            await standing.resume(turn, effect)
        case KeepOwnPaper():
            await standing.keep_paper(turn, effect)
        case DropOwnPaper():
            await standing.drop_paper(turn, effect)
        case UseOwnPaper():
            await standing.use_paper(turn, effect)
        case SetPaperDate():
            await desk_findings.note_date(turn, effect)
        case TakeCase():
            await holding.take(turn, effect)
        case ReleaseCase():
            await holding.release(turn, effect)
        case PassCase():
            await holding.pass_on(turn, effect)
        case LookForCertificates():
            turn.carried.changed = True
        case ClaimCertificates():
            await standing.claim(turn, effect)
        case SendImportForm():
            import_orders.send_form(turn)
        case AskImport():
            await import_orders.ask(turn, effect)
        case ConfirmImport(number):
            await import_orders.confirm(turn, number)
        case RevealPhone(code):
            await decisions.reveal_phone(turn, code)
        case SendNote():
            await correspondence.note(turn, effect)
        case SettleQuestion(key):
            await correspondence.settle(turn, key)
        case SendNoteFiles(code):
            await correspondence.send_files(turn, code)
        case UseInvitation(token):
            await staff.use_invitation(turn, token)
        case Invite(role, territory):
            await staff.invite(turn, role, territory)
        case SetName(name):
            await staff.set_name(turn, name)
        case TakeLeave():
            await staff.take_leave(turn, effect)
        case EndLeave():
            await staff.end_leave(turn)
        case LeaveOver():
            await staff.leave_over(turn)
        case HandOver():
            await staff.hand_over(turn, effect)
        case RemoveOfficer():
            await staff.remove(turn, effect)
        case ExportAudit():
            await documents.export_audit(turn, effect)
        case ExportCases():
            await documents.export_cases(turn, effect)
        case SendReport():
            await documents.send_report(turn, effect)
        case MakeJoinCode():
            await reach.make_code(turn)
        case UseJoinCode():
            await reach.use_code(turn, effect)
        case AgreeToJoin():
            await reach.agree(turn)
        case AnswerJoin():
            await reach.answer(turn, effect)
        case LeaveJoin():
            await reach.leave(turn)
        case TellJoin():
            await reach.tell(turn, effect)
        case SplitOff():
            await reach.split(turn)
        case TellFirst():
            await reach.tell_first(turn, effect)
        case TellBetween():
            await reach.tell_between(turn, effect)
        case GiveAddress():
            await reach.give_address(turn, effect)
        case ProveAddress():
            await reach.prove_address(turn, effect)
        case DropAddress():
            await reach.drop_address(turn)
        case SendMyData():
            await documents.send_own_data(turn)
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
        "name": safe_name(file.name),
        "size_bytes": file.size_bytes,
        "kind": VOICE if file.is_voice else UNNAMED if effect.unnamed else "",
        "due_at": turn.now,
        "received_at": turn.now,
    }
    await turn.connection.execute(upsert(turn.connection, files).on_conflict_do_nothing(), row)


# ---------------------------------------------------------------- the producer's side


async def _submit_idea(turn: Turned, answers: dict[str, str]) -> None:
    conversation = turn.conversation
    code = await cases.submit_idea(turn.connection, conversation, answers, turn.now, turn.world.days_off)
    conversation.case_count += 1
    turn.carried.changed = True
    await alert_officers(turn, code, alert_new)


async def _keep_paper(turn: Turned, case: Any, paper: str, pages: Sequence[tuple[str, int]]) -> None:
    """Pages that an officer sent for the producer become the producer's."""
    if not pages:
        await cases.drop_unsent(turn.connection, case.id, paper)
        return
    await hand_files(turn.connection, turn.conversation.person_id, case.person_id, [page[0] for page in pages])
    await cases.keep_paper(turn.connection, case, paper, [list(page) for page in pages], turn.now)
    await own_score.paper_kept(turn, case, paper)


async def _correct(turn: Turned, code: str, answers: dict[str, str]) -> None:
    """The case goes back to the commune when nothing is left of what was returned, else it stays returned.

    With the answers go their photos; papers that are kept wait until they are sent themselves.
    """
    case = await own_case(turn, code)
    if (photos := answers.get("photos", "")) and photos != case.answers.get("photos", ""):
        await _keep_paper(turn, case, cases.PRODUCT_PHOTOS, pages_of(photos))
    sent = await _sent(turn, case, photos=True)
    turn.carried.changed = True
    changed = {name for name in {*answers, *case.answers} if answers.get(name, "") != case.answers.get(name, "")}
    answered = {*(f"answer:{name}" for name in changed), *sent}
    actor = producer_of(turn, case)
    if await cases.answer_returns(turn.connection, case, answered, turn.now):
        await cases.move(turn.connection, case, actor, "resubmit", turn.now, turn.world.days_off, answers=answers)
    elif changed or sent:
        await cases.correct(turn.connection, case, actor, answers, turn.now)
    else:
        turn.carried.said.append(SendMessage((NOTHING_NEW,)))
        return
    await note_for(turn, case, "resubmit")
    await _sent_words(turn, case)
    await _alert_whose_turn_it_is(turn, case, "resubmit")


async def _send_to_commune(turn: Turned, code: str) -> None:
    """Hand over what is kept: as the plan or the dossier, as the answer to a return, or beside what is looked at."""
    case = await own_case(turn, code)
    sent = await _sent(turn, case, photos=False)
    if not sent:
        raise cases.NotPossible(code)
    action = next((a for a in SENDING if a in actions(case.status, Side.PRODUCER)), "add_papers")
    if not await cases.answer_returns(turn.connection, case, sent, turn.now):
        action = "add_papers"  # something else that was returned is still asked of the producer
    actor = producer_of(turn, case)
    if action == "add_papers":
        await cases.note_event(turn.connection, case, actor, action, turn.now)
    else:
        await cases.move(turn.connection, case, actor, action, turn.now, turn.world.days_off)
    await note_for(turn, case, action)
    if action == "send_dossier":
        wanted = {paper.id for paper in papers_of(await fresh_case(turn, code))}
        await take_over(turn.connection, case.id, wanted, turn.now)
    turn.carried.changed = True
    await _sent_words(turn, case)
    await _alert_whose_turn_it_is(turn, case, action)


async def _alert_whose_turn_it_is(turn: Turned, case: Any, action: str) -> None:
    """Officers hear of what they can act on: not while something that they returned is still to come."""
    if waits_for_authority((await fresh_case(turn, case.code)).status):
        await alert_officers(turn, case.code, lambda facts: alert_again(facts, action), case.person_id)


async def _sent_words(turn: Turned, case: Any) -> None:
    """Who has it now, or what is still to come before it goes; `case` as it was before it was sent."""
    words = SENT_TO_PROVINCE if case.status == "returned_by_province" else SENT
    now = await fresh_case(turn, case.code)
    if not waits_for_authority(now.status) and now.returned:
        values: dict[str, Value] = {"count": len(now.returned)}
        words = Text(ONE_LEFT, values, N_("I have noted it. %(count)s things are left; then it goes off by itself."))
    turn.carried.said.append(SendMessage((words,)))


async def _sent(turn: Turned, case: Any, *, photos: bool) -> set[str]:
    """Hand over what is kept and here; as items of a return ("paper:<id>")."""
    sent = await cases.send_papers(turn.connection, case, turn.now, photos=photos)
    here = {paper.id for paper in (await fresh_case(turn, case.code)).papers} if sent else set()
    return {f"paper:{paper}" for paper in sent & here}


# ---------------------------------------------------------------- forgetting


async def _forget(turn: Turned) -> None:
    """In all chats of the person."""
    conversation = turn.conversation
    await reach.hold(turn, conversation.person_id)
    conversation.case_count -= await cases.forget_begun(turn.connection, conversation.person_id)
    own = select(case_table.c.id).where(case_table.c.person_id == conversation.person_id)
    await forget_unsent(turn.connection, own)
    await turn.connection.execute(delete(papers).where(papers.c.case_id.in_(own), papers.c.sent_at.is_(None)))
    statement = select(papers.c.pages).where(papers.c.case_id.in_(own))
    kept = {page[0] for pages in (await turn.connection.execute(statement)).scalars() for page in pages}
    kept |= await kept_files(turn.connection, conversation.person_id)
    for purpose in ("dossier", "reminders"):
        await people.record_consent(turn.connection, conversation, purpose, False, TEXT_VERSION, turn.now)
    await requests.settle_all(turn.connection, conversation.person_id, turn.now)
    await requests.at_once(turn.connection, conversation.person_id, "delete", turn.now)
    await people.forget(turn.connection, conversation, kept)
    conversation.person = replace(
        conversation.person, name="", phone="", producer_kind="", producer_name="", commune="", consent=""
    )
    conversation.state = State(at="menu/", turn=conversation.state.turn)
    turn.carried.timers.clear()
    turn.record("forget")
    turn.carried.changed = True
