"""One product from its idea to a certificate that has run out: four years, and a change of the rules on the way."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.day import OfficeDay
from dialogs.model import Role
from dialogs.rules.certificate import moments
from dialogs.rules.ruleset import ruleset
from storage.models import cases, outbox, results
from storage.records import VIETNAM
from tests.heart import REGISTRATION, rows, world_at
from tests.transcripts import Clock, Play, hire

CODE = "TL12-25-0001"
PLAN = (
    "nộp giấy tờ", "Kế hoạch làm ăn", "(file ke-hoach.pdf)", "xong", "Giấy đăng ký hộ kinh doanh", "(photo)", "xong",
    "gửi cho xã", "gửi luôn",
)  # fmt: skip
DOSSIER = (
    "nộp giấy tờ", "Phiếu đăng ký", "(file phieu.pdf)", "xong", "Phương án", "(file phuong-an.pdf)", "xong",
    "Giới thiệu cơ sở", "(photo)", "xong", "gửi cho xã", "gửi luôn",
)  # fmt: skip


async def says(run: Play, who: str, *lines: str) -> None:
    for line in lines:
        await run.line(f"{who}> {line}")


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, tzinfo=VIETNAM).astimezone(UTC)


async def news(engine: AsyncEngine) -> list[str]:
    """What the producer was told unasked."""
    found = await rows(engine, outbox, outbox.c.kind == "notice", outbox.c.conversation_id == 1)
    return [row.body["text"] for row in found]


async def test_a_product_through_four_years(sqlite_engine: AsyncEngine) -> None:
    clock = Clock(morning(date(2025, 9, 1)))  # under the rules of 2023 as amended in July
    run = Play(sqlite_engine, world_at(clock), clock, "telegram")
    await says(run, "producer", "/start c-04336", *REGISTRATION)
    await hire(run, "officer", Role.COMMUNE_OFFICER, "15/04336")
    await hire(run, "approver", Role.COMMUNE_APPROVER, "15/04336")
    await hire(run, "province", Role.PROVINCE_OFFICER, "15")
    await says(run, "officer", CODE, "chấp nhận", "nhận luôn")
    await says(run, "producer", *PLAN)

    # The plan has to wait, and comes back by itself with the next cycle; the old rules are still in force.
    await says(run, "officer", CODE, "để năm sau", "Chưa rõ nơi bán, sang năm chị nhé", "gửi đi")
    clock.now = morning(date(2026, 3, 2))
    await OfficeDay(sqlite_engine, run.world).look()
    assert "Đợt OCOP mới đã mở" in (await news(sqlite_engine))[-1]
    await run.line("~ 1 minute")
    await says(run, "producer", "[Làm tiếp: Chuối sấy dẻo]", "[Gửi lại như cũ]")
    await says(run, "officer", CODE, "chấp nhận", "nhận luôn")

    # Rated after the rules of 2026 have come into force: by those under which it was filed (26/2026/QĐ-TTg art. 12.2).
    clock.now = morning(date(2026, 5, 4))
    await says(run, "producer", *DOSSIER)
    await says(run, "officer", CODE, "trình lãnh đạo", "gửi")
    await says(run, "approver", CODE, "chuyển lên", "gửi")
    clock.now = morning(date(2026, 6, 1))
    await says(run, "province", CODE, "nhận hồ sơ", "gửi")
    await says(run, "province", CODE, "nhập kết quả", "27", "15", "21", "812/QĐ-UBND", "hôm nay", "công bố")
    await says(run, "province", "công bố luôn")
    (case,) = await rows(sqlite_engine, cases)
    (result,) = await rows(sqlite_engine, results)
    assert (case.status, case.ruleset) == ("certified", "ocop-2023r2025")
    assert (result.certificate_until, result.product_code) == (date(2029, 6, 1), "15-04336-1-2026")

    # Three years in which the reminders follow today's rules, which have a window; nothing is said twice.
    before = len(await news(sqlite_engine))
    until = date(2029, 6, 1)
    every_month = {date(2026, 6, 2) + timedelta(days=30 * n) for n in range(36)}
    spoken_of = {moment.on for moment in moments(until, ruleset("ocop-2026"))}
    for day in sorted(every_month | spoken_of | {day + timedelta(days=1) for day in spoken_of}):
        clock.now = morning(day)
        await OfficeDay(sqlite_engine, run.world).look()
    said = (await news(sqlite_engine))[before:]
    assert [("Nay nộp được" in words, "Còn 14 ngày" in words, "đã hết từ" in words) for words in said] == [
        (False, False, False),  # six months before: from when to when
        (True, False, False),
        (True, True, False),
        (False, False, True),
        (False, False, True),
    ]

    clock.now = morning(date(2029, 6, 2))
    await OfficeDay(sqlite_engine, run.world).look()
    await OfficeDay(sqlite_engine, run.world).look()
    assert len(await news(sqlite_engine)) == before + 6
    assert "đã hết hạn" in (await news(sqlite_engine))[-1]
    (case,) = await rows(sqlite_engine, cases)
    assert case.status == "expired"

    # What stands again does so under the rules of its own day, and keeps its number.
    await run.line("~ 1 minute")
    await says(run, "producer", "[Chấm lại: Chuối sấy dẻo]", "[Giữ nguyên, làm luôn]")
    _, renewal = await rows(sqlite_engine, cases)
    assert (renewal.code, renewal.former, renewal.ruleset) == ("TL12-29-0001", CODE, "ocop-2026")
    assert (renewal.status, renewal.product_serial) == ("dossier_begun", 1)
