"""A corrected result in words: what stood there and what stands there now, for whoever reads it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from dialogs.model import N_, Change, Text, Value

NAMES: Mapping[str, str] = {
    "points_a": N_("Part A"),
    "points_b": N_("Part B"),
    "points_c": N_("Part C"),
    "stars": N_("Stars"),
    "decision": N_("Decision"),
    "decided_on": N_("Day of the decision"),
    "certificate_until": N_("Certificate until"),
    "product_code": N_("Product code"),
}
"""What may be put right in a published result, in the order in which it is said."""

TWO_VERSIONS = ("amend", "otherwise")
"""Lines of the history that have a result twice: put right later, or not as the council came to it."""


def correction_lines(changes: Sequence[Change]) -> tuple[Text, ...]:
    """ "• Decision: 821/QĐ-UBND (before: 812/QĐ-UBND)", for each thing that was put right."""
    return tuple(_line(change.item.partition(":")[2], change.before, change.after) for change in changes)


def _line(name: str, before: str, after: str) -> Text:
    values: dict[str, Value] = {"before": shown(name, before), "after": shown(name, after)}
    return Text(N_("• %(item)s: %(after)s (before: %(before)s)"), {"item": Text(NAMES[name]), **values})


def shown(name: str, value: str) -> Value:
    """A field of a result, as text, in words."""
    if not value:
        return Text(N_("nothing"))
    if name in ("decided_on", "certificate_until"):
        return Text("%(day)s", {"day": date.fromisoformat(value)})
    return Text("%(points)s", {"points": Decimal(value)}) if name.startswith("points") else value
