"""The papers that a commune signs, filled from the case: report form 03 and the proposal letter, as DOCX.

The templates in bot/forms are built by docs/build_forms.py, and a province may edit them in Word. Everything is said
in Vietnamese, whatever the officer's language: these are official papers. What the record does not know stays dotted.
"""

import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from bot.catalogs import Catalog
from dialogs import places
from dialogs.engine import said
from dialogs.model import CaseFacts
from dialogs.officer.alerts import kind_words
from dialogs.officer.assess import Item, items
from dialogs.producer.score_words import mark_words
from dialogs.producer.upload import by_hand, kept_paper, papers_of
from dialogs.rules.ruleset import ruleset
from dialogs.rules.scoring import NONE
from dialogs.rules.sheet import Topic

FOLDER: Final = Path(__file__).parent.parent / "forms"
UNKNOWN: Final = "…………………………"
NOT_REACHED: Final = "Chưa đạt mức nào"
TOPIC_NAMES: Final[Mapping[Topic, str]] = {
    "raw_material": "Về nguồn nguyên liệu tại địa phương",
    "local_labour": "Về sử dụng lao động địa phương",
    "idea": "Về nguồn gốc ý tưởng sản phẩm",
    "identity": "Về bản sắc, trí tuệ địa phương",
}
"""As the decision names the four topics (26/2026/QĐ-TTg art. 7.2); in the chat they have plainer names."""


def filled(template: str, case: CaseFacts, catalog: Catalog, today: date) -> bytes:
    """`template`: "report_03" or "letter". `catalog` has to be the Vietnamese one."""
    return rendered(template, values(case, catalog, today))


def rendered(template: str, known: Mapping[str, Any]) -> bytes:
    """A template of `FOLDER` with what it names put in, as DOCX."""
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]  # with lxml and jinja2: not for every start

    document = DocxTemplate(FOLDER / f"{template}.docx")
    document.render(dict(known), autoescape=True)  # people's words hold "&" and "<" as well
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def values(case: CaseFacts, catalog: Catalog, today: date) -> dict[str, Any]:
    """All that the templates may name."""
    unit = places.commune(case.commune)
    if unit is None:
        raise LookupError(case.commune)
    province = places.province(unit.province_code)
    province_name = province.full_name if province is not None else UNKNOWN
    sets = {one.number: one.label.vi for group in ruleset(case.ruleset).groups for one in group.sets}
    contact = case.answers.get("contact_name", "")
    return {
        "commune": unit.full_name,
        "commune_capitals": unit.full_name.upper(),
        "kind_capitals": unit.kind.upper(),
        "place": unit.name,
        "province": province_name,
        "province_agency": f"Cơ quan tham mưu quản lý Chương trình OCOP {province_name}",
        "year": today.year,
        "code": case.code,
        "producer": case.by or UNKNOWN,
        "producer_kind": catalog.say(said(kind_words(case))) or UNKNOWN,
        "address": ", ".join(filter(None, (case.answers.get("location", ""), unit.full_name, province_name))),
        "representative": representative(case) or (f"{UNKNOWN} (người liên hệ: {contact})" if contact else UNKNOWN),
        "product": case.product,
        "product_set": sets.get(int(case.answers.get("product_set") or 0), UNKNOWN),
        "received_on": _received(case),
        "papers": [{"name": name, "pages": pages or "tệp"} for name, pages in _papers(case)],
        "topics": [_topic(item, catalog) for item in items(case)],
        "in_round": f", đợt {case.round.name}" if case.round is not None else "",
        "legal_basis": legal_basis(case.ruleset),
        "enclosed": _enclosed(case),
    }


def _received(case: CaseFacts) -> str:
    """The day on which the dossier was handed in for the first time."""
    days = (line.happened_at.date() for line in case.history if line.action == "send_dossier")
    first = next(days, None)
    return f"{first.day}/{first.month}/{first.year}" if first is not None else UNKNOWN


def _papers(case: CaseFacts) -> list[tuple[str, int]]:
    """Official names, and pages; of what only a layout program can count none."""
    sent = ((paper, kept_paper(case, paper.id)) for paper in papers_of(case))
    return [((p.official or p.label).vi, kept.pages) for p, kept in sent if kept is not None and kept.sent]


def _topic(item: Item, catalog: Catalog) -> dict[str, str]:
    option = item.said.option if item.said is not None else None
    remark = item.said.remark if item.said is not None else ""
    if item.criterion is None or option is None:
        return {"name": TOPIC_NAMES[item.topic], "finding": remark or UNKNOWN, "remark": ""}
    finding = NOT_REACHED if option == NONE else catalog.say(said(mark_words(item.criterion, option)))
    name = f"{TOPIC_NAMES[item.topic]} (tiêu chí {item.criterion.code})"
    return {"name": name, "finding": f"{finding}.", "remark": remark}


def representative(case: CaseFacts) -> str:
    """Of a household it is whom the household is named after; of others only a contact is known."""
    is_household = case.answers.get("producer_kind") == "household"
    return case.answers.get("producer_name", "") if is_household else ""


def legal_basis(ruleset_id: str) -> str:
    act = ruleset(ruleset_id).legal_basis[-1]
    day = act.issued_on
    return f"Quyết định số {act.number} ngày {day.day} tháng {day.month} năm {day.year} của Thủ tướng Chính phủ"


def _enclosed(case: CaseFacts) -> list[str]:
    samples = [paper.label.vi for paper in by_hand(case)]
    return ["Báo cáo của Ủy ban nhân dân cấp xã (mẫu số 03)", "Hồ sơ sản phẩm của chủ thể", *samples]


def cover_lines(case: CaseFacts, catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Name and value, for the cover of the bound dossier."""
    known = values(case, catalog, case.since)
    return (
        ("Chủ thể", known["producer"]),
        ("Loại hình", known["producer_kind"]),
        ("Địa chỉ", known["address"]),
        ("Bộ sản phẩm", known["product_set"]),
        ("Nơi nộp", f"Ủy ban nhân dân {known['commune']}"),
        ("Ngày nộp", known["received_on"]),
        *((("Đợt đánh giá", case.round.name),) if case.round is not None else ()),
    )
