"""Photos without a word: what is read on them says which paper they are."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bot import reading
from bot.doctor import sample_case
from bot.papers import Refused
from bot.reading import words_on
from dialogs.answers import answer_of
from dialogs.model import Facts, FileFacts, FileStatus, PaperFacts
from dialogs.producer.sorting import HEADINGS, likeness, sorted_out, spans
from dialogs.producer.upload import SORTED_WELL, list_options, proposal
from dialogs.rules.ruleset import Paper, ruleset, rulesets
from tests.facts import facts
from tests.test_papers import FONT, bottle, encoded

BODY = (
    "1. Tên hộ kinh doanh: LÝ THỊ MẨY",
    "2. Địa điểm kinh doanh: bản Nà Hẩu, xã Tân Lĩnh, tỉnh Lào Cai",
    "3. Ngành, nghề kinh doanh: chế biến rau quả sấy khô",
    "4. Vốn kinh doanh: năm mươi triệu đồng",
    "5. Chủ hộ chịu trách nhiệm về phương án sản xuất kinh doanh đã nộp",
)
HEAD = ("ỦY BAN NHÂN DÂN HUYỆN LỤC YÊN", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")


# ---------------------------------------------------------------- what words are like


@pytest.mark.parametrize(
    ("words", "like"),
    [
        ("\n".join((*HEAD, "GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", *BODY)), "household_reg"),
        ("GIAY CHUNG NHAN\nDANG KY HO KINH DOANH", "household_reg"),
        ("GIẤY CHÚNG NHẬN ĐĂNG KỸ HỌ KINH DOANN\nSố: 16H8001234", "household_reg"),
        ("GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP\nCÔNG TY CỔ PHẦN", "business_reg"),
        ("GIẤY CHỨNG NHẬN ĐĂNG KÝ NHÃN HIỆU số 123", "trademark"),
        ("Phương án sản xuất, kinh doanh\nSản phẩm: Chuối sấy", "business_plan"),
        ("TRUNG TÂM KIỂM NGHIỆM\nPHIẾU KẾT QUẢ THỬ NGHIỆM", "test_report"),
        ("\n".join(BODY * 8 + ("GIẤY CHỨNG NHẬN ĐĂNG KÝ NHÃN HIỆU",)), "text"),
        ("CHUỐI SẤY DẺO\nMẩy Lý\n500 g", "picture"),
        ("", "picture"),
        (" \n~ ' . |", "picture"),
    ],
)
def test_what_a_page_is_by_its_words(words: str, like: str) -> None:
    assert likeness(words) == like


def test_every_heading_is_of_a_paper_that_there_is() -> None:
    ids = {paper.id.removeprefix("plan_") for rules in rulesets() for paper in rules.papers}
    assert HEADINGS.keys() <= ids


# ---------------------------------------------------------------- piles


def with_findings(*findings: str) -> Facts:
    found = {
        f"f{n}": FileFacts(f"f{n}", FileStatus.STORED, findings=tuple(filter(None, each.split(","))))
        for n, each in enumerate(findings, 1)
    }
    return replace(facts(), files=found)


def plan_papers() -> tuple[Paper, ...]:
    return ruleset("ocop-2026").papers_for("plan", "food", "household")


def piles(*findings: str) -> dict[str, tuple[int, ...]]:
    pages = tuple((f"f{n}", 0) for n in range(1, len(findings) + 1))
    return {pile.paper.id: pile.numbers for pile in sorted_out(pages, plan_papers(), with_findings(*findings))}


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (
            ("like:household_reg", "like:text", "like:picture", "like:picture", "blurred,like:picture"),
            {"plan_household_reg": (1, 2), "plan_photos": (3, 4)},
        ),
        (("like:text", "like:household_reg", "like:text"), {"plan_household_reg": (2, 3)}),
        (("blurred,like:household_reg",), {"plan_household_reg": (1,)}),
        (
            ("like:household_reg", "like:picture", "like:text"),
            {"plan_household_reg": (1, 3), "plan_photos": (2,)},
        ),
        (("like:business_reg",), {}),
        (("", "blurred", "locked"), {}),
    ],
    ids=["storyboard", "text first", "read though blurred", "a photo between", "not a household's", "nothing read"],
)
def test_piles(findings: tuple[str, ...], expected: dict[str, tuple[int, ...]]) -> None:
    assert piles(*findings) == expected


@pytest.mark.parametrize(("there", "taken"), [(0, 3), (28, 2), (30, 0)])
def test_what_is_proposed_fits_into_the_paper(there: int, taken: int) -> None:
    """Beside the pages that were kept before and are not sent yet; the others are asked about."""
    kept = answer_of([(f"old{n}", 0) for n in range(there)])
    known = with_findings(*["like:business_plan"] * 3)
    papers = (PaperFacts("business_plan", 1, there, there, False, known.today, kept=kept),) if there else ()
    case = replace(sample_case("TL-26-0001", "idea_accepted", "food", "household", own=True), papers=papers)
    known, answers = replace(known, cases=(case,)), {"subject": case.code, "~": "told|f1,f2,f3"}
    assert [len(pile.pages) for pile in proposal(answers, known)] == [taken] * bool(taken)
    assert (SORTED_WELL in list_options(answers, known)) == bool(taken)


@pytest.mark.parametrize(("numbers", "shown"), [((1,), "1"), ((1, 2), "1–2"), ((1, 2, 3, 5, 7, 8), "1–3, 5, 7–8")])
def test_numbers_of_photos_are_short(numbers: tuple[int, ...], shown: str) -> None:
    assert spans(numbers) == shown


# ---------------------------------------------------------------- reading


def taken_by_phone(*lines: str, turn: float = 2.0) -> bytes:
    """A page on a table, a little askew, in uneven light, through a soft lens."""
    page = Image.new("RGB", (1240, 1754), (246, 243, 232))
    pen, y = ImageDraw.Draw(page), 90
    for line in lines:
        font = ImageFont.truetype(FONT, 44 if line.isupper() else 26)
        pen.text((90, y), line, font=font, fill=(30, 30, 35))
        y += 70
    table = Image.new("RGB", (1500, 2000), (120, 90, 60))
    table.paste(page, (120, 110))
    table = table.rotate(turn, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 90, 60))
    light = Image.linear_gradient("L").resize(table.size)
    dim = table.point(lambda value: int(value * 0.7))
    return encoded(Image.composite(table, dim, light).filter(ImageFilter.GaussianBlur(0.8)), quality=80)


@pytest.fixture
def tesseract() -> Path:
    found = shutil.which("tesseract")
    if found is None:
        if os.environ.get("REQUIRE_TESSERACT") == "1":
            pytest.fail("REQUIRE_TESSERACT=1, but Tesseract is not installed")
        pytest.skip("no Tesseract on the PATH")
    return Path(found)


@pytest.mark.usefixtures("tesseract")
@pytest.mark.parametrize(
    ("photo", "like"),
    [
        (taken_by_phone(*HEAD, "GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", *BODY), "household_reg"),
        (taken_by_phone("PHƯƠNG ÁN SẢN XUẤT KINH DOANH", *BODY, turn=-92), "business_plan"),
        (taken_by_phone(*BODY), "text"),
        (encoded(bottle()), "picture"),
    ],
    ids=["registration", "a plan lying on its side", "a second page", "a bottle"],
)
async def test_papers_are_told_from_pictures(photo: bytes, like: str) -> None:
    words = await words_on(photo)
    assert words is not None
    assert likeness(words) == like


async def test_without_the_program_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "program", lambda: None)
    assert await words_on(b"anything") is None


def stand_in(folder: Path, script: str) -> str:
    path = folder / "tesseract"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "program", lambda: stand_in(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60"))
    monkeypatch.setattr(reading, "READ_WITHIN_S", 0.3)
    assert await words_on(encoded(bottle(60, 80))) is None
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_program_that_fails_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "program", lambda: stand_in(tmp_path, "cat > /dev/null; exit 1"))
    assert await words_on(encoded(bottle(60, 80))) is None


async def test_what_is_no_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "program", lambda: "/bin/true")
    with pytest.raises(Refused):
        await words_on(b"%PDF-1.7")
