"""The shortest lists of items that bring a product to a star: gates first, then what is cheapest. Pure.

Every item may stay as it is or be raised to one of its better options; what a plan changes is chosen exactly, as a
knapsack over the points that are still needed, so that a plan has no item too many. An open item counts as nothing:
whoever has it already is told to answer it first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from dialogs.rules.ruleset import ruleset
from dialogs.rules.scoring import Marks, Score, score
from dialogs.rules.sheet import GATES, Criterion, Sheet
from dialogs.rules.work import Effort, Works

Way = Literal["fewest", "cheapest", "soonest"]
_UNIT = 10_000
"""Above every sum of items, weeks or millions on one sheet: three figures become one that compares alike."""
_NEVER = _UNIT**4
"""More than any list costs: that many points can't be had."""


@dataclass(frozen=True, slots=True)
class Step:
    """One item to be raised to `option`. `gate`: the star, up to the plan's own, that asks for it, 0 for none.

    `weeks` and `millions` of đồng: from where the item stands. `points`: what it gains. `open`: it was not marked, so
    it may be there already.
    """

    code: str
    option: int
    gate: int
    weeks: int
    millions: int
    points: int
    open: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps`: gates first, then the cheapest. `points`: the total that they lead to, with open items at nothing.

    `weeks`: until the last is done, as they can be done side by side.
    """

    way: Way
    stars: int
    steps: tuple[Step, ...]
    points: int

    @property
    def weeks(self) -> int:
        return max((step.weeks for step in self.steps), default=0)

    @property
    def millions(self) -> int:
        return sum(step.millions for step in self.steps)


def next_stars(result: Score) -> int | None:
    """The star to aim at: three at least, as fewer bring no certificate; None for who has five."""
    return max(result.stars + 1, GATES[0]) if result.stars < GATES[-1] else None


def plans(sheet: Sheet, marks: Marks, stars: int, works: Works, at_least: int = 0) -> tuple[Plan, ...]:
    """The ways to a star, each another list: with the fewest items, for the least money, in the shortest time.

    `at_least`: points to gain whatever the marks say, as where a council has given fewer. Empty where the star can't
    be reached by what is advised. A product that is there already has plans without steps. Raises what `score` does.
    """
    now = score(sheet, marks)
    bands = ruleset(sheet.ruleset).thresholds
    needed = max(next(b.from_points for b in bands if b.stars == stars), int(now.total) + at_least)
    items = [_Item(criterion, marks, stars, _nought(sheet, now), works) for criterion in sheet.criteria]
    groups = [tuple(_combined(group)) for group in _groups(items)]
    found: dict[tuple[Step, ...], Plan] = {}
    for way, allowed, price in _ways(groups, needed):
        chosen = _cheapest(allowed, needed, price)
        if chosen is None:
            return ()
        steps = tuple(sorted((s for choice in chosen for s in choice.steps), key=_order))
        found.setdefault(steps, Plan(way, stars, steps, sum(choice.points for choice in chosen)))
    return tuple(found.values())


def _order(step: Step) -> tuple[int, int, int, tuple[int, ...]]:
    code = tuple(map(int, step.code.split(".")))
    return step.gate or GATES[-1] + 1, step.millions, step.weeks, code


def _nought(sheet: Sheet, now: Score) -> frozenset[str]:
    """Codes that must not stay at nothing, as that alone knocks the product out."""
    return frozenset(code for knockout in now.knocked_out for code in knockout.zero_in) & {
        criterion.code for criterion in sheet.criteria
    }


# ---------------------------------------------------------------- what each item may become


@dataclass(frozen=True, slots=True)
class _Choice:
    """Of one item or of several that hang together: the points they come to, and what is changed for them."""

    points: int
    steps: tuple[Step, ...]

    @property
    def count(self) -> int:
        return len(self.steps)

    @property
    def weeks(self) -> int:
        return max((step.weeks for step in self.steps), default=0)

    @property
    def all_weeks(self) -> int:
        return sum(step.weeks for step in self.steps)

    @property
    def millions(self) -> int:
        return sum(step.millions for step in self.steps)


class _Item:
    """A criterion as it is marked: `least`, the points it must have for the star."""

    def __init__(self, criterion: Criterion, marks: Marks, stars: int, nought: frozenset[str], works: Works) -> None:
        self.criterion = criterion
        mark = marks.get(criterion.code)
        option = criterion.options[mark - 1] if mark else None
        self._mark, self._case = mark, option.case if option is not None else None
        self._has = option.points if option is not None else 0
        self._gates = [(o.points, o.gate) for o in criterion.options if o.gate and o.gate <= stars]
        self.least = max([points for points, _ in self._gates], default=0)
        if criterion.code in nought:
            self.least = max(self.least, 1)
        self._efforts = works.of(criterion).efforts[: len(criterion.options)]

    def choices(self) -> Iterator[_Choice]:
        """To stay, and each better option that is advised; of two ways to score an item the one that was chosen."""
        yield _Choice(self._has, ())
        for number, (option, effort) in enumerate(zip(self.criterion.options, self._efforts, strict=True), start=1):
            same_case = self._case is None or option.case == self._case
            if effort is not None and same_case and option.points > max(self._has, self.least - 1):
                yield _Choice(option.points, (self._step(number, option.points, effort),))

    def _step(self, number: int, points: int, effort: Effort) -> Step:
        here = (self._efforts[self._mark - 1] if self._mark else None) or Effort(0, 0)
        return Step(
            code=self.criterion.code,
            option=number,
            gate=min((gate for least, gate in self._gates if least > self._has), default=0),
            weeks=max(effort.weeks - here.weeks, 0),
            millions=max(effort.millions - here.millions, 0),
            points=points - self._has,
            open=self._mark is None,
        )


def _groups(items: Iterable[_Item]) -> list[list[_Item]]:
    """Items that count only beside another stand with it; every other one alone."""
    found: dict[str, list[_Item]] = {}
    for item in items:
        needed = item.criterion.needs
        group = next((g for g in found.values() if any(i.criterion.code == needed for i in g)), None)
        if group is None:
            found[item.criterion.code] = [item]
        else:
            group.append(item)
    return list(found.values())


def _combined(group: Sequence[_Item]) -> Iterator[_Choice]:
    """What the items of a group may come to together, where each has what the star asks of it."""
    for choices in product(*(tuple(item.choices()) for item in group)):
        points: dict[str, int] = {}
        for item, choice in zip(group, choices, strict=True):
            needed = item.criterion.needs
            points[item.criterion.code] = choice.points if not needed or points[needed] else 0
        if all(points[item.criterion.code] >= item.least for item in group):
            yield _Choice(sum(points.values()), tuple(step for choice in choices for step in choice.steps))


# ---------------------------------------------------------------- choosing among them

_Price = Callable[[_Choice], int]


def _fewest(choice: _Choice) -> int:
    return (choice.count * _UNIT + choice.millions) * _UNIT + choice.all_weeks


def _least_money(choice: _Choice) -> int:
    return (choice.millions * _UNIT + choice.count) * _UNIT + choice.all_weeks


def _ways(
    groups: Sequence[tuple[_Choice, ...]], needed: int
) -> Iterator[tuple[Way, Sequence[tuple[_Choice, ...]], _Price]]:
    yield "fewest", groups, _fewest
    yield "cheapest", groups, _least_money
    yield "soonest", _within_weeks(groups, needed), _fewest


def _within_weeks(groups: Sequence[tuple[_Choice, ...]], needed: int) -> Sequence[tuple[_Choice, ...]]:
    """The choices that are done by the earliest week in which enough can be done."""
    for weeks in sorted({choice.weeks for group in groups for choice in group}):
        inside = [tuple(choice for choice in group if choice.weeks <= weeks) for group in groups]
        if all(inside) and sum(max(choice.points for choice in group) for group in inside) >= needed:
            return inside
    return groups


def _cheapest(groups: Sequence[tuple[_Choice, ...]], needed: int, price: _Price) -> tuple[_Choice, ...] | None:
    """One choice of each group, together worth `needed` points at the lowest price; None where they can't be.

    Points above what is needed count as no more, so the table has a column for each point that is still to be had.
    """
    if not all(groups):
        return None
    floors = [min(choice.points for choice in group) for group in groups]
    missing = max(needed - sum(floors), 0)
    spent = [0, *[_NEVER] * missing]
    taken: list[list[tuple[int, int]]] = []  # of each group and column: the column before, and the choice
    for floor, group in zip(floors, groups, strict=True):
        priced = [(choice.points - floor, price(choice), place) for place, choice in enumerate(group)]
        after, way = [_NEVER] * (missing + 1), [(0, 0)] * (missing + 1)
        for column, so_far in enumerate(spent):
            if so_far == _NEVER:
                continue
            for gain, cost, place in priced:
                reached = min(column + gain, missing)
                if so_far + cost < after[reached]:
                    after[reached], way[reached] = so_far + cost, (column, place)
        spent = after
        taken.append(way)
    if spent[missing] == _NEVER:
        return None
    chosen, column = [], missing
    for group, way in zip(reversed(groups), reversed(taken), strict=True):
        column, place = way[column]
        chosen.append(group[place])
    return tuple(reversed(chosen))


def raised(marks: Marks, plan: Plan) -> dict[str, int]:
    """The marks once the plan is done; what stays open has none of these."""
    return {**marks, **{step.code: step.option for step in plan.steps}}
