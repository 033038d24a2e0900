"""Forms filled in from a case: one content, printed as PDF and as Word, and what is not known left open and named."""

import asyncio
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docx
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
import segno
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.deliver import Delivery
from bot.desk import documents
from bot.desk.documents import NO_FILE_HERE
from bot.desk.forms import FOLDER
from bot.effects import TOO_LATE, carry_out
from bot.paperwork import as_docx, as_pdf, content
from bot.paperwork.content import Form, Grid, Heading, Line, Prose, Ticks
from dialogs.model import CaseFacts, SendForm, Story
from dialogs.producer.prepare import forms_of
from dialogs.rules.lifecycle import STATUSES
from dialogs.rules.ruleset import FORM_IDS, PRODUCER_KINDS, RULESET_IDS, ruleset
from dialogs.rules.sheet import sheet
from storage import links
from storage.files import FileStore
from storage.models import papers
from tests.facts import NOW, Chat, facts, sample_case, world
from tests.heart import Working, chat, say, submit, world_at
from tests.test_assessing import CHATTY, does, said
from tests.test_lifecycle import IDEA, scene
from tests.test_links import CHANNEL, WORDS, Wordy
from tests.test_links import here as without_files
from tests.transcripts import Clock

LINK = "https://t.me/ocop_bot?start=TL12-26-0001"
HOSTILE = "Chuối “Mẩy” <b>& Lý</b> {{ 7*7 }} {% if x %}${x}"
BARE = sample_case("TL12-26-0001", "plan_accepted", "food", "household", own=True)
CASE = replace(
    BARE,
    product=HOSTILE,
    answers={**BARE.answers, "product": HOSTILE, "product_set": "7", "location": "bản Nà Hẩu"},
    self_marks={"1.1": 2, "4.3": 2, "6.1": 1},
    story=Story({"origin": "Bà ngoại làm từ 1970.", "making": "Sấy than củi."}, {"wish": ("v1", "v2")}),
)


def form(name: str, case: CaseFacts = CASE) -> Form:
    return content.form(name, case, world().catalog("vi"), NOW, LINK)


def pages_of(pdf: bytes) -> list[str]:
    """The words of each page, with one space between them."""
    document = pdfium.PdfDocument(io.BytesIO(pdf))
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def words_of(made: bytes) -> str:
    """All words of a Word document in their order, tables among them."""
    paragraphs = (part for part in docx.Document(io.BytesIO(made)).element.body.iter() if part.tag.endswith("}p"))
    said = ("".join(part.text or "" for part in one.iter() if part.tag.endswith("}t")) for one in paragraphs)
    return " ".join(" ".join(said).split())


def pieces(form: Form) -> Iterator[str]:
    """What both writers have to print."""
    yield from (form.title, form.about, form.code)
    for block in form.blocks:
        match block:
            case Heading(words) | Prose(words):
                yield words
            case Line(label, value):
                yield f"{label}: {value}"
            case Ticks(label, boxes):
                yield from (label, *(words for words, _ in boxes))
            case Grid(head, rows):
                yield from (*head, *(cell for row in rows for cell in row))


def squeezed(words: str) -> str:
    """Without spaces: lines are broken elsewhere by each writer."""
    return "".join(words.split())


# ---------------------------------------------------------------- what stands in them


@pytest.mark.parametrize("name", FORM_IDS)
def test_both_writers_print_the_same_and_what_people_wrote_stays_as_it_is(name: str) -> None:
    shown = form(name)
    pdf, word = squeezed(" ".join(pages_of(as_pdf.pdf(shown, NOW)))), squeezed(words_of(as_docx.docx(shown, NOW)))
    for piece in pieces(shown):
        assert squeezed(piece) in pdf, piece
        assert squeezed(piece) in word, piece
    assert squeezed(HOSTILE) in pdf
    assert squeezed(HOSTILE) in word


@pytest.mark.parametrize("name", FORM_IDS)
def test_what_is_not_known_is_a_dotted_line_and_named(name: str) -> None:
    shown = form(name)
    open_labels = [block.label for block in shown.blocks if isinstance(block, Line) and not block.value]
    pdf = squeezed(" ".join(pages_of(as_pdf.pdf(shown, NOW))))
    for label in open_labels:
        assert squeezed(f"{label}: ......") in pdf
    assert len(shown.unknown) == len({*open_labels})
    assert all(label in " ".join(open_labels) for label in shown.unknown)


def test_the_registration_fills_in_form_01() -> None:
    words = " ".join(pages_of(as_pdf.pdf(form("form_01"), NOW)))
    for known in (
        "Mẫu số 01",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
        "1. Tên chủ thể: Lý Thị Mẩy",
        "4. Chức vụ: Chủ hộ",
        "bản Nà Hẩu, xã Tân Lĩnh, tỉnh Lào Cai",
        "0912 345 678",
        "Chế biến từ rau, củ, quả, hạt",
        "……/PĐK-15-04336-2026",
        "5 sản phẩm mẫu",
    ):
        assert known in words, known


@pytest.mark.parametrize(
    ("purpose", "ticked"),
    [("", "Lần đầu"), ("again", "Lần đầu"), ("upgrade", "Nâng hạng"), ("renewal", "Đánh giá, phân hạng lại")],
)
def test_form_01_says_what_the_product_stands_for(purpose: str, ticked: str) -> None:
    blocks = form("form_01", replace(CASE, purpose=purpose)).blocks
    boxes = next(block.boxes for block in blocks if isinstance(block, Ticks) and block.label == "Đăng ký")
    assert [words for words, on in boxes if on] == [ticked]


def test_who_is_no_household_has_no_head_of_it() -> None:
    company = replace(CASE, answers={**CASE.answers, "producer_kind": "enterprise", "producer_name": "Công ty Sương"})
    assert {"Người đại diện theo pháp luật", "Chức vụ"} <= {*form("form_01", company).unknown}


def test_the_own_score_stands_in_form_02_and_what_is_open_is_not_made_up() -> None:
    grids = [block for block in form("form_02").blocks if isinstance(block, Grid)]
    rows = {row[0]: row for grid in grids for row in grid.rows}
    assert rows["1.1"][2] == "2/3"
    assert "từ một nửa đến dưới ba phần tư" in rows["1.1"][1]
    assert rows["1.3"][2] == "…/3"
    total = next(b.words for b in form("form_02").blocks if isinstance(b, Prose) and b.words.startswith("Tổng"))
    assert "chưa chấm" in total
    without = replace(CASE, answers={**CASE.answers, "product_set": ""})
    assert "Bộ tiêu chí của sản phẩm chưa có ở đây; điểm tự chấm" in form("form_02", without).unknown


def test_a_case_that_knows_nothing_yet_is_all_lines() -> None:
    """Without a plan, a story, papers or marks: the forms are still there, to be written by hand."""
    bare = replace(CASE, status="idea_accepted", papers=(), story=None, self_marks={})
    few = {name: bare.answers[name] for name in ("product", "product_group", "producer_kind")}
    for name in forms_of(bare):
        shown = form(name, replace(bare, answers=few, by="", product="?"))
        assert as_pdf.pdf(shown, NOW).startswith(b"%PDF")
        assert zipfile.is_zipfile(io.BytesIO(as_docx.docx(shown, NOW)))
    assert len(form("plan", bare).unknown) > len(form("plan").unknown)


@pytest.mark.parametrize("rules", RULESET_IDS)
@pytest.mark.parametrize("kind", PRODUCER_KINDS)
def test_every_form_of_every_ruleset_for_every_group(rules: str, kind: str) -> None:
    for number, group in enumerate(ruleset(rules).groups):
        status = sorted(STATUSES)[number % len(STATUSES)]
        case = sample_case("TL12-26-0001", status, "food", kind, own=True)
        answers = {**case.answers, "product_group": group.id, "product_set": str(group.sets[-1].number)}
        case = replace(case, ruleset=rules, answers=answers, papers=())
        names = forms_of(case)
        assert names == (("idea", "plan", "form_01", "form_02", "story") if rules == "ocop-2026" else FORMS_BEFORE)
        for name in names:
            shown = form(name, case)
            assert all(len(row) == content.COLUMNS for b in shown.blocks if isinstance(b, Grid) for row in b.rows)


FORMS_BEFORE = ("idea", "plan", "story")
"""Of the rules of 2019 and 2023."""


# ---------------------------------------------------------------- how they are laid out


@pytest.mark.parametrize("name", ["plan", "form_02"])
def test_the_contents_name_the_page_on_which_each_part_begins(name: str) -> None:
    long = replace(CASE, story=Story({"origin": "Ngày ấy cả bản chỉ có một lò than. " * 60}, {}))
    shown = form(name, long)
    pages = pages_of(as_pdf.pdf(shown, NOW))
    assert pages[0].startswith("MỤC LỤC")
    named = as_pdf.pages(shown, NOW)
    assert [*named] == [block.words for block in shown.blocks if isinstance(block, Heading)]
    for words, page in named.items():
        assert words in pages[page - 1]
        printed = re.search(rf"{re.escape(words)} \.+ (\d+)", pages[0])
        assert printed is not None
        assert int(printed[1]) == page
    assert max(named.values()) > 3
    for number, words in enumerate(pages[1:], 2):
        assert words.startswith(f"{number} ")


def test_the_code_in_the_corner_opens_the_case() -> None:
    """Its squares, as they come out, are those of the link."""
    document = pdfium.PdfDocument(io.BytesIO(as_pdf.pdf(form("form_01"), NOW)))
    scale = 8.0
    picture = document[0].render(scale=scale).to_pil().convert("L")
    document.close()
    modules = segno.make_qr(LINK, error="m").matrix
    per_mm = scale * 72 / 25.4
    side = as_pdf.QR * per_mm / len(modules)
    left = as_pdf.LEFT * per_mm
    column = picture.crop((round(left + side / 2), 0, round(left + side / 2) + 1, picture.height))
    dark = [y for y in range(picture.height) if column.getpixel((0, y)) < 100]
    runs = [y for y in dark if all(y + n in {*dark} for n in range(round(7 * side) - 2))]
    top = runs[0]
    for row, line in enumerate(modules):
        for place, wanted in enumerate(line):
            pixel = picture.getpixel((round(left + (place + 0.5) * side), round(top + (row + 0.5) * side)))
            assert (pixel < 100) == bool(wanted), (row, place)


def test_word_finds_the_parts_and_numbers_its_pages() -> None:
    made = zipfile.ZipFile(io.BytesIO(as_docx.docx(form("form_02"), NOW)))
    body, header = made.read("word/document.xml").decode(), made.read("word/header1.xml").decode()
    assert 'TOC \\o "1-1"' in body
    assert body.count('<w:outlineLvl w:val="0"/>') == 5
    assert "PAGE" in header
    assert body.count("<pic:pic") == 2  # the code on the cover and beside the signature


@pytest.mark.parametrize("template", sorted(FOLDER.glob("*.docx")), ids=lambda path: path.stem)
def test_the_template_keeps_to_the_order_of_the_schema(template: Path) -> None:
    """Word may refuse a file whose properties of a paragraph stand in another order."""
    order = ("keepNext", "pBdr", "tabs", "spacing", "ind", "jc", "outlineLvl")
    body = docx.Document(str(template)).element.body
    for properties in (one for one in body.iter() if one.tag.endswith("}pPr")):
        names = [name for one in properties if (name := one.tag.rpartition("}")[2]) in order]
        assert names == sorted(names, key=order.index)


# ---------------------------------------------------------------- ordered


async def test_its_producer_gets_both_files_and_hears_what_is_open(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    attempt = await does(here, "producer", SendForm(here.code, "form_01"))
    names = [spec["name"] for spec in attempt.turn.carried.attachments]
    assert names == [f"{here.code} mau-01.docx", f"{here.code} mau-01.pdf"]
    assert "I left lines for what I don't know: %(labels)s." in said(attempt)
    store = FileStore("memory:///")
    specs = attempt.turn.carried.attachments
    word, pdf = [await documents.made(sqlite_engine, store, world_at(here.clock), spec) for spec in specs]
    assert "Mẫu số 01" in words_of(bytes(word.data))
    assert "Mẫu số 01" in pages_of(bytes(pdf.data))[0]
    assert (word.media_type.rpartition(".")[2], pdf.media_type) == ("document", "application/pdf")


async def test_the_whole_is_bound_with_its_contents(sqlite_engine: AsyncEngine) -> None:
    """What is not there yet is filled in, as far as the record goes; what was sent stands as it came."""
    here = await scene(sqlite_engine, "plan_accepted")
    async with sqlite_engine.begin() as connection:
        await connection.execute(delete(papers))
    attempt = await does(here, "producer", SendForm(here.code, "all"))
    (spec,) = attempt.turn.carried.attachments
    made = await documents.made(sqlite_engine, FileStore("memory:///"), world_at(here.clock), spec)
    pages = pages_of(bytes(made.data))
    assert "MỤC LỤC" in pages[1]
    for words in ("PHIẾU ĐĂNG KÝ ĐÁNH GIÁ, PHÂN HẠNG SẢN PHẨM OCOP", "BÁO CÁO TỰ ĐÁNH GIÁ"):
        assert any(words in page for page in pages[2:])
    assert pages[-1].endswith(f"Trang {len(pages)}/{len(pages)}")


@pytest.mark.parametrize("who", ["stranger", "officer", "province", "neighbour"])
async def test_nobody_else_gets_one(sqlite_engine: AsyncEngine, who: str) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    attempt = await does(here, who, SendForm(here.code, "form_01"))
    assert said(attempt) == [TOO_LATE.msgid]
    assert not attempt.turn.carried.attachments


@pytest.mark.parametrize("name", ["story", "form_03", "../form_01", ""])
async def test_there_are_no_other_forms(sqlite_engine: AsyncEngine, name: str) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    attempt = await does(here, "producer", SendForm(here.code, name))
    assert not attempt.turn.carried.attachments


async def test_where_no_file_gets_through_that_is_said(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    async with here.attempt("producer") as attempt:
        attempt.turn.conversation.channel = "zalo_bot"
        await carry_out(attempt.turn, [SendForm(here.code, "form_01")])
        assert said(attempt) == [NO_FILE_HERE.msgid]
        assert not attempt.turn.carried.attachments


async def test_a_messenger_without_files_gets_a_link_that_opens_the_form(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    wordy = without_files(clock)
    producer = await chat(sqlite_engine, clock, "producer", CHANNEL)
    await submit(sqlite_engine, producer, clock(), IDEA)
    await say(sqlite_engine, wordy, "producer", "điền mẫu", "phiếu ý tưởng", channel=CHANNEL)
    channel = Wordy(WORDS)

    async def sent() -> bool:
        return any("/d/" in words for words in channel.texts("producer"))

    await Working(Delivery(sqlite_engine, {CHANNEL: channel}, store, wordy, asyncio.Event())).until(sent)
    (words,) = (words for words in channel.texts("producer") if "/d/" in words)
    tokens = re.findall(r"phieu-y-tuong\.(?:docx|pdf): https://ocop\.test/d/([\w-]+)", words)
    assert len(tokens) == 2
    async with sqlite_engine.begin() as connection:
        found = [await links.found(connection, token, clock()) for token in tokens]
    kept = [await store.get(row.sha256) for row in found if row is not None]
    assert "PHIẾU ĐĂNG KÝ Ý TƯỞNG" in words_of(kept[0])
    assert "PHIẾU ĐĂNG KÝ Ý TƯỞNG" in pages_of(kept[1])[0]


def test_without_a_case_there_is_nothing_to_fill_in() -> None:
    assert Chat(facts()).does("điền mẫu").at == "papers/none"
    chat = Chat(facts(cases=[CASE, replace(CASE, code="TL12-26-0002", product="Mật ong")])).does("điền mẫu")
    assert chat.at == "papers/case"
    assert chat.does("mật ong").at == "prepare/which"


# ---------------------------------------------------------------- how they read


@pytest.mark.parametrize("name", [name for name in FORM_IDS if name != "story"])
@pytest.mark.parametrize("kind", PRODUCER_KINDS)
def test_the_words_of_a_form_are_those_of_a_paper(name: str, kind: str) -> None:
    case = replace(CASE, self_marks={}, answers={**CASE.answers, "producer_kind": kind})
    printed = [piece.replace(HOSTILE, "") for piece in pieces(form(name, case))]
    assert not [words for words in printed if CHATTY.search(words)]


def test_items_of_the_sheet_have_the_names_of_signed_papers() -> None:
    for number in range(1, 27):
        assert not [c.code for c in sheet("ocop-2026", number).criteria if not c.official or CHATTY.search(c.official)]
    printed = [*pieces(form("form_02", replace(CASE, self_marks={})))]
    assert "Nguồn nguyên liệu" in printed
    assert "Trí tuệ bản sắc địa phương" in printed


def test_the_star_that_is_aimed_at_stands_in_the_plan() -> None:
    assert "Hạng sao phấn đấu: 4 sao" in [*pieces(form("plan", replace(CASE, aims_at=4)))]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("household", ["Người đại diện theo pháp luật: Lý Thị Mẩy", "Chức vụ: Chủ hộ"]),
        ("cooperative", ["Người đại diện theo pháp luật: ", "Chức vụ: ", "Người liên hệ: Lý Thị Mẩy"]),
    ],
)
def test_who_is_known_is_named(kind: str, lines: list[str]) -> None:
    shown = form("plan", replace(CASE, answers={**CASE.answers, "producer_kind": kind}))
    who = ("Người đại diện", "Chức vụ", "Người liên hệ")
    assert [piece for piece in pieces(shown) if piece.startswith(who)] == lines
