"""What is signed after a council's session, made when it is delivered: minutes, score sheets, and all marks as a table.

Official papers, so everything is said in Vietnamese. Marks that stand out are in none of them: they are a hint to the
secretary while the council sits.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot import papers
from bot.catalogs import Catalog
from bot.channels.base import Attachment
from bot.desk import export, forms
from bot.world import World
from dialogs import places
from dialogs.council.facts import BOUND, DECLARED
from dialogs.council.outcome import counted, gate_lines, missing, names, points_words, result_of, sheet_for
from dialogs.engine import said
from dialogs.model import N_, Agreed, Council, Tabled, Text
from dialogs.producer.score_words import mark_words
from dialogs.rules.ruleset import PART_IDS, Level, ruleset
from dialogs.rules.scoring import Marks, points_of
from storage import council as kept
from storage.database import reading

MINUTES, BALLOTS, MARKS = "council minutes", "council ballots", "council marks"
MADE = (MINUTES, BALLOTS, MARKS)
"""Values of "made" in a spec of an attachment; its "session" is the session's number in the database."""


async def made(engine: AsyncEngine, world: World, spec: Mapping[str, Any]) -> Attachment:
    catalog = world.catalog("vi")
    async with reading(engine) as connection:
        row = await kept.session_row(connection, spec["session"])
        session = await kept.council_of(connection, row, world.clock())
        secretary = await kept.name_of(connection, row.closed_by)
        handed_in = await kept.handed_in(connection, row.id)
    if spec["made"] == MARKS:
        return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.XLSX], await table(session, catalog))
    if spec["made"] == MINUTES:
        known, template = minutes(session, secretary, catalog), "council_minutes"
    else:
        known, template = sheets(session, handed_in, catalog), "council_ballots"
    data = await asyncio.to_thread(forms.rendered, template, known)
    return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.DOCX], data)


# ---------------------------------------------------------------- minutes


def minutes(session: Council, secretary: str, catalog: Catalog) -> dict[str, Any]:
    """All that the template of the minutes may name."""
    chair = next((seat.name for seat in session.seats if seat.chair), forms.UNKNOWN)
    return _of_session(session) | {
        "opened": catalog.say(Text("%(day)s", {"day": session.opened_on})),
        "closed": catalog.say(Text("%(moment)s", {"moment": session.closed_at or session.opened_on})),
        "chair": chair,
        "secretary": secretary or forms.UNKNOWN,
        "group": [{"name": seat.name} for seat in session.group],
        "members": [{"name": s.name, "role": "Chủ tịch" if s.chair else "Ủy viên"} for s in session.seats],
        "products": [_product(session, product, catalog) for product in session.products],
    }


def _of_session(session: Council) -> dict[str, Any]:
    province = places.province(session.province)
    name = province.full_name if province is not None else forms.UNKNOWN
    rules = next((product.ruleset for product in session.products), "ocop-2026")
    return {
        "session": session.name,
        "province": name,
        "place": province.name if province is not None else forms.UNKNOWN,
        "year": (session.closed_at or session.opened_on).year,
        "province_capitals": name.upper(),
        "legal_basis": forms.legal_basis(rules),
    }


def _of_product(product: Tabled) -> dict[str, Any]:
    unit = places.commune(product.commune)
    sets = {one.number: one.label.vi for group in ruleset(product.ruleset).groups for one in group.sets}
    return {
        "code": product.code,
        "product": product.product,
        "by": product.by or forms.UNKNOWN,
        "place": unit.full_name if unit is not None else forms.UNKNOWN,
        "product_set": sets.get(product.product_set, forms.UNKNOWN),
    }


def _product(session: Council, product: Tabled, catalog: Catalog) -> dict[str, Any]:
    result, agreed = result_of(product) if product.product_set else None, product.agreed
    if agreed is None or result is None:
        return _of_product(product) | {"scored": False}
    lines = gate_lines(sheet_for(product), result)
    return (
        _of_product(product)
        | _advice(session, product, catalog)
        | {
            "scored": True,
            "ballots": result.ballots,
            "others": _others(session, product),
            "points": catalog.say(points_words(ruleset(product.ruleset), agreed.points)),
            "total": catalog.say(Text("%(total)s", {"total": sum(agreed.points, Decimal(0))})),
            "by_points": result.stars_by_points,
            "by_gates": result.stars_by_gates,
            "unmet": [catalog.say(line).removeprefix("• ") for line in lines],
            "verdict": _verdict(product, agreed),
        }
    )


def _advice(session: Council, product: Tabled, catalog: Catalog) -> dict[str, Any]:
    """What the advisory group says, as its report to the council; that it was not given the dossier is said, too."""
    given = product.handed_over
    if given is None:
        return {"advice": "không giao đọc hồ sơ này", "remarks": []}
    since = f"đọc hồ sơ từ {catalog.say(Text('%(day)s', {'day': given.on}))}"
    read = [one.seat for one in given.readings if one.read]
    through = f"; đã đọc xong: {names(session, read)}" if read else "; chưa ai báo đọc xong"
    remarks = [{"by": names(session, [one.seat]), "text": one.remark} for one in given.readings if one.remark]
    return {"advice": since + through, "remarks": remarks}


def _others(session: Council, product: Tabled) -> str:
    """Who did not score, and why."""
    concerned = [cast.seat for cast in product.ballots if cast.standing in (DECLARED, BOUND)]
    parts = (("không chấm do có liên quan", concerned), ("không nộp phiếu", missing(product)))
    return "".join(f"; {words}: {names(session, numbers)}" for words, numbers in parts if numbers)


def _verdict(product: Tabled, agreed: Agreed) -> str:
    rules = ruleset(product.ruleset)
    if not agreed.stars:
        return f"{forms.UNKNOWN} sao"
    certifier = rules.certifies[agreed.stars]
    if certifier is None:
        return f"{agreed.stars} sao, chưa đủ điều kiện công nhận sản phẩm OCOP"
    if certifier is Level.CENTRE:
        return f"đề nghị Ủy ban nhân dân tỉnh trình Bộ Nông nghiệp và Môi trường đánh giá, công nhận {agreed.stars} sao"
    return f"đề nghị Chủ tịch Ủy ban nhân dân tỉnh quyết định công nhận {agreed.stars} sao"


# ---------------------------------------------------------------- score sheets


def sheets(session: Council, handed_in: Mapping[tuple[int, str], Any], catalog: Catalog) -> dict[str, Any]:
    """Each ballot that counts, of each product; `handed_in` is when, by member and code."""
    return _of_session(session) | {
        "ballots": [
            _of_product(product)
            | _marked(product, marks, catalog)
            | {
                "member": seat.name,
                "submitted": catalog.say(Text("%(moment)s", {"moment": handed_in[seat.number, product.code]})),
            }
            for product in session.products
            for number, marks in counted(product).items()
            if (seat := session.seat(number)) is not None
        ]
    }


def _marked(product: Tabled, marks: Marks, catalog: Catalog) -> dict[str, Any]:
    form = sheet_for(product)
    points = points_of(form, marks)
    sums = {part: sum(points[c.code] for c in form.criteria if c.part == part) for part in PART_IDS}
    parts = catalog.say(points_words(ruleset(product.ruleset), map(Decimal, sums.values())))
    return {
        "rows": [
            {
                "code": c.code,
                "item": c.official or c.label.vi,
                "option": catalog.say(said(mark_words(c, marks[c.code]))),
                "points": points[c.code],
                "most": c.max_points,
            }
            for c in form.criteria
        ],
        "sums": f"Tổng: {sum(sums.values())} điểm ({parts}).",
    }


# ---------------------------------------------------------------- all marks

COLUMNS = (N_("Code"), N_("Product"), N_("Item"), N_("Criterion"), N_("At most"))
AVERAGE = Text(N_("Average"))
NAMES = Text(N_("Names"))
MEMBER = N_("Member %(number)s")
TITLE = Text(N_("Marks"))
CONCERNED, ABSENT = Text(N_("concerned")), Text(N_("not handed in"))


async def table(session: Council, catalog: Catalog) -> bytes:
    """A column for each member; their names stand in the first row, where none of them can become a formula."""
    headings = [
        *(catalog.say(Text(words)) for words in COLUMNS),
        *(catalog.say(Text(MEMBER, {"number": seat.number})) for seat in session.seats),
        catalog.say(AVERAGE),
    ]

    async def parts() -> AsyncIterator[list[Sequence[export.Cell]]]:
        yield [[None, None, None, catalog.say(NAMES), None, *(seat.name for seat in session.seats), None]]
        for product in session.products:
            if product.agreed is not None:
                yield list(_rows(session, product, product.agreed, catalog))

    file = io.BytesIO()
    await export.write(file, ".xlsx", catalog.say(TITLE), headings, parts())
    return file.getvalue()


def _rows(session: Council, product: Tabled, agreed: Agreed, catalog: Catalog) -> Iterator[Sequence[export.Cell]]:
    form = sheet_for(product)
    points = {number: points_of(form, marks) for number, marks in counted(product).items()}
    concerned = {cast.seat for cast in product.ballots if cast.standing in (DECLARED, BOUND)}

    def of(number: int, codes: Sequence[str]) -> export.Cell:
        if number in points:
            return sum(points[number][code] for code in codes)
        return catalog.say(CONCERNED if number in concerned else ABSENT)

    for criterion in form.criteria:
        given = [of(seat.number, [criterion.code]) for seat in session.seats]
        head = (
            product.code,
            product.product,
            criterion.code,
            criterion.official or criterion.label.vi,
            criterion.max_points,
        )
        yield [*head, *given, agreed.items[criterion.code]]
    for part, average in zip(PART_IDS, agreed.points, strict=True):
        codes = [c.code for c in form.criteria if c.part == part]
        given = [of(seat.number, codes) for seat in session.seats]
        yield [
            product.code,
            product.product,
            part,
            ruleset(product.ruleset).parts[part].label.vi,
            form.parts[part],
            *given,
            average,
        ]
