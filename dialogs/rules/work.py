"""What can be done about an item of a score sheet, as data: an example, the work, who helps, weeks and money.

`work.toml` stands beside the sheets of a ruleset. Weeks and money are estimates of this project, said as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from dialogs.rules.ruleset import Label
from dialogs.rules.sheet import Criterion, folder_of
from dialogs.rules.tables import Document, Table, read

MAX_TEXT_CHARS = 120
"""Of an example or what to do: it is read on a small telephone."""
_NOT_ADVISED = "-"


@dataclass(frozen=True, slots=True)
class Service:
    """Who helps. `where`: whom to ask for it."""

    label: Label
    where: Label


@dataclass(frozen=True, slots=True)
class MoneyClass:
    """What something takes out of one's own pocket. `upto`: in millions of đồng, for adding up and comparing."""

    upto: int
    label: Label


@dataclass(frozen=True, slots=True)
class Effort:
    """From nothing to an option: weeks, and millions of đồng."""

    weeks: int
    millions: int


@dataclass(frozen=True, slots=True)
class Work:
    """`efforts`: of each option in the order of the sheet; None for what nobody is advised to change for points.

    `proofs`: ids of papers that show each option, any of which will do; empty: the criterion's own. `shows`: the option
    that a paper alone makes sure of, by its id.
    """

    example: Label
    do: Label
    service: Service
    efforts: tuple[Effort | None, ...]
    proofs: tuple[tuple[str, ...], ...]
    shows: Mapping[str, int]

    def proof(self, criterion: Criterion, option: int) -> str:
        """The paper of the ruleset that shows this option (from 1) of one of its criteria, or ""."""
        wanted = self.proofs[option - 1] if self.proofs else criterion.papers
        return next((paper for paper in wanted if paper in criterion.papers), "")


@dataclass(frozen=True, slots=True)
class Works:
    """Of a ruleset: the work by name of the criterion, and the classes of money, cheapest first."""

    by_criterion: Mapping[str, Work]
    money: tuple[MoneyClass, ...]

    def of(self, criterion: Criterion) -> Work:
        """Raises LookupError for a criterion that nothing is known about; a test asks for all of them."""
        return self.by_criterion[criterion.name]

    def money_class(self, millions: int) -> MoneyClass:
        return next((one for one in self.money if millions <= one.upto), self.money[-1])


@cache
def works(ruleset_id: str) -> Works:
    """Raises LookupError where nothing is known, RulesetError at the first thing that is wrong."""
    path = folder_of(ruleset_id) / "work.toml"
    if not path.is_file():
        raise LookupError(f"{ruleset_id} has no work.toml")
    return load(path)


def load(path: Path) -> Works:
    """Raises RulesetError."""
    file = read(path)
    top = Table(Document(file, {}), (), file.values)
    top.only("source", "money", "services", "work")
    top.text("source")
    money = tuple(_money(table) for table in top.named("money").values())
    services = {name: _service(table) for name, table in top.named("services").items()}
    found: dict[str, Work] = {}
    for table in top.named("work").values():
        one = _work(table, money, services)
        for name in table.list_of("of", str):
            if name in found:
                raise table.wrong(f"{name} stands under two works", "of")
            found[name] = one
    return Works(MappingProxyType(found), money)


def _money(table: Table) -> MoneyClass:
    table.only("upto", "label")
    return MoneyClass(table.number("upto", range(1_000)), table.label("label"))


def _service(table: Table) -> Service:
    table.only("label", "where")
    return Service(table.label("label"), table.label("where"))


def _work(table: Table, money: tuple[MoneyClass, ...], services: Mapping[str, Service]) -> Work:
    table.only("of", "example", "do", "service", "weeks", "money", "proof", "shows")
    weeks, classes = (table.text(key).split() for key in ("weeks", "money"))
    if len(weeks) != len(classes):
        raise table.wrong(f"{len(classes)} classes of money for {len(weeks)} options", "money")
    efforts = tuple(_effort(table, money, *pair) for pair in zip(weeks, classes, strict=True))
    _check(table, efforts)
    proofs = tuple(tuple(one.split("/")) for one in (table.maybe("proof", str) or "").split())
    if proofs and len(proofs) != len(efforts):
        raise table.wrong(f"{len(proofs)} proofs for {len(efforts)} options", "proof")
    return Work(
        table.label("example", MAX_TEXT_CHARS),
        table.label("do", MAX_TEXT_CHARS),
        services[table.choice("service", services.keys())],
        efforts,
        proofs,
        _shows(table, len(efforts)),
    )


def _shows(table: Table, options: int) -> Mapping[str, int]:
    if "shows" not in table.values:
        return {}
    shown = table.table("shows")
    return {paper: shown.number(paper, range(1, options + 1)) for paper in shown.values}


def _effort(table: Table, money: tuple[MoneyClass, ...], weeks: str, of_money: str) -> Effort | None:
    if (weeks, of_money) == (_NOT_ADVISED, _NOT_ADVISED):
        return None
    if not weeks.isdigit():
        raise table.wrong(f"{weeks!r} are no weeks", "weeks")
    if not of_money.isdigit() or int(of_money) >= len(money):
        raise table.wrong(f"there is no class of money {of_money!r}", "money")
    return Effort(int(weeks), money[int(of_money)].upto)


def _check(table: Table, efforts: tuple[Effort | None, ...]) -> None:
    """What is not advised comes last: after it the way on could not be counted from where one is."""
    for before, after in pairwise(efforts):
        if before is None and after is not None:
            raise table.wrong("an option that is advised stands after one that is not", "weeks")
