"""What points lead to: stars by the case's own rules, who certifies them, and how long a certificate is good."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dialogs.rules.lifecycle import STATUSES, Side, move
from dialogs.rules.ruleset import PART_IDS, Level, PartId, Ruleset
from dialogs.rules.sheet import Sheet

_LEVELS = tuple(Level)  # from the commune up
_LEVEL_OF = {Side.DISTRICT: Level.DISTRICT, Side.PROVINCE: Level.PROVINCE, Side.CENTRE: Level.CENTRE}
_MONTHS_A_YEAR = 12
DECIMALS = 2
"""Of a part's points: a council's average is given to hundredths."""


class WrongPoints(Exception):
    """Points that no council can have given to this part."""

    def __init__(self, part: PartId, points: Decimal) -> None:
        super().__init__(f"part {part}: {points}")
        self.part = part


class WrongItems(Exception):
    """Points of items that no council can have given.

    `why`: unknown, over, negative or missing, of an item; sum, of a part.
    """

    def __init__(self, why: str, at: str) -> None:
        super().__init__(f"{why}: {at}")
        self.why, self.at = why, at


@dataclass(frozen=True, slots=True)
class Rating:
    """`action` is the move it makes: rate, certify, propose; or forward, when a higher level has to decide."""

    action: str
    total: Decimal
    stars: int


def rating(rules: Ruleset, status: str, points: Mapping[PartId, Decimal], decided: int = 0) -> Rating:
    """What a council's points for a case in this status mean. Raises WrongPoints, LookupError where none rates.

    `decided`: the stars a council gave where the points would bring more than the gates allow; 0: those of the points.

    A level certifies what its own rules give it and whatever a level below it would have: a product that misses five
    stars at the centre gets its three or four on the basis of that result (26/2026/QĐ-TTg art. 7.4g). What only a
    higher level certifies is proposed to it, or, from a district, sent up.
    """
    for part in PART_IDS:
        check_points(rules, part, points[part])
    total = sum((points[part] for part in PART_IDS), Decimal(0))
    stars = min(decided, rules.stars(total)) or rules.stars(total)
    level = _LEVEL_OF.get(STATUSES[status].owner)
    if level is None:
        raise LookupError(f"nobody rates a case that is {status}")
    certifier = rules.certifies[stars]
    if certifier is None or stars < rules.min_stars_for_certificate:
        return Rating("rate", total, stars)
    if _LEVELS.index(certifier) <= _LEVELS.index(level):
        return Rating("certify", total, stars)
    return Rating("propose" if move("propose", status) is not None else "forward", total, stars)


def check_points(rules: Ruleset, part: PartId, points: Decimal) -> None:
    """Raises WrongPoints for what is negative, over the part's maximum or finer than hundredths."""
    exponent = points.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMALS or not 0 <= points <= rules.parts[part].max_points:
        raise WrongPoints(part, points)


def check_items(sheet: Sheet, items: Mapping[str, Decimal], parts: Mapping[PartId, Decimal]) -> None:
    """Raises WrongItems unless every item of the sheet has points, and they come to those of each part.

    As far as rounding leaves them: averages are rounded item by item, and a part from what they were before.
    """
    most = {criterion.code: criterion.max_points for criterion in sheet.criteria}
    for code, points in items.items():
        if code not in most:
            raise WrongItems("unknown", code)
        exponent = points.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -DECIMALS or points > most[code]:
            raise WrongItems("over", code)
        if points < 0:
            raise WrongItems("negative", code)
    for code in most:
        if code not in items:
            raise WrongItems("missing", code)
    for part in PART_IDS:
        given = [items[c.code] for c in sheet.criteria if c.part == part]
        if abs(sum(given, Decimal(0)) - parts.get(part, Decimal("Infinity"))) > _rounding(given):
            raise WrongItems("sum", part)


def _rounding(items: Sequence[Decimal]) -> Decimal:
    """What the sum of these may be off: half a hundredth each and one of the part; nothing where all are whole."""
    if all(points == points.to_integral_value() for points in items):
        return Decimal(0)
    return len(items) * Decimal("0.005") + Decimal("0.01")


def certificate_until(rules: Ruleset, action: str, decided_on: date) -> date | None:
    """Last day of the certificate that this move brings, or None: art. 4.3, 36 months from the decision."""
    return months_after(decided_on, rules.certificate_months) if action == "certify" else None


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
