"""Councils and ballots at every stage, for the walk of bot.doctor through the dialogs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from bot.catalogs import VIETNAM
from dialogs.council.facts import BOUND, DECLARED, FREE, SCORING
from dialogs.council.outcome import agreed_by, result_of
from dialogs.model import Ballot, Cast, Council, HandedOver, Reading, Remark, Seat, Tabled
from dialogs.rules.sheet import sheet

_RULES, _SET = "ocop-2026", 7
_DAY = date(2026, 11, 23)
_OVER = datetime(2026, 11, 23, 16, tzinfo=VIETNAM)
_REMARK = Remark("Phạm Văn Long", "Nên xem chỗ sấy và kiểm nghiệm độ ẩm.")
_MAKER = "Hợp tác xã nông nghiệp và du lịch cộng đồng Tân Lĩnh"


def sample_marks(but: str = "") -> Mapping[str, int]:
    """The best mark of each item, but of one the worst."""
    form = sheet(_RULES, _SET)
    best = {c.code: max(range(1, len(c.options) + 1), key=lambda n: c.options[n - 1].points) for c in form.criteria}
    return best | ({but: 1} if but else {})


def sample_ballots() -> tuple[Ballot, ...]:
    """One of every kind; of each the code is another one's."""
    whole = sample_marks()
    some = dict(list(whole.items())[:1])  # the next item has a line 2 and another line of two points
    kinds: tuple[tuple[str, Mapping[str, int], bool], ...] = (
        *(("", {}, False), (FREE, some, False), (FREE, whole, False), (FREE, whole, True)),
        *((DECLARED, {}, False), (BOUND, {}, False)),
    )
    scored = tuple(
        Ballot("1/2026", f"HCM102-26-2234{n:02}", f"Sản phẩm {n:02}", _MAKER, _RULES, _SET, SCORING, *kind)
        for n, kind in enumerate(kinds)
    )
    over = Ballot(
        "1/2026", "HCM102-26-223490", "Sản phẩm 90", _MAKER, _RULES, _SET, SCORING, FREE, whole, True, closed=True
    )
    gone = Ballot("1/2026", "HCM102-26-223491", "Mật ong", _MAKER, _RULES, _SET, "returned_by_province")
    return (*scored, over, gone, *_to_read())


def _to_read() -> tuple[Ballot, ...]:
    """Of the advisory group: not said yet, to be read, read, concerned; and one of the council's with its report."""
    kinds = ("", False, ""), (FREE, False, ""), (FREE, True, _REMARK.text), (DECLARED, False, "")
    dossiers = tuple(
        Ballot(
            *("1/2026", f"HCM102-26-2235{n:02}", f"Sản phẩm {n:02}", _MAKER, _RULES, _SET, SCORING, standing),
            submitted=read,
            remark=remark,
            advisory=True,
            until=_DAY,
        )
        for n, (standing, read, remark) in enumerate(kinds)
    )
    over = replace(dossiers[0], code="HCM102-26-223590", closed=True)
    scored = Ballot("1/2026", "HCM102-26-223599", "Mật ong", _MAKER, _RULES, _SET, SCORING, FREE, report=(_REMARK,))
    return (*dossiers, over, scored)


def sample_councils() -> tuple[Council, ...]:
    """New, scoring, ready to end, and over with points and gates that agree and that do not; codes as in bot.doctor."""
    seats = (
        Seat(1, "Nguyễn Thị Thu, Sở Nông nghiệp và Môi trường", chair=True, taken=True),
        Seat(2, "Lê Văn Nam, Sở Công Thương", until=_DAY),
        Seat(3, "Bùi Thị Hoa", taken=True),
        Seat(4, "Đỗ Văn Khánh"),
        Seat(5, "Vũ Thị Lan", taken=True),
    )
    group = (
        Seat(6, "Phạm Văn Long, Chi cục Phát triển nông thôn", taken=True, advisory=True),
        Seat(7, "Hoàng Thị Mai", until=_DAY, advisory=True),
    )
    given = HandedOver(_DAY, _DAY, (Reading(6, FREE, read=True, remark=_REMARK.text), Reading(7)))
    scored = tuple(Cast(n, FREE, sample_marks(), submitted=True) for n in (1, 2, 3))
    out_of_line = Cast(3, FREE, sample_marks("4.1"), submitted=True)
    concerned = (Cast(4, DECLARED), Cast(5, BOUND))
    plain = tuple(Cast(n, FREE, sample_marks("2.2"), submitted=True) for n in (1, 2, 3))
    ready = (("HCM102-26-123499", "Mật ong rừng"),)
    few = replace(_tabled("01", (scored[0], Cast(2), Cast(3), *concerned)), handed_over=given)
    enough = _tabled("02", (*scored[:2], out_of_line, Cast(4, FREE, sample_marks(), submitted=True), concerned[1]))
    gone = replace(_tabled("03", ()), status="returned_by_province")
    over = tuple(
        replace(one, agreed=agreed_by(result))
        for one in (_tabled("14", (*scored, *concerned)), _tabled("04", (*plain, *concerned)))
        if (result := result_of(one)) is not None
    )
    return (
        Council(10_001, "1/2026", "79", _DAY, ready=ready),
        Council(10_002, "2/2026", "79", _DAY, seats, (few, _tabled("05", ()), gone), ready=ready, group=group),
        Council(10_003, "3/2026", "79", _DAY, seats, (enough,)),
        Council(
            10_004,
            "4/2026",
            "79",
            _DAY,
            seats,
            (replace(over[0], handed_over=given), *over[1:], gone),
            _OVER,
            group=group,
        ),
    )


def _tabled(code: str, ballots: tuple[Cast, ...]) -> Tabled:
    return Tabled(f"HCM102-26-1234{code}", f"Sản phẩm {code}", _MAKER, "04336", _RULES, _SET, SCORING, ballots)
