"""A council's result is published: the record has it, the case moves, who waits for it is told; a slip is put right."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.desk.decisions import decidable
from bot.turn import Refused, Turned, alert_officers, facts_of, fresh_case, open_my_file, tell_producer
from dialogs.council.facts import SCORING
from dialogs.model import N_, Agreed, AmendResult, CaseFacts, Link, PublishResult, ResultFacts, SendMessage, Text
from dialogs.officer.alerts import alert_result, notice_of, open_link
from dialogs.officer.amend import amended, corrected_notice
from dialogs.officer.result import is_paper_number
from dialogs.producer.own_score import sheet_of
from dialogs.producer.points import result_options
from dialogs.rules.lifecycle import Side
from dialogs.rules.rating import Rating, WrongItems, WrongPoints, certificate_until, check_items, rating
from dialogs.rules.ruleset import PartId, ruleset
from storage import cases, council, results
from storage.records import corrections


async def publish(turn: Turned, effect: PublishResult) -> None:
    """What the dialog has read is checked once more: rights, points and day are the record's business."""
    before = facts_of(turn, effect.code)
    found = _rating(before, effect)
    case = await decidable(turn, effect.code, found.action, before.status)
    agreed = await _the_councils(turn, case)
    if agreed is not None:
        effect = _as_agreed(agreed, effect)
    elif effect.stars:
        raise cases.NotPossible(effect.code)
    if not _on_paper(turn, found, effect) or not _items_fit(before, effect):
        raise cases.NotPossible(effect.code)
    result = _result(before, found, effect)
    await results.publish(turn.connection, case, turn.conversation.person_id, result, turn.now)
    await cases.move(turn.connection, case, turn.actor, found.action, turn.now, turn.world.days_off)
    councils: dict[str, str] = {}
    if agreed is not None and effect.otherwise:
        kept = {"before": _kept(agreed), "after": _kept(result)}
        await cases.note_otherwise(turn.connection, effect.code, turn.actor, kept, turn.now)
        councils = {"council": str(sum(agreed.points))}
    turn.record("publish_result", effect.code, move=found.action, stars=found.stars, total=str(found.total), **councils)
    turn.carried.changed = True
    notice = notice_of(replace(before, result=result, agreed=agreed), found.action)
    links = (*_onwards(replace(before, result=result)), open_my_file(effect.code))
    told = await tell_producer(turn, case.person_id, notice, effect.code, links)
    turn.carried.said.append(told.after(_done(before)))
    await _tell_commune(turn, effect.code, case.person_id)


STILL_SCORING = Text(N_("The council is still scoring this product. End its session first, then publish."))
UNDECIDED = Text(N_("The council has not decided on the stars yet. Note that in its session first."))
OTHERWISE = N_("The council came to %(total)s points and %(stars)s stars, so nothing else can be published.")


async def _the_councils(turn: Turned, case: Any) -> Agreed | None:
    """What a session came to that has scored the case; None where none has."""
    if case.status != SCORING:
        return None
    if await council.in_session(turn.connection, case.id):
        raise Refused(STILL_SCORING)
    agreed = await council.agreed_on(turn.connection, case.id)
    if agreed is not None and not agreed.stars:
        raise Refused(UNDECIDED)
    return agreed


def _as_agreed(agreed: Agreed, effect: PublishResult) -> PublishResult:
    """With the points of each item, where the points are the council's.

    Others need a second word of whoever enters them, and bring no more stars than the council gave.
    """
    same = (effect.points_a, effect.points_b, effect.points_c) == agreed.points
    if effect.stars != agreed.stars or not (same or effect.otherwise):
        raise Refused(Text(OTHERWISE, {"total": sum(agreed.points), "stars": agreed.stars}))
    return replace(effect, criteria=agreed.items if same else effect.criteria, otherwise=not same)


def _kept(result: Agreed | ResultFacts) -> dict[str, Any]:
    """Points and stars, for the history."""
    points = result.points if isinstance(result, Agreed) else (result.points_a, result.points_b, result.points_c)
    plain = (f"{given.normalize():f}" for given in points)
    return {**dict(zip(("points_a", "points_b", "points_c"), plain, strict=True)), "stars": result.stars}


async def amend(turn: Turned, effect: AmendResult) -> None:
    """A slip is put right: the producer and the commune are told what changed, as they were told the wrong thing."""
    before = facts_of(turn, effect.code)
    case = await decidable(turn, effect.code, "amend", before.status)
    was = before.result
    result = amended(before, was, effect) if was is not None and was.points_known else None
    if result is None or not effect.reason.strip() or not _may_stand(turn, before, effect):
        raise cases.NotPossible(effect.code)
    kept = await results.amend(turn.connection, case, result, turn.now)
    await cases.amend(turn.connection, case, turn.actor, effect.reason, kept, turn.now)
    changes = corrections(kept["before"], kept["after"])
    turn.record("amend", effect.code, changes=[[one.item, one.before, one.after] for one in changes])
    turn.carried.changed = True
    notice = corrected_notice(before, changes, effect.reason)
    told = await tell_producer(turn, case.person_id, notice, effect.code)
    turn.carried.said.append(told.after(Text(N_("✅ The result of %(code)s is corrected."), {"code": before.code})))
    alert = SendMessage(notice, links=(open_link(effect.code),))
    await alert_officers(turn, effect.code, lambda _: alert, case.person_id, side=Side.COMMUNE)


def _may_stand(turn: Turned, case: CaseFacts, effect: AmendResult) -> bool:
    """A number where there was one, and a day that a paper can have."""
    was = case.result.decision if case.result is not None else ""
    numbered = is_paper_number(effect.decision) if was else not effect.decision
    return numbered and effect.decided_on <= turn.facts.today


def _rating(case: CaseFacts, effect: PublishResult) -> Rating:
    points: dict[PartId, Decimal] = {"A": effect.points_a, "B": effect.points_b, "C": effect.points_c}
    try:
        found = rating(ruleset(case.ruleset), case.status, points, effect.stars)
    except (WrongPoints, LookupError) as wrong:
        raise cases.NotPossible(effect.code) from wrong
    if found.action == "forward":  # what another level has to decide is no result yet
        raise cases.NotPossible(effect.code)
    return found


def _on_paper(turn: Turned, found: Rating, effect: PublishResult) -> bool:
    """A certificate has a decision with a number, and no paper is of a day to come."""
    numbered = is_paper_number(effect.decision) or (not effect.decision and found.action != "certify")
    return numbered and effect.decided_on <= turn.facts.today


def _items_fit(case: CaseFacts, effect: PublishResult) -> bool:
    sheet = sheet_of(case)
    if not effect.criteria or sheet is None:
        return not effect.criteria
    try:
        check_items(sheet, effect.criteria, {"A": effect.points_a, "B": effect.points_b, "C": effect.points_c})
    except WrongItems:
        return False
    return True


def _result(case: CaseFacts, found: Rating, effect: PublishResult) -> ResultFacts:
    return ResultFacts(
        effect.points_a,
        effect.points_b,
        effect.points_c,
        found.stars,
        effect.decision,
        certificate_until(ruleset(case.ruleset), found.action, effect.decided_on),
        effect.decided_on,
        criteria=effect.criteria,
    )


def _onwards(case: CaseFacts) -> tuple[Link, ...]:
    """The way to the next star, where there is one."""
    return tuple(Link(f"{option.value}.{case.code}", option.label) for option in result_options(case))


def _done(case: CaseFacts) -> Text:
    about = {"code": case.code, "product": case.product}
    return Text(N_("✅ The result of %(code)s “%(product)s” is published."), about)


async def _tell_commune(turn: Turned, code: str, producer: int) -> None:
    alert = alert_result(await fresh_case(turn, code))
    if alert is not None:
        await alert_officers(turn, code, lambda _: alert, producer, side=Side.COMMUNE)
