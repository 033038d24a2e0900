"""What stands in the forms that a producer hands in, filled in from the case: one content, which two writers print.

Everything is said in Vietnamese, whatever the chat's language: these are papers for an office. The labels are our own
words for what the forms ask; what the record does not know is left open, and named to the producer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from bot.catalogs import VIETNAM, Catalog
from bot.desk.forms import representative
from dialogs import places
from dialogs.answers import phone
from dialogs.engine import said
from dialogs.model import CaseFacts, Facts, Story, Text
from dialogs.paperwork import STORY_PARTS
from dialogs.producer.own_score import marks_of, set_number, sheet_of
from dialogs.producer.papers import by_hand, kept_paper, papers_of
from dialogs.producer.register_idea import IDEA_ASKS, as_filed
from dialogs.producer.story import HEADINGS
from dialogs.rules.ruleset import PART_IDS, ruleset
from dialogs.rules.scoring import score
from dialogs.rules.sheet import Criterion

COLUMNS: Final = 4
"""Of every table: each form is laid out by one template."""


@dataclass(frozen=True, slots=True)
class Heading:
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what is known; where that is nothing, so many dotted lines to write on."""

    label: str
    value: str = ""
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Prose:
    words: str


@dataclass(frozen=True, slots=True)
class Ticks:
    """Boxes, of which some are ticked."""

    label: str
    boxes: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of COLUMNS columns; `widths` in mm."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Line | Prose | Ticks | Grid


@dataclass(frozen=True, slots=True)
class Form:
    """`number`: as printed in the corner; `to`: whom it goes to; `contents`: a list of its headings goes before it.

    `official`: it begins with the state's name and ends with a signature.
    """

    name: str
    title: str
    about: str
    code: str
    link: str
    blocks: tuple[Block, ...]
    number: str = ""
    to: str = ""
    contents: bool = False
    official: bool = True
    dated: str = ""
    signed: str = ""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is left to be written by hand, by its label."""
        open_lines = (block.label for block in self.blocks if isinstance(block, Line) and not block.value)
        return tuple(dict.fromkeys(label.lstrip("0123456789. ") for label in open_lines))


def form(name: str, case: CaseFacts, catalog: Catalog, now: datetime, link: str) -> Form:
    """One of ruleset.FORM_IDS. `catalog` has to be the Vietnamese one; `link` is what the QR code says."""
    known = Known(case, catalog, now, link)
    match name:
        case "idea":
            return _idea(known)
        case "plan":
            return _plan(known)
        case "form_01":
            return _form_01(known)
        case "form_02":
            return _form_02(known)
        case "story":
            return _story(known, case.story or Story({}, {}))
    raise LookupError(name)


# ---------------------------------------------------------------- what the record knows


@dataclass(frozen=True, slots=True)
class Known:
    """The case in the words of an official paper; "" stands for what is not known."""

    case: CaseFacts
    catalog: Catalog
    now: datetime
    link: str

    @property
    def today(self) -> date:
        return self.now.astimezone(VIETNAM).date()

    def answer(self, name: str) -> str:
        """What was registered, as it is shown in the chat."""
        filed = as_filed(self.case)
        ask = next(ask for ask in IDEA_ASKS if ask.name == name)
        value = filed.get(name, "")
        return self.catalog.say(_text(ask.accept.show(value, filed, Facts(self.now)))) if value else ""

    @property
    def commune(self) -> str:
        return unit.full_name if (unit := places.commune(self.case.commune)) is not None else ""

    @property
    def place(self) -> str:
        return unit.name if (unit := places.commune(self.case.commune)) is not None else ""

    @property
    def province(self) -> str:
        unit = places.commune(self.case.commune)
        province = places.province(unit.province_code) if unit is not None else None
        return province.full_name if province is not None else ""

    @property
    def address(self) -> str:
        return ", ".join(filter(None, (self.case.answers.get("location", ""), self.commune, self.province)))

    @property
    def telephone(self) -> str:
        number = self.case.answers.get("phone", "")
        return str(phone().show(number, {}, Facts(self.now))) if number else ""

    @property
    def is_household(self) -> bool:
        return self.case.answers.get("producer_kind") == "household"

    @property
    def representative(self) -> str:
        return representative(self.case)

    @property
    def contact(self) -> str:
        """Of who is not represented by whom it is named after; "" of a household."""
        return "" if self.is_household else self.case.answers.get("contact_name", "")

    @property
    def aim(self) -> str:
        return f"{self.case.aims_at} sao" if self.case.aims_at else ""

    @property
    def group(self) -> str:
        rules = ruleset(self.case.ruleset)
        group = next((g for g in rules.groups if g.id == self.case.answers.get("product_group")), None)
        return group.official.vi if group is not None else ""

    @property
    def product_set(self) -> str:
        number = set_number(self.case)
        return ruleset(self.case.ruleset).product_set(number).label.vi if number else ""

    @property
    def subgroup(self) -> str:
        number = set_number(self.case)
        return (ruleset(self.case.ruleset).product_set(number).subgroup or "") if number else ""

    @property
    def office(self) -> tuple[Block, ...]:
        """What the offices that receive it write in: the slip's number is theirs to give."""
        slip = f"……/PĐK-{places.territory(self.case.commune).replace('/', '-')}-{self.today.year}"
        row = ("Ủy ban nhân dân cấp xã", slip, "", "")
        return (
            Heading("PHẦN DÀNH CHO CƠ QUAN TIẾP NHẬN"),
            Grid(
                ("Nơi nhận", "Số phiếu", "Ngày nhận", "Người nhận"),
                (row, ("Cơ quan OCOP cấp tỉnh", "", "", "")),
                (48, 55, 27, 35),
            ),
        )

    def has(self, *paper_ids: str) -> bool:
        return any(kept_paper(self.case, paper_id) is not None for paper_id in paper_ids)

    @property
    def dated(self) -> str:
        return f"{self.place}, ngày ….. tháng ….. năm {self.today.year}"

    @property
    def papers(self) -> tuple[tuple[str, ...], ...]:
        """What proves it and is here, with its pages."""
        proofs = [paper for paper in papers_of(self.case) if paper.form in ("", "story")]
        kept = ((p, kept_paper(self.case, p.id)) for p in proofs)
        here = [((p.official or p.label).vi, str(k.pages)) for p, k in kept if k is not None]
        return tuple((str(n), name, pages, "") for n, (name, pages) in enumerate(here, 1))


def _text(words: object) -> Text | str:
    return said(words) if not isinstance(words, str) else words  # type: ignore[arg-type]


def _who(known: Known) -> tuple[Line, ...]:
    return (
        Line("Tên chủ thể", known.case.by),
        Line("Loại hình", known.answer("producer_kind")),
        Line("Người đại diện theo pháp luật", known.representative),
        Line("Chức vụ", "Chủ hộ" if known.is_household else ""),
        *((Line("Người liên hệ", known.contact),) if known.contact else ()),
        Line("Địa chỉ liên hệ", known.address),
        Line("Điện thoại", known.telephone),
        Line("Thư điện tử"),
    )


def _numbered(*lines: Line) -> tuple[Line, ...]:
    return tuple(replace(line, label=f"{number}. {line.label}") for number, line in enumerate(lines, 1))


PROMISE: Final = "Tôi cam đoan những điều ghi ở đây là đúng và chịu trách nhiệm về các điều đó trước pháp luật."
SIGNED: Final = "ĐẠI DIỆN CHỦ THỂ"

# ---------------------------------------------------------------- the forms


def _idea(known: Known) -> Form:
    """Programme practice, no form of the law: its headings are those that provinces have in common."""
    return Form(
        "Phiếu đăng ký ý tưởng",
        "PHIẾU ĐĂNG KÝ Ý TƯỞNG SẢN PHẨM OCOP",
        f"Năm {known.today.year}",
        known.case.code,
        known.link,
        (
            *known.office,
            Heading("PHẦN DÀNH CHO NGƯỜI ĐĂNG KÝ"),
            *_numbered(
                Line("Tên sản phẩm", known.case.product),
                *_who(known),
                Line("Nhóm sản phẩm", known.group),
                Line("Bộ sản phẩm", known.product_set),
                Line("Mức độ hoàn thiện của sản phẩm", known.answer("product_state")),
                Line("Điểm đặc biệt của sản phẩm", known.answer("special"), 2),
                Line("Nguyên liệu, nguồn cung cấp", known.answer("materials"), 2),
                Line("Lao động tham gia", known.answer("labour")),
                Line("Sản lượng", known.answer("quantity")),
                Line("Nơi bán", known.answer("sales_channels")),
                Line("Khách hàng hướng tới", lines=2),
                Line("Bao bì và quy cách một đơn vị sản phẩm", lines=2),
                Line("Máy móc, nhà xưởng, vốn hiện có", lines=2),
                Line("Tác động đến môi trường và biện pháp xử lý", lines=2),
                Line("Đề nghị hỗ trợ", known.answer("support")),
            ),
            Prose(PROMISE),
        ),
        to=f"Ủy ban nhân dân {known.commune}",
        dated=known.dated,
        signed=SIGNED,
    )


def _plan(known: Known) -> Form:
    year = known.today.year
    money = tuple((str(year + n), "", "", "") for n in range(3))
    return Form(
        "Phương án sản xuất kinh doanh",
        "PHƯƠNG ÁN SẢN XUẤT KINH DOANH",
        f"Sản phẩm: {known.case.product}",
        known.case.code,
        known.link,
        (
            Heading("I. THÔNG TIN CHUNG"),
            *_who(known),
            Line("Sản phẩm", known.case.product),
            Line("Nhóm, bộ sản phẩm", ": ".join(filter(None, (known.group, known.product_set)))),
            Heading("II. SẢN PHẨM VÀ THỊ TRƯỜNG"),
            Line("Điểm đặc biệt của sản phẩm", known.answer("special"), 3),
            Line("Mức độ hoàn thiện của sản phẩm", known.answer("product_state")),
            Line("Khách hàng, nhu cầu của khách hàng", lines=3),
            Line("Sản phẩm cùng loại trên thị trường, điểm vượt trội", lines=3),
            Heading("III. NGUYÊN LIỆU"),
            Line("Nguyên liệu, nơi cung cấp", known.answer("materials"), 3),
            Line("Biện pháp bảo đảm nguồn nguyên liệu", lines=2),
            Heading("IV. QUY TRÌNH SẢN XUẤT VÀ THIẾT BỊ"),
            Line("Các bước sản xuất", _told(known, "making"), 4),
            Line("Máy móc, nhà xưởng hiện có và cần bổ sung", lines=3),
            Heading("V. QUY MÔ VÀ TIẾN ĐỘ"),
            Line("Sản lượng hiện nay hoặc dự kiến", known.answer("quantity")),
            Line("Các mốc thực hiện trong năm", lines=3),
            Heading("VI. TỔ CHỨC VÀ LAO ĐỘNG"),
            Line("Lao động", known.answer("labour"), 2),
            Line("Phân công, đào tạo", lines=2),
            Heading("VII. CHẤT LƯỢNG VÀ TIÊU CHUẨN"),
            Line("Tiêu chuẩn, kiểm nghiệm, an toàn thực phẩm", lines=3),
            Heading("VIII. BAO BÌ, NHÃN, CÂU CHUYỆN"),
            Line("Bao bì và nhãn", lines=2),
            Line("Câu chuyện sản phẩm", _told(known, "origin"), 3),
            Heading("IX. BÁN HÀNG VÀ QUẢNG BÁ"),
            Line("Nơi bán", known.answer("sales_channels")),
            Line("Kế hoạch quảng bá, mở rộng nơi bán", lines=3),
            Heading("X. VỐN, CHI PHÍ, DOANH THU"),
            Grid(
                ("Năm", "Doanh thu (triệu đồng)", "Chi phí (triệu đồng)", "Lợi nhuận (triệu đồng)"),
                money,
                (24, 47, 47, 47),
            ),
            Line("Nhu cầu vốn bổ sung, nguồn vốn", lines=2),
            Heading("XI. RỦI RO VÀ MÔI TRƯỜNG"),
            Line("Rủi ro có thể xảy ra và biện pháp khắc phục", lines=2),
            Line("Chất thải, nước thải và biện pháp xử lý", lines=2),
            Heading("XII. ĐỀ NGHỊ HỖ TRỢ"),
            Line("Nội dung đề nghị hỗ trợ", known.answer("support")),
            Heading("XIII. LỘ TRÌNH ĐẠT HẠNG SAO"),
            Line("Hạng sao phấn đấu", known.aim),
            Line("Năm phấn đấu đạt"),
            Line("Việc cần làm theo từng tiêu chí", lines=4),
        ),
        contents=True,
        to=f"Ủy ban nhân dân {known.commune}",
        dated=known.dated,
        signed=SIGNED,
    )


def _told(known: Known, part: str) -> str:
    return known.case.story.told.get(part, "") if known.case.story is not None else ""


_WHY: Final[Mapping[str, tuple[str, ...]]] = {
    "Lần đầu": ("", "again"),
    "Nâng hạng": ("upgrade",),
    "Đánh giá, phân hạng lại": ("renewal",),
}
"""What a product stands for, by what its case continues; one or two stars were no recognition, so it is the first."""


def _form_01(known: Known) -> Form:
    samples = [paper.label.vi for paper in by_hand(known.case)]
    return Form(
        "Mẫu số 01",
        "PHIẾU ĐĂNG KÝ ĐÁNH GIÁ, PHÂN HẠNG SẢN PHẨM OCOP",
        f"{known.province}, năm {known.today.year}",
        known.case.code,
        known.link,
        (
            *_numbered(
                *_who(known),
                Line("Tên sản phẩm", known.case.product),
                Line("Nhóm sản phẩm", known.group),
                Line("Phân nhóm", known.subgroup),
                Line("Bộ sản phẩm", known.product_set),
            ),
            Ticks("Đăng ký", tuple((words, known.case.purpose in why) for words, why in _WHY.items())),
            Ticks("Gửi kèm", (("Báo cáo tự đánh giá (mẫu số 02)", True), *((name, True) for name in samples))),
            Prose(PROMISE),
            *known.office,
        ),
        number="Mẫu số 01",
        to=f"Ủy ban nhân dân {known.commune}",
        dated=known.dated,
        signed=SIGNED,
    )


_BOXES: Final[Mapping[str, tuple[str, ...]]] = {
    "Đăng ký kinh doanh": ("household_reg", "business_reg"),
    "Công bố chất lượng": ("quality_declaration",),
    "Đủ điều kiện an toàn thực phẩm": ("food_safety", "safety_certificate"),
    "Giấy phép sản xuất khác": ("production_licence",),
    "Nhãn hiệu (đơn hoặc giấy chứng nhận)": ("trademark",),
    "Quyền dùng chỉ dẫn địa lý, nhãn hiệu chung": (),
    "Sáng chế, kiểu dáng, bản quyền": (),
    "Giấy khác": ("quality_system", "awards"),
}
"""What the report asks to be ticked, and the papers that answer it."""


def _form_02(known: Known) -> Form:
    ticked = tuple((name, bool(papers) and known.has(*papers)) for name, papers in _BOXES.items())
    return Form(
        "Mẫu số 02",
        "BÁO CÁO TỰ ĐÁNH GIÁ",
        f"Sản phẩm: {known.case.product}",
        known.case.code,
        known.link,
        (
            Heading("I. THÔNG TIN CHUNG"),
            *_numbered(
                *_who(known),
                Line("Giới tính, dân tộc, nơi ở của người đại diện"),
                Line("Ngày thành lập, số đăng ký"),
                Line("Tên sản phẩm", known.case.product),
                Line("Quy cách, tiêu chuẩn sản phẩm"),
            ),
            Ticks("Giấy tờ hiện có", ticked),
            Line("Quá trình hình thành", _told(known, "origin"), 3),
            Line("Tổ chức bộ máy, lao động", known.answer("labour"), 2),
            Heading("II. KẾT QUẢ TRIỂN KHAI PHƯƠNG ÁN"),
            Line("Vùng nguyên liệu", known.answer("materials"), 2),
            Line("Quy trình sản xuất", _told(known, "making"), 3),
            Line("Sản lượng", known.answer("quantity")),
            Line("Cải tiến chất lượng, bao bì", lines=2),
            Line("Nơi bán", known.answer("sales_channels")),
            Line("Doanh thu, lợi nhuận hai năm gần nhất", lines=2),
            Heading("III. TỰ CHẤM ĐIỂM"),
            *_own_score(known),
            Heading("IV. GIẤY TỜ CHỨNG MINH GỬI KÈM"),
            Grid(("STT", "Giấy tờ", "Số trang", "Ghi chú"), known.papers or (("", "", "", ""),), (14, 101, 22, 28)),
            Heading("V. KẾ HOẠCH THỜI GIAN TỚI"),
            Line("Sản xuất, chất lượng, thị trường", lines=4),
            Prose(PROMISE),
        ),
        number="Mẫu số 02",
        contents=True,
        to=f"Ủy ban nhân dân {known.commune}",
        dated=known.dated,
        signed=SIGNED,
    )


def _own_score(known: Known) -> Iterator[Block]:
    """Item by item as on the sheet, with the producer's own marks; an item that is not known stays open."""
    case, sheet = known.case, sheet_of(known.case)
    if sheet is None:
        yield Line("Bộ tiêu chí của sản phẩm chưa có ở đây; điểm tự chấm", lines=4)
        return
    marks = marks_of(case)
    own = score(sheet, marks)
    names = {paper.id: (paper.official or paper.label).vi for paper in papers_of(case)}

    def row(criterion: Criterion) -> tuple[str, ...]:
        chosen = marks.get(criterion.code)
        option = criterion.options[chosen - 1] if chosen else None
        points = "" if chosen is None else f"{option.points if option is not None else 0}/{criterion.best}"
        name = criterion.official or criterion.label.vi
        words = f"{name}: {option.label.vi}" if option is not None else name
        proofs = [names[p] for p in criterion.papers if p in names and kept_paper(case, p) is not None]
        return (criterion.code, words, points or f"…/{criterion.best}", "; ".join(proofs))

    parts = ruleset(case.ruleset).parts
    for part in PART_IDS:
        rows = tuple(row(criterion) for criterion in sheet.criteria if criterion.part == part)
        yield Prose(f"Phần {part}. {parts[part].label.vi} (tối đa {sheet.parts[part]} điểm)")
        yield Grid(("Mục", "Nội dung và mức tự chấm", "Điểm", "Giấy tờ chứng minh"), rows, (14, 86, 17, 48))
    low, high = own.range
    total = f"{low} trên 100" if not own.open else f"từ {low} đến {high} trên 100 (còn {len(own.open)} mục chưa chấm)"
    yield Prose(f"Tổng điểm tự chấm: {total}.")


def _story(known: Known, story: Story) -> Form:
    """Only what was told, in its order; a voice note is named where its words would stand."""
    blocks: list[Block] = []
    for part in (part for part in STORY_PARTS if part in story.parts):
        blocks.append(Heading(known.catalog.say(Text(HEADINGS[part]))))
        blocks += [Prose(paragraph) for paragraph in story.told.get(part, "").splitlines()]
        if count := len(story.voices.get(part, ())):
            blocks.append(Prose(f"(Kể bằng {count} đoạn ghi âm, gửi kèm.)"))
    return Form(
        "Câu chuyện sản phẩm",
        "CÂU CHUYỆN SẢN PHẨM",
        known.case.product,
        known.case.code,
        known.link,
        tuple(blocks),
        official=False,
        dated=f"{known.case.by}, {known.address}",
    )
