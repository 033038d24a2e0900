"""The monthly report: what counts, what was taken back and does not, how long steps took, and a PDF with its words."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import catalogs
from bot.desk.documents import report_name
from bot.desk.report import BARS, CHART_COMMUNES, STAGE_WORDS, STEP_WORDS, pdf
from bot.world import LOCALES
from dialogs import places
from dialogs.model import Text
from dialogs.rules.lifecycle import MOVES, STATUSES, Side
from storage.database import reading, writing
from storage.models import case_events, cases, days_off, results
from storage.reports import BACK, STAGES, STEPS, Month, month, month_after, standing
from tests.heart import ANSWERS, chat, submit
from tests.transcripts import Clock

CATALOGS = catalogs.load(LOCALES)
NEIGHBOUR = next(commune.code for commune in places.communes_of("15") if commune.code != "04336")
NOVEMBER, TODAY = date(2026, 11, 1), date(2026, 11, 30)


async def case(engine: AsyncEngine, *moves: tuple[str, str, str], commune: str = "04336", group: str = "food") -> int:
    """A case that went this way: ("11-03 8:00", action, status), in Vietnamese time of 2026; its id."""
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock(), {**ANSWERS, "product_group": group})
    province = next(p.code for p in places.provinces() if commune in {c.code for c in places.communes_of(p.code)})
    place = {"commune": commune, "province": province, "territory": f"{province}/{commune}"}
    async with writing(engine) as connection:
        moved = update(cases).where(cases.c.code == code).values(**place).returning(cases.c.id)
        case_id = int((await connection.execute(moved)).scalar_one())
        await connection.execute(delete(case_events).where(case_events.c.case_id == case_id))
        status = ""
        for when, action, to_status in moves:
            row = {"case_id": case_id, "action": action, "from_status": status, "to_status": to_status}
            at = datetime.strptime(f"2026-{when} +0700", "%Y-%m-%d %H:%M %z")
            await connection.execute(insert(case_events).values(**row, happened_at=at))
            status = to_status
    return case_id


async def made(engine: AsyncEngine, territory: str = "15", first: date = NOVEMBER) -> Month:
    async with reading(engine) as connection:
        return await month(connection, territory, first, TODAY)


SENT = ("11-02 9:00", "submit", "idea_submitted")  # a Monday


# ---------------------------------------------------------------- what counts


async def test_a_road_is_counted_step_by_step(engine: AsyncEngine) -> None:
    road = [
        SENT, ("11-03 8:00", "accept", "idea_accepted"), ("11-04 8:00", "send_plan", "plan_submitted"),
        ("11-05 8:00", "accept", "plan_accepted"), ("11-06 8:00", "send_dossier", "dossier_submitted"),
        ("11-09 8:00", "accept", "dossier_checked"), ("11-10 8:00", "forward", "forwarded"),
        ("11-11 8:00", "accept", "in_evaluation"), ("11-20 8:00", "certify", "certified"),
    ]  # fmt: skip
    case_id = await case(engine, *road)
    row = {
        "case_id": case_id,
        "points_a": 30,
        "points_b": 20,
        "points_c": 25,
        "stars": 4,
        "published_at": datetime(2026, 11, 20, 1, tzinfo=UTC),
    }
    async with writing(engine) as connection:
        await connection.execute(insert(results).values(row))
    found = await made(engine)
    assert found.totals == Counter(dict.fromkeys(STAGES, 1))
    assert found.by_commune == {"04336": found.totals}
    assert found.by_group == {"food": found.totals}
    assert found.stars == Counter({4: 1})
    assert found.days == {
        "idea_submitted": [1], "plan_submitted": [1], "dossier_submitted": [1], "dossier_checked": [1],
        "forwarded": [1], "in_evaluation": [7],
    }  # fmt: skip


async def test_what_comes_again_is_not_received_twice(engine: AsyncEngine) -> None:
    await case(
        engine, SENT, ("11-03 8:00", "return", "idea_returned"), ("11-10 8:00", "resubmit", "idea_submitted"),
        ("11-13 8:00", "accept", "idea_accepted"),
    )  # fmt: skip
    found = await made(engine)
    assert found.totals == Counter(idea_in=1, idea_back=1, idea_ok=1)
    assert found.days == {"idea_submitted": [1, 3]}  # the producer's week is nobody's at the desk


async def test_what_was_taken_back_did_not_happen(engine: AsyncEngine) -> None:
    await case(
        engine, SENT, ("11-03 8:00", "accept", "idea_accepted"), ("11-03 8:05", "undo", "idea_submitted"),
        ("11-05 8:00", "return", "idea_returned"),
    )  # fmt: skip
    found = await made(engine)
    assert found.totals == Counter(idea_in=1, idea_back=1)
    assert found.days == {"idea_submitted": [3]}


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        (["submit:a", "accept:b"], "ab"),
        (["submit:a", "accept:b", "undo:a"], "a"),
        (["submit:a", "accept:b", "send_plan:c", "undo:a"], "a"),  # papers that were there made it a plan at once
        (["submit:a", "return:b", "resubmit:a", "accept:c", "undo:a"], "aba"),
        (["submit:a", "accept:b", "undo:a", "accept:b", "undo:a", "return:c"], "ac"),
        (["undo:a", "accept:b"], "ab"),
    ],
)
def test_an_undo_goes_back_to_where_the_case_stood(moves: list[str], left: str) -> None:
    given = [SimpleNamespace(action=m.partition(":")[0], to_status=m.partition(":")[2]) for m in moves]
    assert "".join(move.to_status for move in standing(given)) == left


async def test_a_month_begins_and_ends_at_midnight_in_vietnam(engine: AsyncEngine) -> None:
    for when in ("10-31 23:59", "11-01 0:00", "11-30 23:59", "12-01 0:00"):
        await case(engine, (when, "submit", "idea_submitted"))
    months = (date(2026, 10, 1), NOVEMBER, date(2026, 12, 1))
    assert [(await made(engine, "15", first)).totals["idea_in"] for first in months] == [1, 2, 1]
    assert [month_after(first) for first in months] == [NOVEMBER, date(2026, 12, 1), date(2027, 1, 1)]


async def test_the_time_of_a_step_counts_in_the_month_in_which_it_ended(engine: AsyncEngine) -> None:
    await case(engine, ("10-30 9:00", "submit", "idea_submitted"), ("11-03 9:00", "accept", "idea_accepted"))
    assert (await made(engine)).days == {"idea_submitted": [2]}
    assert (await made(engine, "15", date(2026, 10, 1))).days == {}


async def test_days_off_of_the_office_do_not_count(engine: AsyncEngine) -> None:
    await case(engine, SENT, ("11-06 9:00", "accept", "idea_accepted"))
    async with writing(engine) as connection:
        closed = [{"territory": "15/04336", "day": date(2026, 11, 4)}, {"territory": "15", "day": date(2026, 11, 5)}]
        await connection.execute(insert(days_off), closed)
    assert (await made(engine)).days == {"idea_submitted": [2]}


async def test_only_cases_of_the_territory(engine: AsyncEngine) -> None:
    await case(engine, SENT)
    await case(engine, SENT, commune=NEIGHBOUR, group="drinks")
    await case(engine, SENT, commune="03253")
    counts = {where: (await made(engine, where)).totals["idea_in"] for where in ("15/04336", "15", "11", "", "01")}
    assert counts == {"15/04336": 1, "15": 2, "11": 1, "": 3, "01": 0}
    found = await made(engine)
    assert set(found.by_commune) == {"04336", NEIGHBOUR}
    assert set(found.by_group) == {"food", "drinks"}


async def test_a_case_that_is_read_in_two_parts_is_one(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.reports.BATCH", 2)
    accepted, planned = ("11-03 8:00", "accept", "idea_accepted"), ("11-04 8:00", "send_plan", "plan_submitted")
    for _ in range(5):
        await case(engine, SENT, accepted, planned)
    found = await made(engine)
    assert found.totals == Counter(idea_in=5, idea_ok=5, plan_in=5)
    assert found.days == {"idea_submitted": [1] * 5}


async def test_what_waits_is_counted_by_whose_turn_it_is(engine: AsyncEngine) -> None:
    ids = [await case(engine, SENT) for _ in range(4)]
    async with writing(engine) as connection:
        turns = (("commune", 27), ("commune", 30), ("province", None), ("producer", None))
        for case_id, (owner, due) in zip(ids, turns, strict=True):
            values = {"owner": owner, "due_on": due and date(2026, 11, due)}
            await connection.execute(update(cases).where(cases.c.id == case_id).values(values))
    assert (await made(engine)).waiting == {Side.COMMUNE: (2, 1), Side.PROVINCE: (1, 0)}


def test_every_step_of_an_office_and_every_outcome_has_words() -> None:
    assert set(STEP_WORDS) == set(STEPS)
    assert set(STAGE_WORDS) == set(STAGES)
    assert {status for status in STATUSES if "returned" in status} <= {m.to_status for m in MOVES}


# ---------------------------------------------------------------- the PDF


def pages(data: bytes) -> list[str]:
    document = pdfium.PdfDocument(data)
    try:
        return [str(page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


def full(communes: int = 3, territory: str = "15") -> Month:
    found = Month(territory, NOVEMBER)
    codes = [commune.code for commune in places.communes_of("15")][:communes]
    for n, code in enumerate(codes):
        counts = Counter(dict.fromkeys((*STAGES, *BACK), n + 1))
        found.by_commune[code] = counts
        found.by_group.setdefault(("food", "drinks", "tourism")[n % 3], Counter()).update(counts)
        found.totals.update(counts)
    found.stars = Counter({3: 4, 4: 2, 2: 1})
    found.days = {step: [2, 3, 9, 100] for step in STEPS}
    found.waiting = {Side.COMMUNE: (44, 3), Side.PROVINCE: (12, 0)}
    return found


NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


def words_of(found: Month, locale: str = "vi") -> str:
    return re.sub(r"\s+", " ", " ".join(pages(pdf(found, CATALOGS[locale], NOW))))


def test_the_report_says_it_in_vietnamese_with_all_its_marks() -> None:
    words = words_of(full())
    for part in ("Báo cáo OCOP tháng 11/2026", "Tỉnh Lào Cai", "9:00 thứ Ba 1/12/2026", "Thực phẩm", "3 quá hạn"):
        assert part in words
    for msgid in (*STEP_WORDS.values(), *STAGE_WORDS.values()):
        assert CATALOGS["vi"].say(Text(msgid)) in words
    assert "6 " in words  # median of 2, 3, 9, 100
    assert "Xã" in words
    assert not re.search(r"[A-Za-z]+: the|received|accepted", words)


def test_the_report_says_it_in_english() -> None:
    words = words_of(full(), "en")
    for part in ("OCOP report, 11/2026", "Ideas received", "Province: rating", "44", "3 of them overdue", "Together"):
        assert part in words


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_the_sums_of_the_table_are_the_totals(locale: str) -> None:
    found = full(20)
    together = CATALOGS[locale].say(Text("Together"))
    sums = " ".join(str(found.totals[stage]) for stage in STAGES)
    assert words_of(found, locale).count(f"{together} {sums}") == 2  # by group and by commune


def test_a_commune_s_report_has_no_table_of_communes() -> None:
    words = words_of(full(1, "15/02647"))
    assert CATALOGS["vi"].say(Text("By commune")) not in words


def test_a_month_in_which_nothing_happened_is_a_report_as_well() -> None:
    found = Month("", NOVEMBER)
    words = words_of(found)
    assert words.count("Tháng này chưa có.") >= 4
    assert "Cả nước" in words


def test_many_communes_go_over_the_page_and_none_is_lost() -> None:
    found = full(99)
    data = pdf(found, CATALOGS["vi"], NOW)
    words = re.sub(r"\s+", " ", " ".join(pages(data)))
    for commune in places.communes_of("15")[:99]:
        assert f" {commune.name} " in words
    assert 5 <= len(pages(data)) <= 8
    assert CHART_COMMUNES < 99


def test_nothing_is_drawn_beyond_the_margins() -> None:
    """Also with more ideas in a month than the whole country has in ten years."""
    found = full(99)
    for counts in (found.totals, *found.by_commune.values(), *found.by_group.values()):
        for name in counts:
            counts[name] *= 200
    document = pdfium.PdfDocument(pdf(found, CATALOGS["vi"], NOW))
    try:
        boxes = [item.get_bounds() for page in document for item in page.get_objects()]
    finally:
        document.close()
    inked = [box for box in boxes if box[2] - box[0] < 590]  # but for the band at the head
    millimetre = 72 / 25.4
    assert min(box[0] for box in inked) >= 17.5 * millimetre
    assert max(box[2] for box in inked) <= (210 - 17) * millimetre
    assert min(box[1] for box in inked) >= 8 * millimetre


def test_the_file_s_name_has_no_marks() -> None:
    assert report_name("15/04336", NOVEMBER) == "ocop-15-04336-2026-11.pdf"
    assert report_name("", NOVEMBER) == "ocop-vn-2026-11.pdf"
    assert BARS[0] in STAGES


def test_the_same_month_gives_the_same_bytes() -> None:
    assert pdf(full(), CATALOGS["vi"], NOW) == pdf(full(), CATALOGS["vi"], NOW)
    assert pdf(full(), CATALOGS["vi"], NOW) != pdf(full(), CATALOGS["vi"], NOW + timedelta(days=1))
