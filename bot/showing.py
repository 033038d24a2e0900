"""How kept papers are handed out: as files, as pictures to look at, or all of them small on one sheet.

What is made here are specs, which `bot.deliver` turns into attachments when the message goes out:
{"pages": [[file id, rotation], ...], "name"}           one file, photos as a PDF
{"pages": ..., "name", "as": "pages"}                   a picture of each page
{"papers": [{"pages", "name"}, ...], "as": "sheet"}     one picture of all, numbered
{"file": file id}                                       a received file as what it is: picture, voice note, document
{"as": "score", "name", "title", "total", "bars", ...}  one's own score, drawn from words and figures (bot/charts.py)
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from bot.catalogs import Catalog
from bot.pictures import MOST_PAGES, MOST_TILES
from bot.render import compose
from bot.turn import Turned, composed_body, facts_of, outbox_row, seen_case
from dialogs.model import N_, ScorePicture, SendMessage, SendPapers, Text
from dialogs.producer.upload import all_papers_of
from storage.assisted import SIGNED_SHEET
from storage.cases import PRODUCT_PHOTOS
from storage.models import files, papers
from storage.pages import HERE

Spec = dict[str, Any]

MORE_PAGES = N_("%(paper)s: %(shown)s of its %(count)s pages are here. The rest is in the file.")


async def hand_out(turn: Turned, effect: SendPapers) -> None:
    """The papers of a case as they are wanted; an officer's look is written down, a producer's own is not."""
    case = await seen_case(turn, effect.code)
    if case.person_id != turn.conversation.person_id:
        turn.record("see_papers", effect.code, paper=effect.paper, look=effect.look)
    specs = await _specs(turn, case, effect.paper)
    match effect.look:
        case "sheet":
            turn.carried.attachments += _sheet(effect.code, specs)
        case "pages":
            lengths = await _lengths(turn, specs)
            _send(turn, [{**spec, "as": "pages"} for spec in specs], [_more(spec, lengths) for spec in specs])
        case _:
            _send(turn, specs, [()] * len(specs))


async def _specs(turn: Turned, case: Any, paper: str) -> list[Spec]:
    """The newest sent version of each paper (own ones also unsent), the product's photos first, then as in the list."""
    own = case.person_id == turn.conversation.person_id
    statement = select(papers).where(papers.c.case_id == case.id).order_by(papers.c.version)
    newest = {
        row.paper: row
        for row in await turn.connection.execute(statement)
        if (not paper or row.paper == paper) and (own or row.sent_at is not None)
    }
    here = await _here(turn, newest.values())
    names = {PRODUCT_PHOTOS: "Ảnh sản phẩm", SIGNED_SHEET: "Phiếu xác nhận"} | {
        p.id: p.label.vi for p in all_papers_of(facts_of(turn, case.code))
    }
    order = {name: place for place, name in enumerate(names)}
    return [
        {"pages": row.pages, "name": f"{case.code} {names.get(i, 'Giấy tờ')}.pdf"}
        for i, row in sorted(newest.items(), key=lambda item: order.get(item[0], len(order)))
        if any(page[0] in here for page in row.pages)
    ]


async def _here(turn: Turned, kept: Iterable[Any]) -> set[str]:
    """Of the files of these papers those that were not refused or lost."""
    ids = {page[0] for row in kept for page in row.pages}
    statement = select(files.c.id).where(files.c.id.in_(ids), files.c.status.in_(HERE))
    return set((await turn.connection.execute(statement)).scalars())


def _sheet(code: str, specs: Sequence[Spec]) -> list[Spec]:
    """One picture of all; the code, which stands above it, is not said with every paper."""
    named = [{**spec, "name": str(spec["name"]).removeprefix(f"{code} ")} for spec in specs[:MOST_TILES]]
    return [{"papers": named, "as": "sheet"}] if named else []


async def _lengths(turn: Turned, specs: Collection[Spec]) -> dict[str, int]:
    """Pages of each file that can be shown as pictures."""
    ids = {page[0] for spec in specs for page in spec["pages"]}
    statement = select(files.c.id, files.c.pages).where(files.c.id.in_(ids), files.c.status == "stored")
    return {row.id: row.pages for row in await turn.connection.execute(statement)}


def _more(spec: Spec, lengths: Mapping[str, int]) -> tuple[Text, ...]:
    """A line where a paper has more pages than an album shows."""
    count = sum(lengths.get(file_id, 0) for file_id, _ in spec["pages"])
    if count <= MOST_PAGES:
        return ()
    return (Text(MORE_PAGES, {"paper": title(spec), "shown": MOST_PAGES, "count": count}),)


def _send(turn: Turned, specs: Sequence[Spec], words: Sequence[tuple[Text, ...]]) -> None:
    """One paper goes with the words; of several each is a message of its own, lest all are in memory at once."""
    carried, world, conversation = turn.carried, turn.world, turn.conversation
    if len(specs) <= 1:
        carried.attachments.extend(specs)
        carried.said.extend(SendMessage(texts) for texts in words if texts)
        return
    head = compose(carried.said, world.catalog(conversation.locale), world.can(conversation.channel))
    carried.said.clear()
    catalog = world.catalog(conversation.locale)
    for n, (spec, texts) in enumerate(zip(specs, words, strict=True)):
        body = composed_body(head, [spec]) if n == 0 and head.text else {"text": title(spec), "attachments": [spec]}
        lines = [str(body["text"]), *(catalog.say(text) for text in texts)]
        carried.notices.append(outbox_row(conversation.id, "reply", body | {"text": "\n".join(lines)}, turn.now))


def score_spec(picture: ScorePicture, catalog: Catalog) -> Spec:
    """In the person's language as it is now, so that the picture says what the words beside it say."""
    return {
        "as": "score",
        "name": catalog.say(Text(N_("My own score"))),
        "title": catalog.say(picture.title),
        "total": catalog.say(picture.total),
        "bars": [[catalog.say(name), low, high, most] for name, low, high, most in picture.bars],
        "stars": [[catalog.say(Text(N_("%(n)s stars"), {"n": n})), points] for n, points in picture.stars],
        "has": catalog.say(Text(N_("what you have"))),
        "open": catalog.say(Text(N_("not answered yet"))),
        "note": catalog.say(picture.note),
    }


def title(spec: Mapping[str, Any]) -> str:
    return str(spec["name"]).removesuffix(".pdf")
