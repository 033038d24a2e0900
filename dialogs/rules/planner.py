"""The shortest lists of items that bring a product to a star: gates first, then what is cheapest. Pure.

Every item may stay as it is or be raised to one of its better options; what a plan changes is chosen exactly, as a
knapsack over the points that are still needed, so that a plan has no item too many. An open item counts as nothing:
whoever has it already is told to answer it first. Points are counted in hundredths, as a council's averages need.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import ceil
from types import MappingProxyType
from typing import Literal

from dialogs.rules.ruleset import Label, ruleset
from dialogs.rules.scoring import Marks, Score, score
from dialogs.rules.sheet import GATES, Criterion, Sheet
from dialogs.rules.work import Effort, Works

Way = Literal["fewest", "cheapest", "soonest"]
_UNIT = 10_000
"""Above every sum of items, weeks or millions on one sheet: three figures become one that compares alike."""
_POINT = 100
"""Hundredths."""


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
    points: Decimal
    open: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps`: gates first, then the cheapest. `points`: the total that they lead to, with open items at nothing.

    `weeks`: until the last is done, as they can be done side by side.
    """

    way: Way
    stars: int
    steps: tuple[Step, ...]
    points: Decimal

    @property
    def weeks(self) -> int:
        return max((step.weeks for step in self.steps), default=0)

    @property
    def millions(self) -> int:
        return sum(step.millions for step in self.steps)


def next_stars(result: Score) -> int | None:
    """The star to aim at: three at least, as fewer bring no certificate; None for who has five."""
    return max(result.stars + 1, GATES[0]) if result.stars < GATES[-1] else None


def plans(
    sheet: Sheet,
    marks: Marks,
    stars: int,
    works: Works,
    given: Mapping[str, Decimal] = MappingProxyType({}),
    to_gain: Decimal | None = None,
) -> tuple[Plan, ...]:
    """The ways to a star, each another list: with the fewest items, for the least money, in the shortest time.

    `given`: points of items where they are other than those of the marked option, as a council's average between two.
    `to_gain`: so many points more than the marks have, instead of what the star begins with. Empty where the star can't
    be reached by what is advised. A product that is there already has plans without steps. Raises what `score` does.
    """
    now = score(sheet, marks)
    nought = _nought(sheet, now)
    begins = ruleset(sheet.ruleset).points_for(stars)
    needed = ceil((begins if to_gain is None else now.total + to_gain) * _POINT)
    by_case = []
    for case in _cases(sheet, marks):
        items = [_Item(criterion, marks, given, stars, nought, works, case) for criterion in sheet.criteria]
        by_case.append([tuple(_combined(group)) for group in _groups(items)])
    found: dict[tuple[Step, ...], Plan] = {}
    for way in _PRICES:
        lists = [chosen for groups in by_case if (chosen := _chosen(way, groups, needed)) is not None]
        if not lists:
            return ()
        best = min(lists, key=lambda chosen: _total(way, chosen))
        steps = tuple(sorted((step for choice in best for step in choice.steps), key=_order))
        points = Decimal(sum(choice.points for choice in best)) / _POINT
        found.setdefault(steps, Plan(way, stars, steps, points))
    return tuple(found.values())


def case_marked(sheet: Sheet, marks: Marks) -> Label | None:
    """Of two ways to score some items of a sheet the one that was marked, if any was."""
    marked = (c.options[marks[c.code] - 1].case for c in sheet.criteria if marks.get(c.code))
    return next(filter(None, marked), None)


def _cases(sheet: Sheet, marks: Marks) -> tuple[Label | None, ...]:
    """The ways that a plan may take: the one that was marked; all of them while none was."""
    known = case_marked(sheet, marks)
    every = dict.fromkeys(option.case for c in sheet.criteria for option in c.options if option.case)
    return (known,) if known is not None else tuple(every) or (None,)


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
    """Of one item or of several that hang together: what they come to in hundredths, and what is changed for them."""

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

    def __init__(
        self,
        criterion: Criterion,
        marks: Marks,
        given: Mapping[str, Decimal],
        stars: int,
        nought: frozenset[str],
        works: Works,
        case: Label | None,
    ) -> None:
        self.criterion = criterion
        mark = marks.get(criterion.code)
        option = criterion.options[mark - 1] if mark else None
        self._mark, self._case = mark, (option.case if option is not None else None) or case
        marked = option.points if option is not None else 0
        self._has = int(given.get(criterion.code, marked) * _POINT)
        self._gates = [(o.points * _POINT, o.gate) for o in criterion.options if o.gate and o.gate <= stars]
        self.least = max([points for points, _ in self._gates], default=0)
        if criterion.code in nought:
            self.least = max(self.least, 1)
        self._efforts = works.of(criterion).efforts[: len(criterion.options)]

    def choices(self) -> Iterator[_Choice]:
        """To stay, and each better option that is advised; of two ways to score an item the one that was chosen."""
        yield _Choice(self._has, ())
        for number, (option, effort) in enumerate(zip(self.criterion.options, self._efforts, strict=True), start=1):
            points, same_case = option.points * _POINT, option.case in (None, self._case)
            if effort is not None and same_case and points > max(self._has, self.least - 1):
                yield _Choice(points, (self._step(number, points, effort),))

    def _step(self, number: int, points: int, effort: Effort) -> Step:
        here = (self._efforts[self._mark - 1] if self._mark else None) or Effort(0, 0)
        return Step(
            code=self.criterion.code,
            option=number,
            gate=min((gate for least, gate in self._gates if least > self._has), default=0),
            weeks=max(effort.weeks - here.weeks, 0),
            millions=max(effort.millions - here.millions, 0),
            points=Decimal(points - self._has) / _POINT,
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


_PRICES: Mapping[Way, _Price] = {"fewest": _fewest, "cheapest": _least_money, "soonest": _fewest}


def _total(way: Way, chosen: Sequence[_Choice]) -> tuple[int, int]:
    """What one list is better by than another."""
    weeks = max((choice.weeks for choice in chosen), default=0) if way == "soonest" else 0
    return weeks, sum(map(_PRICES[way], chosen))


def _chosen(way: Way, groups: Sequence[tuple[_Choice, ...]], needed: int) -> tuple[_Choice, ...] | None:
    allowed = _within_weeks(groups, needed) if way == "soonest" else groups
    return _cheapest(allowed, needed, _PRICES[way])


def _within_weeks(groups: Sequence[tuple[_Choice, ...]], needed: int) -> Sequence[tuple[_Choice, ...]]:
    """The choices that are done by the earliest week in which enough can be done."""
    for weeks in sorted({choice.weeks for group in groups for choice in group}):
        inside = [tuple(choice for choice in group if choice.weeks <= weeks) for group in groups]
        if all(inside) and sum(max(choice.points for choice in group) for group in inside) >= needed:
            return inside
    return groups


def _cheapest(groups: Sequence[tuple[_Choice, ...]], needed: int, price: _Price) -> tuple[_Choice, ...] | None:
    """One choice of each group, together worth `needed` points at the lowest price; None where they can't be.

    Of what the groups so far may come to only that is kept which nothing cheaper comes up to, and from which the rest
    still leads there. Points above what is needed count as no more.
    """
    if not all(groups):
        return None
    rest = sum(max(choice.points for choice in group) for group in groups)
    reached = [(0, 0)]
    taken: list[list[tuple[int, int]]] = []  # of each group and total: the total before it, and the choice
    for group in groups:
        rest -= max(choice.points for choice in group)
        priced = [(choice.points, price(choice), place) for place, choice in enumerate(group)]
        tried = sorted(
            (cost + more, -min(points + gain, needed), before, place)
            for before, (points, cost) in enumerate(reached)
            for gain, more, place in priced
            if points + gain + rest >= needed
        )
        reached, way = [], []
        for cost, less, before, place in tried:
            if not reached or -less > reached[-1][0]:
                reached.append((-less, cost))
                way.append((before, place))
        taken.append(way)
    if not reached:
        return None
    chosen, at = [], 0  # the first one: nothing cheaper is enough
    for group, way in zip(reversed(groups), reversed(taken), strict=True):
        at, place = way[at]
        chosen.append(group[place])
    return tuple(reversed(chosen))


def raised(marks: Marks, plan: Plan) -> dict[str, int]:
    """The marks once the plan is done; what stays open has none of these."""
    return {**marks, **{step.code: step.option for step in plan.steps}}
