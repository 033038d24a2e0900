"""An officer decides on a case: accept, return, put off; and looks up what is not shown to everybody."""

from bot.turn import Turned, alert_officers, facts_of, fresh_case, tell_producer, visible_case
from dialogs.answers import phone as phone_reader
from dialogs.model import N_, CaseFacts, DecideCase, Facts, ReturnedItem, SendMessage, Text
from dialogs.officer.alerts import accepted_notice, alert_again, deferred_notice
from dialogs.producer.check_status import ACTION_WORDS, returned_notice
from dialogs.producer.upload import plan_is_here
from storage import cases


async def decide(turn: Turned, effect: DecideCase) -> None:
    before = facts_of(turn, effect.code)
    case = await visible_case(turn, effect.code)
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
    await tell_producer(turn, case.person_id, _decision_words(before, effect, turn.facts), effect.code)
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


async def _plan_is_here_already(turn: Turned, code: str) -> None:
    """Papers handed in with the idea are the plan, if none is missing: no need to send them twice."""
    if not plan_is_here(await fresh_case(turn, code)):
        return
    row = await cases.locked(turn.connection, code)
    producer = cases.Actor(row.person_id, "")
    await cases.move(turn.connection, row, producer, "send_plan", turn.now, turn.world.days_off)
    await alert_officers(turn, code, lambda case: alert_again(case, "send_plan"), row.person_id)


async def reveal_phone(turn: Turned, code: str) -> None:
    case = await visible_case(turn, code)
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
