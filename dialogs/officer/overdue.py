"""What officers are told of cases whose deadline has passed, and producers of a certificate that has run out."""

from collections.abc import Sequence
from dataclasses import dataclass

from dialogs.model import N_, Link, SendMessage, Text, Value
from dialogs.officer.alerts import open_link

MOST_LINES = 7
MOST_BUTTONS = 4


@dataclass(frozen=True, slots=True)
class Late:
    """An overdue case: `days` are working days since its deadline, at least one."""

    code: str
    product: str
    days: int


def _line(late: Late) -> Text:
    values: dict[str, Value] = {"code": late.code, "product": late.product, "count": late.days}
    return Text(
        N_("• %(code)s %(product)s: %(count)s working day overdue"),
        values,
        N_("• %(code)s %(product)s: %(count)s working days overdue"),
    )


def _listed(cases: Sequence[Late]) -> tuple[Text, ...]:
    """The first ones, and how many more there are."""
    more = len(cases) - MOST_LINES
    rest = (Text(N_("and %(count)s more"), {"count": more}),) if more > 0 else ()
    return (*map(_line, cases[:MOST_LINES]), *rest)


def _links(cases: Sequence[Late]) -> tuple[Link, ...]:
    return tuple(open_link(late.code) for late in cases[:MOST_BUTTONS])


def _how_many(cases: Sequence[Late]) -> Text:
    return Text(N_("%(count)s case is overdue:"), {"count": len(cases)}, N_("%(count)s cases are overdue:"))


def warning(cases: Sequence[Late], time: str = "", name: str = "") -> SendMessage:
    """To who has to act. `time` today is when `name` will be told; "" where there is nobody above.

    Without them also to who is told because the others could not be: it may be `name`.
    """
    announced = (Text(N_("At %(time)s today I shall tell %(name)s."), {"time": time, "name": name}),) if name else ()
    return SendMessage((_how_many(cases), *_listed(cases), *announced), links=_links(cases))


def passed_up(cases: Sequence[Late], place: Text | str, name: str) -> SendMessage:
    """To the one above. `name` has the cases in hand, "" nobody has."""
    who = (
        Text(N_("%(name)s has been told. Could you have a look?"), {"name": name})
        if name
        else Text(N_("Nobody has taken this in hand. Could you have a look?"))
    )
    head = Text(N_("%(place)s: %(cases)s"), {"place": place, "cases": _how_many(cases)})
    return SendMessage((head, *_listed(cases), who), links=_links(cases))


def passed_up_already(cases: Sequence[Late], name: str) -> SendMessage:
    """To who had to act."""
    return SendMessage((Text(N_("I have told %(name)s:"), {"name": name}), *_listed(cases)), links=_links(cases))
