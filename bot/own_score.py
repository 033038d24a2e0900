"""A producer's own score and the way to the next star: what the dialogs order becomes rows, and reminders go out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.turn import Turned, fresh_case, own_case, tell
from bot.world import World
from dialogs.model import N_, CaseFacts, DropPlan, KeepSelfScore, MoveStep, SendMessage, TakePlan, Text, TickStep
from dialogs.producer.menu import EVENING
from dialogs.producer.own_score import LEFT_OPEN, answered, holds, needed_sheet, sheet_of
from dialogs.producer.star_plan import REMIND_DAYS, paper_for
from dialogs.producer.todo import reminder
from dialogs.producer.upload import BY_HAND
from dialogs.rules.ruleset import WITH_THE_PLAN
from dialogs.rules.sheet import Criterion
from dialogs.rules.work import works
from dialogs.rules.working_days import at_minute
from storage import cases, star_steps
from storage.records import VIETNAM, case_named
from storage.self_scores import keep_self_score, self_marks_of

DUE, TOO_LATE = EVENING.hour * 60 + EVENING.minute, 21 * 60
"""Minutes of the day between which people are reminded; who missed that is reminded the next evening."""
ENDED = frozenset({"idea_not_this_year", "plan_next_cycle", "expired", "revoked"})
"""Statuses of cases that lead to no star any more: to stand again is a case of its own."""
MOST_STEPS = 60
"""More than any score sheet has items."""


async def _own(turn: Turned, code: str) -> Any:
    """The locked row of a case of this person's own; nobody keeps a score or a list for somebody else."""
    case = await own_case(turn, code)
    if case.person_id != turn.conversation.person_id:
        raise cases.NotPossible(code)
    return case


async def keep(turn: Turned, effect: KeepSelfScore) -> None:
    """One answer beside those of the record, which may come from another chat or a list: the lock is held meanwhile.

    Raises NotPossible for a mark that the sheet does not have, or without a sheet.
    """
    case = await _own(turn, effect.code)
    facts = await fresh_case(turn, effect.code)
    sheet = sheet_of(facts)
    if sheet is None or all(criterion.code != effect.item for criterion in sheet.criteria):
        raise cases.NotPossible(effect.code)
    if effect.mark is not None and not holds(sheet, effect.item, effect.mark):
        raise cases.NotPossible(effect.code)
    before = replace(facts, self_marks=await self_marks_of(turn.connection, effect.code))
    await keep_self_score(turn.connection, case, answered(before, effect.item, effect.mark), turn.now)
    turn.carried.changed = True


async def take_plan(turn: Turned, effect: TakePlan) -> None:
    """Raises NotPossible for what is no list of this case's sheet."""
    case = await _own(turn, effect.code)
    sheet, today = sheet_of(await fresh_case(turn, effect.code)), turn.now.astimezone(VIETNAM).date()
    if sheet is None or len(effect.steps) > MOST_STEPS:
        raise cases.NotPossible(effect.code)
    if not all(step.option and holds(sheet, step.code, step.option) and step.due_on >= today for step in effect.steps):
        raise cases.NotPossible(effect.code)
    await star_steps.take(turn.connection, case.id, effect.stars, effect.steps, effect.remind, turn.now)
    turn.carried.changed = True


async def drop_plan(turn: Turned, effect: DropPlan) -> None:
    case = await _own(turn, effect.code)
    await star_steps.drop(turn.connection, case.id)
    turn.carried.changed = True


async def move_step(turn: Turned, effect: MoveStep) -> None:
    case = await _own(turn, effect.code)
    step = await star_steps.step_of(turn.connection, case.id, effect.number)
    if step is None or step.done_at is not None:
        raise cases.NotPossible(effect.code)
    await star_steps.move(turn.connection, step.id, effect.due_on)
    turn.carried.changed = True


async def tick_step(turn: Turned, effect: TickStep) -> None:
    """Done: it counts in the own score. Not after all: the own mark is again what it was."""
    case = await _own(turn, effect.code)
    step = await star_steps.step_of(turn.connection, case.id, effect.number)
    facts = await fresh_case(turn, effect.code)
    if step is None or not _holds(facts, step):
        raise cases.NotPossible(effect.code)
    if effect.done and step.done_at is None:
        turn.carried.said.append(_done(facts, [await _tick(turn, case, facts, step)]))
    elif not effect.done and step.done_at is not None:
        await _untick(turn, case, step)
    turn.carried.changed = True


async def paper_kept(turn: Turned, case: Any, paper: str) -> None:
    """What this paper alone makes sure of is done; of what it only goes with, the producer is asked."""
    wanted = paper.removeprefix(WITH_THE_PLAN)
    if not case.star_goal or wanted in BY_HAND:
        return
    facts = await fresh_case(turn, case.code)
    ticked, perhaps = [], []
    for step in await star_steps.still_open(turn.connection, case.id):
        if not _holds(facts, step):
            continue
        if _is_shown(facts, step, wanted):
            ticked.append(await _tick(turn, case, facts, step))
        elif (proof := paper_for(facts, step.code, step.option)) is not None and proof.id == wanted:
            perhaps.append(needed_sheet(facts).criterion(step.code))
    if case.person_id != turn.conversation.person_id:
        return  # what an officer sends for them is no talk about their list
    if ticked:
        turn.carried.said.append(_done(facts, ticked))
    if perhaps:
        turn.carried.said.append(_perhaps(perhaps))


def _is_shown(case: CaseFacts, step: Any, paper: str) -> bool:
    """Whether this paper alone makes sure of an option that is worth the step's, in the same way to score the item."""
    criterion = needed_sheet(case).criterion(step.code)
    number = works(case.ruleset).of(criterion).shows.get(paper)
    if number is None or number > len(criterion.options):
        return False
    shown, wanted = criterion.options[number - 1], criterion.options[step.option - 1]
    return bool(shown.case == wanted.case and shown.points >= wanted.points)


def _holds(case: CaseFacts, step: Any) -> bool:
    """Whether it is of this case's sheet: its product set may have changed since."""
    sheet = sheet_of(case)
    return sheet is not None and holds(sheet, step.code, step.option)


async def _tick(turn: Turned, case: Any, facts: CaseFacts, step: Any) -> Criterion:
    criterion = needed_sheet(facts).criterion(step.code)
    marks = dict(await self_marks_of(turn.connection, case.code))
    before = marks.get(step.code)
    if _points(criterion, before) < _points(criterion, step.option):
        await keep_self_score(turn.connection, case, {**marks, step.code: step.option}, turn.now)
    await star_steps.tick(turn.connection, step.id, turn.now, before)
    return criterion


def _points(criterion: Criterion, mark: int | None) -> int:
    """-1 for an open one, which is less than nothing known."""
    if mark is None or mark == LEFT_OPEN:
        return -1
    return criterion.options[mark - 1].points if 0 < mark <= len(criterion.options) else 0


async def _untick(turn: Turned, case: Any, step: Any) -> None:
    """A mark that was changed since stays."""
    marks = dict(await self_marks_of(turn.connection, case.code))
    if marks.get(step.code) == step.option:
        before = {} if step.mark_before is None else {step.code: step.mark_before}
        others = {code: mark for code, mark in marks.items() if code != step.code}
        await keep_self_score(turn.connection, case, others | before, turn.now)
    await star_steps.tick(turn.connection, step.id, None, None)


def _perhaps(open_ones: list[Criterion]) -> SendMessage:
    lines = (Text(N_("• %(item)s"), {"item": criterion.label}) for criterion in open_ones)
    return SendMessage(
        (Text(N_("This paper goes with things on your list. Is one of them done? Look at it there:")), *lines)
    )


def _done(case: CaseFacts, ticked: list[Criterion]) -> SendMessage:
    said = N_("✅ Done, and it counts in your own score: %(item)s.")
    return SendMessage(tuple(Text(said, {"item": criterion.label}) for criterion in ticked))


# ---------------------------------------------------------------- reminders


async def due(connection: AsyncConnection, world: World, now: datetime) -> list[str]:
    """Codes of cases with something to call to mind, in the evening."""
    day = now.astimezone(VIETNAM).date()
    if not at_minute(day, DUE) <= now < at_minute(day, TOO_LATE):
        return []
    return await star_steps.due(connection, day + timedelta(days=REMIND_DAYS), ENDED)


async def remind(world: World, now: datetime, connection: AsyncConnection, code: str) -> None:
    """One message to the producer of a case, about all that has its day soon.

    Nobody else hears of it where it does not come, and no paid message takes its place: it is the producer's own plan.
    """
    case = await cases.locked(connection, code)
    if case is None:
        return
    today = now.astimezone(VIETNAM).date()
    numbers = await star_steps.claim(connection, case.id, today + timedelta(days=REMIND_DAYS), now)
    facts = await case_named(connection, code, now, world.days_off)
    if facts is None or sheet_of(facts) is None:
        return
    steps = tuple(step for step in await star_steps.steps_of(connection, code) if step.number in numbers)
    here = tuple(step for step in steps if holds(needed_sheet(facts), step.code, step.option))
    if here:
        await tell(connection, world, [case.person_id], reminder(facts, here, today), now)
