"""Who may move a case from where to where. One table; everything else asks it.

Source of the states: the six steps of the cycle and the returns of domain practice (Decision 490/2018 for the
steps; plans that fail are rewritten or wait for the next cycle).
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who has to act. At any time it is exactly one."""

    PRODUCER = "producer"
    DESK = "desk"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Status:
    """`step` is the step of the yearly cycle (1..6); `deadline` the ruleset's limit for the desk, "" if none."""

    name: str
    step: int
    owner: Side
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One way a case may go. `needs_reason`: refused without an item and a reason."""

    action: str
    from_status: str
    to_status: str
    who: Side
    needs_reason: bool = False


STATUSES = {
    status.name: status
    for status in (
        Status("idea_submitted", 2, Side.DESK, "idea_answer"),
        Status("idea_returned", 2, Side.PRODUCER),
        Status("idea_not_this_year", 2, Side.NOBODY),
        Status("idea_accepted", 3, Side.PRODUCER),
        Status("plan_submitted", 3, Side.DESK, "plan_answer"),
        Status("plan_returned", 3, Side.PRODUCER),
        Status("plan_next_cycle", 3, Side.NOBODY),
        Status("plan_accepted", 4, Side.PRODUCER),
        Status("rated", 5, Side.NOBODY),
    )
}

MOVES = (
    Move("accept", "idea_submitted", "idea_accepted", Side.DESK),
    Move("return", "idea_submitted", "idea_returned", Side.DESK, needs_reason=True),
    Move("defer", "idea_submitted", "idea_not_this_year", Side.DESK, needs_reason=True),
    Move("resubmit", "idea_returned", "idea_submitted", Side.PRODUCER),
    Move("send_plan", "idea_accepted", "plan_submitted", Side.PRODUCER),
    Move("accept", "plan_submitted", "plan_accepted", Side.DESK),
    Move("return", "plan_submitted", "plan_returned", Side.DESK, needs_reason=True),
    Move("defer", "plan_submitted", "plan_next_cycle", Side.DESK, needs_reason=True),
    Move("resubmit", "plan_returned", "plan_submitted", Side.PRODUCER),
)

_BY_START = {(move.action, move.from_status): move for move in MOVES}


def move(action: str, from_status: str) -> Move | None:
    """The move, or None where the table has none."""
    return _BY_START.get((action, from_status))


def actions(from_status: str, who: Side) -> tuple[str, ...]:
    """What this side may do with a case now."""
    return tuple(m.action for m in MOVES if m.from_status == from_status and m.who == who)
