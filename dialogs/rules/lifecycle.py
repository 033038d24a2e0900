"""Who may move a case from where to where. One table; everything else asks it.

Sources: the six steps of the cycle are those of Decision 490/2018; returns, re-entry and the way up to five stars
are Decision 26/2026/QĐ-TTg art. 6 and 7; plans that fail are rewritten or wait for the next cycle (practice). The
district is a level of the rules of 2019 and 2023: it was abolished on 1 July 2025, so for what is still there the
province acts in its place.

Standing again after 1 or 2 stars, an upgrade and the re-evaluation before a certificate runs out are no moves: each
has a dossier of its own under the rules of its day (art. 6.1b, 6.1c), so each is a new case, which begins with
`dossier_begun`: neither idea nor plan is asked for again. Until it is handed in it is its producer's alone, who may
drop it or go on with it for another purpose.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from dialogs.rules.ruleset import Deadline, Ruleset


class Side(StrEnum):
    """Who has to act. At any time it is exactly one.

    `APPROVER` is the commune's leadership, which signs what its officer has checked; `CENTRE` is not in this system,
    so the province writes down what it says; `CALENDAR` moves what has run out.
    """

    PRODUCER = "producer"
    COMMUNE = "commune"
    APPROVER = "approver"
    DISTRICT = "district"
    PROVINCE = "province"
    CENTRE = "centre"
    CALENDAR = "calendar"
    NOBODY = "nobody"


AUTHORITIES = frozenset({Side.COMMUNE, Side.APPROVER, Side.DISTRICT, Side.PROVINCE, Side.CENTRE})
"""The sides whose officers this system serves; while one of them has a case, its producer waits."""


@dataclass(frozen=True, slots=True)
class Status:
    """`step` is the step of the yearly cycle (1..6); `deadline` the ruleset's limit for its owner, "" if none."""

    name: str
    step: int
    owner: Side
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One way a case may go.

    `needs_reason`: refused without an item and a reason. `at_level`: only under rules that have this level, or, with
    a "-" before it, that have not. `by_another`: not by who made the move before (maker is not approver).
    `with_result`: made by publishing a result, never alone. `assessed`: only once the commune has said what it finds
    on its topics, under rules that ask it to.
    """

    action: str
    from_status: str
    to_status: str
    who: Side
    needs_reason: bool = False
    at_level: str = ""
    by_another: bool = False
    with_result: bool = False
    assessed: bool = False


STATUSES = {
    status.name: status
    for status in (
        Status("idea_submitted", 2, Side.COMMUNE, "idea_answer"),
        Status("idea_returned", 2, Side.PRODUCER),
        Status("idea_not_this_year", 2, Side.NOBODY),
        Status("idea_accepted", 3, Side.PRODUCER),
        Status("plan_submitted", 3, Side.COMMUNE, "plan_answer"),
        Status("plan_returned", 3, Side.PRODUCER),
        Status("plan_next_cycle", 3, Side.NOBODY),
        Status("plan_accepted", 4, Side.PRODUCER),
        Status("dossier_submitted", 5, Side.COMMUNE, "commune_report"),
        Status("dossier_returned", 5, Side.PRODUCER),
        Status("dossier_checked", 5, Side.APPROVER, "commune_report"),
        Status("at_district", 5, Side.DISTRICT),
        Status("forwarded", 5, Side.PROVINCE, "provincial_rating"),
        Status("returned_by_province", 5, Side.PRODUCER),
        Status("in_evaluation", 5, Side.PROVINCE, "provincial_rating"),
        Status("proposed_for_five", 5, Side.CENTRE),
        Status("rated", 5, Side.NOBODY),
        Status("certified", 6, Side.NOBODY),
        Status("expired", 6, Side.NOBODY),
        Status("revoked", 6, Side.NOBODY),
        Status("dossier_begun", 5, Side.PRODUCER),  # of a product that stands again
    )
}

MOVES = (
    # the idea
    Move("accept", "idea_submitted", "idea_accepted", Side.COMMUNE),
    Move("return", "idea_submitted", "idea_returned", Side.COMMUNE, needs_reason=True),
    Move("defer", "idea_submitted", "idea_not_this_year", Side.COMMUNE, needs_reason=True),
    Move("resubmit", "idea_returned", "idea_submitted", Side.PRODUCER),
    Move("reopen", "idea_not_this_year", "idea_submitted", Side.COMMUNE),
    Move("resume", "idea_not_this_year", "idea_submitted", Side.PRODUCER),
    Move("rework", "idea_not_this_year", "idea_returned", Side.PRODUCER),
    # the plan
    Move("send_plan", "idea_accepted", "plan_submitted", Side.PRODUCER),
    Move("accept", "plan_submitted", "plan_accepted", Side.COMMUNE),
    Move("return", "plan_submitted", "plan_returned", Side.COMMUNE, needs_reason=True),
    Move("defer", "plan_submitted", "plan_next_cycle", Side.COMMUNE, needs_reason=True),
    Move("resubmit", "plan_returned", "plan_submitted", Side.PRODUCER),
    Move("reopen", "plan_next_cycle", "plan_submitted", Side.COMMUNE),
    Move("resume", "plan_next_cycle", "plan_submitted", Side.PRODUCER),
    Move("rework", "plan_next_cycle", "plan_returned", Side.PRODUCER),
    # the dossier in the commune
    Move("send_dossier", "plan_accepted", "dossier_submitted", Side.PRODUCER),
    Move("send_dossier", "dossier_begun", "dossier_submitted", Side.PRODUCER),
    Move("return", "dossier_submitted", "dossier_returned", Side.COMMUNE, needs_reason=True),
    Move("resubmit", "dossier_returned", "dossier_submitted", Side.PRODUCER),
    Move("accept", "dossier_submitted", "dossier_checked", Side.COMMUNE, assessed=True),
    Move("forward", "dossier_checked", "forwarded", Side.APPROVER, at_level="-district", by_another=True),
    Move("forward", "dossier_checked", "at_district", Side.APPROVER, at_level="district", by_another=True),
    Move("send_back", "dossier_checked", "dossier_submitted", Side.APPROVER, needs_reason=True),
    # the dossier above the commune
    Move("forward", "at_district", "forwarded", Side.DISTRICT),
    Move("rate", "at_district", "rated", Side.DISTRICT, with_result=True),
    Move("certify", "at_district", "certified", Side.DISTRICT, with_result=True),
    Move("return", "at_district", "dossier_returned", Side.DISTRICT, needs_reason=True),
    Move("accept", "forwarded", "in_evaluation", Side.PROVINCE),
    Move("return", "forwarded", "returned_by_province", Side.PROVINCE, needs_reason=True),
    Move("send_back", "forwarded", "dossier_submitted", Side.PROVINCE, needs_reason=True, at_level="-district"),
    Move("return", "in_evaluation", "returned_by_province", Side.PROVINCE, needs_reason=True),
    Move("resubmit", "returned_by_province", "forwarded", Side.PRODUCER),
    # the result
    Move("rate", "in_evaluation", "rated", Side.PROVINCE, with_result=True),
    Move("certify", "in_evaluation", "certified", Side.PROVINCE, with_result=True),
    Move("propose", "in_evaluation", "proposed_for_five", Side.PROVINCE, with_result=True),
    Move("certify", "proposed_for_five", "certified", Side.CENTRE, with_result=True),
    Move("rate", "proposed_for_five", "rated", Side.CENTRE, with_result=True),
    Move("amend", "rated", "rated", Side.PROVINCE, needs_reason=True),
    Move("amend", "certified", "certified", Side.PROVINCE, needs_reason=True),
    Move("revoke", "certified", "revoked", Side.PROVINCE, needs_reason=True),
    Move("expire", "certified", "expired", Side.CALENDAR),
)


BEGUN = "dossier_begun"
"""What no office has been given yet."""
FIRST = ("idea_submitted", BEGUN)
"""Statuses in which a case begins."""
WAITS_FOR_ROUND = frozenset({"idea_not_this_year", "plan_next_cycle", "rated"})
"""What may stand again once the next round opens."""
OVER = frozenset({"rated", "expired", "revoked"})
"""What leads to nothing any more; to stand again is a case of its own."""

_CARRYING_OUT = 4  # the step of the cycle that begins when the plan is accepted


def moves_from(status: str, levels: Collection[str] = ()) -> tuple[Move, ...]:
    """The moves a case in this status may make under rules with these levels."""
    return tuple(m for m in MOVES if m.from_status == status and _has_level(m, levels))


def _has_level(move: Move, levels: Collection[str]) -> bool:
    if move.at_level.startswith("-"):
        return move.at_level[1:] not in levels
    return not move.at_level or move.at_level in levels


def move(action: str, from_status: str, levels: Collection[str] = ()) -> Move | None:
    """The move, or None where the table has none."""
    return next((m for m in moves_from(from_status, levels) if m.action == action), None)


def sides_of(done: Iterable[str], levels: Collection[str] = ()) -> tuple[Side | None, ...]:
    """Whose turn each action of a case's history was, from "submit" or "stand_again" on; None for what moved nothing.

    A decision is taken back by who made it. A return of several items has a line for each, and only the first of them
    moved the case.
    """
    status, before = "idea_submitted", "idea_submitted"
    last = Side.PRODUCER
    found: list[Side | None] = []
    for action in done:
        step = move(action, status, levels)
        if action == "stand_again":
            status = before = "dossier_begun"
        elif action == "undo":
            status = before
        elif step is not None:
            before, status, last = status, step.to_status, step.who
        moved = step is not None or action in ("submit", "stand_again", "return", "undo")
        found.append(last if moved else None)
    return tuple(found)


def actions(from_status: str, *sides: Side) -> tuple[str, ...]:
    """What these sides may do with a case now, each once, in the order of the table."""
    return tuple(dict.fromkeys(m.action for m in MOVES if m.from_status == from_status and m.who in sides))


@cache
def owned_by(*sides: Side) -> tuple[str, ...]:
    """Names of the statuses in which one of these sides has to act."""
    return tuple(status.name for status in STATUSES.values() if status.owner in sides)


def is_dossier(status: str) -> bool:
    """Whether the papers of the dossier are asked for, and no longer those of the plan."""
    return STATUSES[status].step >= _CARRYING_OUT


def limit_of(rules: Ruleset, status: str, purpose: str) -> Deadline | None:
    """How long the owner of a case has that stands again for this ("" if it doesn't); None where nobody is awaited.

    A renewal is rated in days of its own where the rules give any (26/2026/QĐ-TTg art. 7.6g).
    """
    name = STATUSES[status].deadline
    if name == "provincial_rating" and purpose == "renewal":
        name = "reevaluation"
    return rules.deadlines[name] if name else None


def waits_for_authority(status: str) -> bool:
    """Whether an officer of some level has to act, so that the producer need not."""
    return STATUSES[status].owner in AUTHORITIES
