"""A form as Word document, from the template bot/forms/producer_form.docx (docs/build_forms.py builds it)."""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import segno

from bot.desk.forms import FOLDER
from bot.paperwork import as_pdf
from bot.paperwork.content import Block, Form, Grid, Heading, Line, Prose, Ticks

TICKED, EMPTY = "☒", "☐"
CODE_MM, COVER_CODE_MM = 24, 40


def docx(form: Form, made_at: datetime) -> bytes:
    """Word counts the pages of the contents anew when it opens the file; until then they are those of the PDF."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage  # type: ignore[import-untyped]  # with lxml and jinja2

    template = DocxTemplate(FOLDER / "producer_form.docx")
    values = {
        "form": form,
        "blocks": [shown for block in form.blocks for shown in _shown(block)],
        "contents": [{"words": words, "page": page} for words, page in as_pdf.pages(form, made_at).items()],
        "code": InlineImage(template, io.BytesIO(_picture(form.link)), width=Mm(CODE_MM)),
        "cover_code": InlineImage(template, io.BytesIO(_picture(form.link)), width=Mm(COVER_CODE_MM)),
    }
    template.render(values, autoescape=True)  # people's words hold "&" and "<" as well
    _fit(template.docx, [block.widths for block in form.blocks if isinstance(block, Grid)])
    template.docx.core_properties.title = f"{form.code} {form.title}"
    made = io.BytesIO()
    template.save(made)
    return made.getvalue()


def _shown(block: Block) -> Iterator[dict[str, Any]]:
    """One paragraph of the template each, or a table."""
    match block:
        case Heading(words):
            yield {"kind": "heading", "words": words}
        case Prose(words):
            yield {"kind": "prose", "words": words}
        case Line(label, value) if value:
            yield {"kind": "value", "words": f"{label}: {value}"}
        case Line(label, _, lines):
            yield {"kind": "open", "words": f"{label}: "}
            yield from ({"kind": "open", "words": ""} for _ in range(lines - 1))
        case Ticks(label, boxes):
            shown = (f"{TICKED if on else EMPTY}\u00a0{words}" for words, on in boxes)
            yield {"kind": "value", "words": f"{label}:   {'   '.join(shown)}"}
        case Grid(head, rows):
            yield {"kind": "grid", "head": head, "rows": rows}


def _fit(document: Any, widths: list[tuple[int, ...]]) -> None:
    """The tables of the form in turn get their columns; what stands around them has its own style."""
    from docx.shared import Mm

    grids = [table for table in document.tables if table.style is not None and table.style.name == "Table Grid"]
    for table, columns in zip(grids, widths, strict=True):
        for row in table.rows:
            for cell, width in zip(row.cells, columns, strict=True):
                cell.width = Mm(width)
        for column, width in zip(table.columns, columns, strict=True):
            column.width = Mm(width)


def _picture(words: str) -> bytes:
    made = io.BytesIO()
    segno.make_qr(words, error="m").save(made, kind="png", scale=8, border=2)
    return made.getvalue()
