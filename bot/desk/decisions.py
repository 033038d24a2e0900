"""An officer decides on a case, item by item or as a whole, or takes that back; and looks up what is not shown."""

from dataclasses import replace

from bot.desk.council import came_back
from bot.links import linked_lines, woven
from bot.render import compose, types_back
from bot.turn import (
    About,
    Prospect,
    Refused,
    Turned,
    alert_officers,
    awake_at,
    composed_body,
    facts_of,
    fresh_case,
    note_for,
    notice,
    notice_to,
    open_my_file,
    own_case,
    producer_of,
    seen_case,
    specs_of_files,
    tell_producer,
    visible_case,
)
from bot.world import PLAIN
from dialogs import places
from dialogs.answers import phone as phone_reader
from dialogs.council.facts import SCORING
from dialogs.model import (
    N_,
    AnswerQuestion,
    CaseFacts,
    DecideCase,
    Link,
    Mark,
    MarkItem,
    PreviewReview,
    RemoveTemplate,
    ResultFacts,
    ReturnedItem,
    Role,
    SendMessage,
    SendReview,
    SetTemplate,
    Text,
    UndoDecision,
    Value,
)
from dialogs.officer.alerts import alert_again, alert_commune, alert_for, notice_of, withdrawn_result_notice
from dialogs.officer.assess import is_asked, missing_words, open_items
from dialogs.officer.check import seen, to_send
from dialogs.officer.desk import holder_words, take_back_words
from dialogs.officer.words import HELD, decided_meanwhile
from dialogs.producer.action_words import action_words
from dialogs.producer.check_status import fix_links, returned_notice, status_words
from dialogs.producer.reach import channel_words
from dialogs.producer.upload import plan_is_here
from dialogs.rules.lifecycle import Side, actions, move
from dialogs.rules.ruleset import ruleset, ruleset_on
from storage import cases, holding, people, results, reviews, undo
from storage.assessments import assessment_of
from storage.dossiers import is_maker
from storage.records import Row
from storage.rights import covers, present_at, sides_at

NO_NUMBER = Text(N_("No telephone number was given in this file."))
OWN = Text(N_("This file is your own, so somebody else decides on it."))
NOT_YOURS = Text(N_("This is not yours to decide at the moment, so nothing was changed."))
BY_ANOTHER = Text(N_("You made the step before this one, so somebody else has to approve it. Nothing was changed."))
NOT_ASSESSED = Text(N_("The commune's part is not done yet, so it was not passed on. Still to be assessed:"))
MARKS_CHANGED = Text(
    N_("Somebody has noted something on this file meanwhile. Nothing was sent; please look at the summary again.")
)
TOO_LATE_TO_UNDO = Text(N_("That is more than ten minutes ago, so I can't take it back any more. Nothing was changed."))
MOVED_SINCE = Text(N_("Something has happened to this file since, so I can't take that back any more."))
TAKEN_BACK = N_("“%(action)s” of %(code)s “%(product)s” is taken back.")
FILES_STAY = Text(N_("Their chat shows no photos and no voice notes, so please write the reason as well."))
Values = dict[str, Value]
FRAME = "———"
"""Around what somebody else will read, where its numbers must not be taken for one's own."""


# ---------------------------------------------------------------- a decision on the whole


async def decide(turn: Turned, effect: DecideCase) -> None:
    before = facts_of(turn, effect.code)
    case, status, told = await moved(turn, effect)
    turn.carried.said.append(told.after(_decided(before, effect.action)))
    if status == "idea_accepted" and await _plan_is_here_already(turn, effect.code):
        return
    if alert_for(await fresh_case(turn, effect.code), effect.action) is not None:
        await alert_officers(turn, effect.code, lambda facts: alert_for(facts, effect.action), case.person_id)
    await _tell_commune(turn, effect.code, effect.action, case.person_id)


async def moved(turn: Turned, effect: DecideCase) -> tuple[Row, str, Prospect]:
    """The case as it was, its new status, and what becomes of the message to its producer; no officer is told yet."""
    before = facts_of(turn, effect.code)
    if effect.action in (*cases.PUBLISHED, "amend"):  # only a result that is published or corrected makes this move
        raise cases.NotPossible(effect.code)
    case = await decidable(turn, effect.code, effect.action, effect.status or before.status)
    await _check_assessed(turn, case, effect.action)
    withdrawn = _withdrawn(turn, before, effect)
    reason = (effect.item, effect.reason)
    status = await cases.move(turn.connection, case, turn.actor, effect.action, turn.now, turn.world.days_off, *reason)
    details = {"ground": effect.ground, "on": f"{effect.on}"} if withdrawn is not None else {}
    turn.record("decide", effect.code, move=effect.action, status=before.status, **details)
    turn.carried.changed = True
    if status == SCORING:
        await came_back(turn, case)
    if withdrawn is not None and withdrawn.revoked_on is not None:
        await results.revoke(turn.connection, case.id, withdrawn.revoked_on, withdrawn.revoked_for)
        before = replace(before, result=withdrawn)
    if effect.action == "return":
        items = (await fresh_case(turn, effect.code)).returned
        return case, status, await _tell_return(turn, case.person_id, before, items)
    words = notice_of(before, effect.action, effect.reason)
    return case, status, await tell_producer(turn, case.person_id, words, effect.code)


def _withdrawn(turn: Turned, case: CaseFacts, effect: DecideCase) -> ResultFacts | None:
    """The result as a withdrawn certificate leaves it, None for any other decision.

    Raises NotPossible for a day to come, one before the certificate, and a ground that the rules of that day have not.
    """
    if effect.action != "revoke":
        return None
    result, on = case.result, effect.on
    if result is None or on is None or on > turn.facts.today or (result.decided_on and on < result.decided_on):
        raise cases.NotPossible(effect.code)
    grounds = ruleset_on(on).revocation_grounds
    if bool(grounds) != bool(effect.ground) or (grounds and ruleset_on(on).ground(effect.ground) is None):
        raise cases.NotPossible(effect.code)
    return replace(result, revoked_on=on, revoked_for=effect.ground)


async def _tell_commune(turn: Turned, code: str, action: str, producer: int) -> None:
    """The commune's officers hear what others did with what they prepared."""
    words = alert_commune(await fresh_case(turn, code), action)
    if words is not None:
        await alert_officers(turn, code, lambda _: words, producer, side=Side.COMMUNE)


async def _check_assessed(turn: Turned, case: Row, action: str) -> None:
    step = move(action, case.status, ruleset(case.ruleset).levels)
    if step is None or not step.assessed:
        return
    now = await fresh_case(turn, case.code)
    if is_asked(now) and (left := open_items(replace(now, assessment=await assessment_of(turn.connection, case.code)))):
        raise Refused(NOT_ASSESSED, *missing_words(left))


async def decidable(turn: Turned, code: str, action: str, status: str) -> Row:
    """The locked row of a case that this officer may make this move on now; raises Refused with the reason.

    Rights are read anew: the dialog has offered what was allowed a moment ago.
    """
    if not turn.conversation.person.memberships:
        raise cases.NotPossible(code)
    case = await visible_case(turn, code)
    if case.person_id == turn.conversation.person_id:
        raise Refused(OWN)
    if case.status != status:
        raise Refused(*decided_meanwhile(await fresh_case(turn, code)))
    if action not in actions(case.status, *await _sides(turn, case)):
        raise Refused(NOT_YOURS)
    if not await holding.may_work(turn.connection, case, turn.conversation.person_id, turn.conversation.covers):
        _, name = await holding.holder_of(turn.connection, code)
        raise Refused(Text(HELD, {"name": holder_words(name), "code": code}))
    if cases.is_by_another(case, action) and await is_maker(turn.connection, code, turn.conversation.person_id):
        raise Refused(BY_ANOTHER)
    return case


async def _sides(turn: Turned, case: Row) -> frozenset[Side]:
    territory = case.territory
    present = await present_at(turn.connection, (territory, territory.partition("/")[0]), but=case.person_id)
    return sides_at(turn.conversation.person.memberships, territory, present)


def _decided(case: CaseFacts, action: str) -> Text:
    values: Values = {"code": case.code, "product": case.product, "action": action_words(action, case.status)}
    return Text(N_("%(code)s “%(product)s”: %(action)s."), values)


async def _plan_is_here_already(turn: Turned, code: str) -> bool:
    """Papers handed in with the idea are the plan, if none is missing: no need to send them twice."""
    if not plan_is_here(await fresh_case(turn, code)):
        return False
    row = await cases.locked(turn.connection, code)
    decision = await undo.last_decision(turn.connection, row.id)
    producer = cases.Actor(row.person_id, "")
    part_of = decision.id if decision is not None else 0
    await cases.move(turn.connection, row, producer, "send_plan", turn.now, turn.world.days_off, part_of=part_of)
    await alert_officers(turn, code, lambda case: alert_again(case, "send_plan"), row.person_id)
    return True


# ---------------------------------------------------------------- item by item


async def mark(turn: Turned, effect: MarkItem) -> None:
    """Nobody is told, and nothing moves; whoever may return the case may note a verdict."""
    before = facts_of(turn, effect.code)
    case = await decidable(turn, effect.code, "return", before.status)
    author = turn.conversation.person_id
    verdict = Mark(effect.item, effect.verdict, effect.reason, effect.files)
    if verdict.verdict in ("return", "ask") and not (verdict.reason or verdict.files):
        raise cases.NotPossible("no reason")
    await reviews.set_mark(turn.connection, case.id, author, verdict, turn.now)
    turn.carried.changed = True
    done = SendMessage((Text(N_("Noted.")) if verdict.verdict else Text(N_("Taken away.")),))
    if done not in turn.carried.said:  # once for all the rest
        turn.carried.said.append(done)


async def preview(turn: Turned, effect: PreviewReview) -> None:
    """The same message, made by the same composer, as the producer's own chat will show it."""
    case = facts_of(turn, effect.code)
    marked = _items(turn, await reviews.marks_of(turn.connection, effect.code))
    items = tuple(replace(item, number=n) for n, item in enumerate(marked, 1))  # so that each has its own button
    row = await seen_case(turn, effect.code)
    chat = await people.chat_of(turn.connection, row.person_id)
    can = turn.world.can(chat.channel) if chat is not None else PLAIN
    locale = chat.locale if chat is not None else turn.conversation.locale
    message = _return_message(case, items)
    whole = compose([message], turn.world.catalog(locale), can)
    composed = compose([SendMessage(message.texts)], turn.world.catalog(locale), can)
    choices = "\n".join(f"• {line.label}" for line in whole.listed)  # their numbers are not this officer's
    choices = choices or " ".join(f"[{button.label}]" for button in whole.buttons)
    head = turn.world.catalog(turn.conversation.locale).say(_preview_head(chat.channel if chat is not None else ""))
    specs = await specs_of_files(turn.connection, [file_id for item in items for file_id in item.files])
    left = linked_lines(turn.world, chat.channel, locale, specs) if chat is not None else ""
    text = woven("notice", composed_body(composed, []), left) if left else composed.text
    frame = FRAME if types_back(turn.world.can(turn.update.channel)) else ""
    turn.carried.said.append("\n".join(part for part in (head, frame, text, choices, frame) if part))
    turn.carried.attachments += specs
    if specs and (chat is None or (left and not turn.world.pages)):
        turn.carried.said.append(SendMessage((FILES_STAY,)))


def _preview_head(channel: str) -> Text:
    if not channel:
        return Text(N_("The producer has no chat here; this is what to tell them:"))
    if channel == "web":
        return Text(N_("The producer reads this on the web page:"))
    return Text(N_("The producer reads this on %(channel)s:"), {"channel": channel_words(channel)})


def _items(turn: Turned, marks: tuple[Mark, ...]) -> tuple[ReturnedItem, ...]:
    return tuple(
        ReturnedItem(mark.item, mark.reason, turn.facts.today, mark.verdict == "ask", mark.files)
        for mark in to_send(marks)
    )


def _return_message(case: CaseFacts, items: tuple[ReturnedItem, ...]) -> SendMessage:
    """To the producer: all items with their reasons, and a button for each."""
    return SendMessage(returned_notice(case, *items), links=fix_links(case, items))


async def send_review(turn: Turned, effect: SendReview) -> None:
    before = facts_of(turn, effect.code)
    case = await decidable(turn, effect.code, "return", before.status)
    marks = await reviews.marks_of(turn.connection, effect.code)
    items = _items(turn, marks)
    if seen(marks) != effect.seen or not items:
        raise Refused(MARKS_CHANGED)
    await cases.move(turn.connection, case, turn.actor, "return", turn.now, turn.world.days_off, items=items)
    turn.record("decide", effect.code, move="return", items=[item.item for item in items])
    turn.carried.changed = True
    opened = {item.item: item for item in (await fresh_case(turn, effect.code)).returned}
    told = await _tell_return(turn, case.person_id, before, tuple(opened[item.item] for item in items))
    action = "ask" if all(item.question for item in items) else "return"
    turn.carried.said.append(told.after(_decided(before, action)))
    await _tell_commune(turn, effect.code, "return", case.person_id)


async def _tell_return(turn: Turned, person_id: int, case: CaseFacts, items: tuple[ReturnedItem, ...]) -> Prospect:
    """One message with everything; marked photos and voice notes follow in the order of the items."""
    files = [file_id for item in items for file_id in item.files]
    message = _return_message(case, items)
    return await tell_producer(turn, person_id, message.texts, case.code, message.links, files)


async def answer(turn: Turned, effect: AnswerQuestion) -> None:
    """The producer's words close a question; with the last thing that was open the case goes back to the desk."""
    case = await own_case(turn, effect.code)
    actor = producer_of(turn, case)
    complete = await cases.answer_question(turn.connection, case, actor, effect.number, effect.text, turn.now)
    turn.carried.changed = True
    await note_for(turn, case, "answer")
    if not complete:
        turn.carried.said.append(SendMessage((Text(N_("Noted. The rest is still open.")),)))
        return
    await cases.move(turn.connection, case, actor, "resubmit", turn.now, turn.world.days_off)
    turn.carried.said.append(SendMessage((Text(N_("✅ Your answer has been sent.")),)))
    await alert_officers(turn, effect.code, lambda facts: alert_again(facts, "resubmit"), case.person_id)


# ---------------------------------------------------------------- taking a decision back


async def undoable(turn: Turned, code: str, told_before: int, *, say: bool = True) -> None:
    """After a decision: remember who is told of it by this turn, and offer to take it back.

    `told_before` is how many notices the turn had before the decision.
    """
    decision = await _just_decided(turn, code)
    if decision is None:
        return
    notices = _to_others(turn, told_before)
    for row in notices:
        for _, body in row["ladder"]["bodies"]:
            body["decision"] = decision.id
    await undo.note_told(turn.connection, decision.id, [row["conversation_id"] for row in notices])
    if say:
        turn.carried.said.append(offer_to_take_back(code))


def offer_to_take_back(*codes: str) -> SendMessage:
    links = tuple(Link(f"undo.{code}", take_back_words(code), code) for code in codes)
    return SendMessage((Text(N_("You can take this back for ten minutes.")),), links=links)


async def also_told(turn: Turned, code: str, told_before: int) -> None:
    """Whoever reads of this decision among others hears of it when it is taken back; the message itself stays."""
    decision = await _just_decided(turn, code)
    if decision is not None:
        told = [row["conversation_id"] for row in _to_others(turn, told_before)]
        await undo.note_told(turn.connection, decision.id, told, among_others=True)


async def _just_decided(turn: Turned, code: str) -> Row | None:
    """The decision that this turn has made on a case."""
    case = await cases.locked(turn.connection, code)
    decision = await undo.last_decision(turn.connection, case.id) if case is not None else None
    if decision is None or decision.happened_at != turn.now or decision.actor_id != turn.conversation.person_id:
        return None
    return decision


def _to_others(turn: Turned, told_before: int) -> list[Row]:
    return [row for row in turn.carried.notices[told_before:] if row["conversation_id"] != turn.conversation.id]


async def take_back(turn: Turned, effect: UndoDecision) -> None:
    before = facts_of(turn, effect.code)
    case = await visible_case(turn, effect.code)
    try:
        undone = await cases.take_back(turn.connection, case, turn.actor, effect.number, turn.now)
    except undo.TooLate as late:
        raise Refused(TOO_LATE_TO_UNDO) from late
    except cases.NotPossible as moved:
        raise Refused(MOVED_SINCE) from moved
    turn.record("undo", effect.code, move=undone.action)
    turn.carried.changed = True
    now = await fresh_case(turn, effect.code)
    await _tell_undone(turn, case.person_id, now, undone)
    words = action_words(undone.action, undone.status)
    values: Values = {"action": words, "code": before.code, "product": before.product}
    stands = Text(N_("Status: %(status)s"), {"status": status_words(now)})
    turn.carried.said.append(SendMessage((Text(TAKEN_BACK, values), stands)))


async def _tell_undone(turn: Turned, producer: int, case: CaseFacts, undone: undo.Undone) -> None:
    """Only to who has read of the decision, or may have; the others never hear of it."""
    awake = await awake_at(turn, places.territory(case.commune))
    for chat in await people.chats_of(turn.connection, undone.told, or_closed=True):
        if chat.person_id == producer:
            turn.carried.notices.append(notice_to(turn, chat, [_undone_producer(case, undone)], About(case.code)))
        else:
            turn.carried.notices.append(notice(turn.world, chat, [_undone_officer(case, undone)], awake))


def _undone_producer(case: CaseFacts, undone: undo.Undone) -> SendMessage:
    links = (open_my_file(case.code),)
    if undone.action in cases.PUBLISHED:
        return SendMessage(withdrawn_result_notice(case), links=links)
    about = {"product": case.product, "code": case.code}
    back = Text(N_("The last message about “%(product)s” (%(code)s) was sent by mistake and does not count."), about)
    return SendMessage((back, Text(N_("It is being looked at again. You need not do anything now."))), links=links)


def _undone_officer(case: CaseFacts, undone: undo.Undone) -> SendMessage:
    values: Values = {"action": action_words(undone.action, undone.status), "code": case.code, "product": case.product}
    link = Link(f"review.{case.code}", Text(N_("Open %(code)s"), {"code": case.code}), case.code)
    return SendMessage((Text(TAKEN_BACK, values),), links=(link,))


# ---------------------------------------------------------------- ready reasons


def _administers(turn: Turned) -> bool:
    return any(member.role is Role.ADMINISTRATOR for member in turn.conversation.person.memberships)


async def add_template(turn: Turned, effect: SetTemplate) -> None:
    if not _administers(turn):
        raise cases.NotPossible("template")
    if not await reviews.add_template(turn.connection, effect.item, effect.text, turn.conversation.person_id):
        raise Refused(
            Text(N_("%(most)s reasons are the most for one thing. Remove one first."), {"most": reviews.MOST_PER_ITEM})
        )
    turn.record("add_template", item=effect.item)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("Added.")),)))


async def remove_template(turn: Turned, effect: RemoveTemplate) -> None:
    if not _administers(turn) or not await reviews.remove_template(turn.connection, effect.id, turn.now):
        raise cases.NotPossible("template")
    turn.record("remove_template", template=effect.id)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("Removed.")),)))


# ---------------------------------------------------------------- what is looked at


SHOW_A_CASE = {"review", "thread", "assisted"}
"""Dialogs that begin by showing what a producer wrote; the others are reached from them."""


async def opened(turn: Turned) -> None:
    """Record that an officer opens somebody's file: its answers are personal data. Once each time, not each answer."""
    key, _, question = turn.conversation.state.at.partition("/")
    name, _, code = key.partition(".")
    if name not in SHOW_A_CASE or question or not turn.conversation.person.memberships:
        return
    row = await cases.row_of(turn.connection, code)
    own = row is not None and row.person_id == turn.conversation.person_id
    if row is not None and not own and covers(turn.conversation.person.memberships, row.territory):
        turn.record("view_case", code)


async def reveal_phone(turn: Turned, code: str) -> None:
    """Asked from a list as well, where the facts of the case are not there yet; so the territory is looked at here."""
    case = await cases.locked(turn.connection, code)
    if case is None or not covers(turn.conversation.person.memberships, case.territory):
        raise cases.NotPossible(code)
    number = case.answers.get("phone", "")
    if not number:
        turn.carried.said.append(SendMessage((NO_NUMBER,)))
        return
    await cases.note_event(turn.connection, case, turn.actor, "view_phone", turn.now)
    turn.record("view_phone", code)
    words = Text(
        N_("%(name)s: %(number)s (I have noted that you looked)"),
        {
            "name": case.answers.get("contact_name", ""),
            "number": str(phone_reader().show(number, {}, turn.facts)),
        },
    )
    turn.carried.said.append(SendMessage((words,)))
