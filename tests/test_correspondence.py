"""Notes between producers and officers: who gets them, with what, who may not, and what stays of them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.effects import TOO_LATE, carry_out
from bot.fetch import Fetcher
from bot.handle import handle
from bot.turn import Turned
from dialogs.model import (
    Effect,
    Event,
    Facts,
    FileReceived,
    FileRef,
    ForgetMe,
    LinkFollowed,
    SendMessage,
    SendNote,
    SendNoteFiles,
    SendPapers,
    TextReceived,
)
from storage import cases as work
from storage.files import FileStore
from storage.models import (
    cases,
    conversations,
    files,
    marks,
    memberships,
    notes,
    outbox,
    returned_items,
)
from storage.models import people as people_table
from storage.outbox import post
from storage.records import Conversation, Wanted, facts_for
from tests.heart import (
    ANSWERS,
    Messenger,
    Working,
    chat,
    keep_files,
    officer,
    rows,
    submit,
    world_at,
)
from tests.sounds import aac, amr, ogg
from tests.transcripts import Clock

GROUPED = ANSWERS | {"product_group": "food", "producer_kind": "household"}


async def turned(engine: AsyncEngine, clock: Clock, who: Conversation, code: str, *effects: Effect) -> Turned:
    """Carry out effects in a turn of this person, and post what they tell others."""
    world = world_at(clock)
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(who, code)], Facts(clock())))[who.id]
        turn = Turned(connection, who, Update(who.channel, "x", who.chat_id, TextReceived("")), facts, world, clock())
        await carry_out(turn, effects)
        await post(connection, turn.carried.notices)
    return turn


async def told(engine: AsyncEngine, who: Conversation) -> list[dict[str, Any]]:
    return [row.body for row in await rows(engine, outbox, outbox.c.conversation_id == who.id)]


def said(turn: Turned) -> str:
    catalog = turn.world.catalog("en")
    return "\n".join(catalog.say(t) for one in turn.carried.said if isinstance(one, SendMessage) for t in one.texts)


def refused(turn: Turned) -> bool:
    return any(isinstance(one, SendMessage) and one.texts == (TOO_LATE,) for one in turn.carried.said)


async def listened(engine: AsyncEngine, *ids: str) -> None:
    """These files are voice notes."""
    async with engine.begin() as connection:
        await connection.execute(update(files).where(files.c.id.in_(ids)).values(kind="ogg"))


async def seen(engine: AsyncEngine, clock: Clock, who: Conversation, code: str) -> Any:
    async with engine.begin() as connection:
        return (await facts_for(connection, [Wanted(who, code)], Facts(clock())))[who.id].case(code)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def anna(engine: AsyncEngine, clock: Clock) -> Conversation:
    return await chat(engine, clock, "anna", name="Mẩy", phone="+84912345678")


@pytest.fixture
async def hung(engine: AsyncEngine, clock: Clock) -> Conversation:
    return await officer(engine, clock, "hung")


@pytest.fixture
async def code(engine: AsyncEngine, clock: Clock, anna: Conversation) -> str:
    return await submit(engine, anna, clock(), GROUPED)


async def again(engine: AsyncEngine, clock: Clock, who: str) -> Conversation:
    """The conversation with what the record says of its person now."""
    return await chat(engine, clock, who)


# ---------------------------------------------------------------- both ways


async def test_a_note_reaches_the_officers_with_its_files_and_no_number(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await keep_files(engine, clock, anna, "p1", "v1")
    await listened(engine, "v1")
    anna = await again(engine, clock, "anna")
    turn = await turned(engine, clock, anna, code, SendNote(code, "Nhãn này được chưa", True, ("p1", "v1")))
    (body,) = await told(engine, hung)
    assert "Nhãn này được chưa" in body["text"]
    assert "1 ảnh, 1 ghi âm" in body["text"]
    assert body["attachments"] == [photo_of("p1"), voice_of("v1")]
    assert [data for data, _ in body["buttons"]] == [f"l:note.{code}", f"l:review.{code}"]
    assert not any(digits in str(body) for digits in ("912345678", "912 345 678", anna.chat_id))
    (entry,) = turn.carried.audit
    assert (entry.action, entry.case_code, entry.details["files"]) == ("note", code, 2)
    assert "Nhãn" not in str(entry)


async def test_an_officers_note_reaches_the_producer_with_a_way_to_answer(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await keep_files(engine, clock, hung, "p1")
    turn = await turned(engine, clock, hung, code, SendNote(code, "Chị in lại nhãn", False, ("p1",)))
    (body,) = await told(engine, anna)
    assert f"Cán bộ nhắn về hồ sơ {code}: “Chị in lại nhãn”" in body["text"]
    assert body["attachments"] == [photo_of("p1")]
    assert [data for data, _ in body["buttons"]] == [f"l:ask_officer.{code}", f"l:case.{code}"]
    assert "Sent to the producer." in said(turn)
    case = await seen(engine, clock, hung, code)
    assert [(note.text, note.to_officers, note.photos, note.voices) for note in case.notes] == [
        ("Chị in lại nhãn", False, 1, 0)
    ]


async def test_the_last_ten_notes_are_seen_by_both_sides_oldest_first(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    anna = await again(engine, clock, "anna")
    for n in range(12):
        await turned(engine, clock, (anna, hung)[n % 2], code, SendNote(code, f"tin {n}", n % 2 == 0))
        clock.now += timedelta(minutes=1)
    for who in (anna, hung):
        case = await seen(engine, clock, who, code)
        assert [note.text for note in case.notes] == [f"tin {n}" for n in range(2, 12)]
        assert case.notes[0].by == "Mẩy"
    dung = await officer(engine, clock, "dung", "11/03253")
    assert await seen(engine, clock, dung, code) is None


async def test_a_messenger_without_files_has_its_links_made_when_it_goes_out(
    engine: AsyncEngine, clock: Clock, hung: Conversation
) -> None:
    poor = await chat(engine, clock, "poor", "numbers", name="Sua")
    code = await submit(engine, poor, clock(), GROUPED)
    await keep_files(engine, clock, hung, "p1")
    await turned(engine, clock, hung, code, SendNote(code, "Xem ảnh", False, ("p1",)))
    (body,) = await told(engine, poor)
    assert "Kèm theo: 1 ảnh." in body["text"]
    assert body["attachments"] == [photo_of("p1")]  # tests/test_links.py


@pytest.mark.parametrize("foreign", ["theirs", "nowhere", "lost", "x" * 24])
async def test_files_of_somebody_else_do_not_come_along(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str, foreign: str
) -> None:
    bert = await chat(engine, clock, "bert")
    await keep_files(engine, clock, bert, "theirs")
    await keep_files(engine, clock, hung, "own", "lost")
    async with engine.begin() as connection:
        await connection.execute(update(files).where(files.c.id == "lost").values(status="refused"))
    await turned(engine, clock, hung, code, SendNote(code, "Xem ảnh", False, (foreign, "own")))
    assert [body["attachments"] for body in await told(engine, anna)] == [[photo_of("own")]]
    turn = await turned(engine, clock, hung, code, SendNote(code, "", False, (foreign,)))
    assert refused(turn)
    assert len(await rows(engine, notes)) == 1


async def test_an_officer_of_elsewhere_writes_to_nobody(
    engine: AsyncEngine, clock: Clock, anna: Conversation, code: str
) -> None:
    dung = await officer(engine, clock, "dung", "11/03253")
    assert refused(await turned(engine, clock, dung, code, SendNote(code, "chào", False)))
    assert not await rows(engine, notes)
    assert not await told(engine, anna)


async def test_the_producers_answer_finds_the_officer_who_wrote_last(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    lan = await officer(engine, clock, "lan", "15")
    anna = await again(engine, clock, "anna")
    await turned(engine, clock, anna, code, SendNote(code, "một", True))
    assert (len(await told(engine, hung)), len(await told(engine, lan))) == (1, 0)
    await turned(engine, clock, lan, code, SendNote(code, "tỉnh hỏi", False))
    await turned(engine, clock, anna, code, SendNote(code, "hai", True))
    assert (len(await told(engine, hung)), len(await told(engine, lan))) == (2, 1)
    async with engine.begin() as connection:
        mine = memberships.c.person_id == lan.person_id
        await connection.execute(update(memberships).where(mine).values(removed_at=clock()))
    await turned(engine, clock, anna, code, SendNote(code, "ba", True))
    assert (len(await told(engine, hung)), len(await told(engine, lan))) == (3, 1)


async def test_a_case_that_the_province_has_is_asked_about_there(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    lan = await officer(engine, clock, "lan", "15")
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status="forwarded", owner="province"))
    anna = await again(engine, clock, "anna")
    await turned(engine, clock, anna, code, SendNote(code, "Bao giờ chấm ạ", True))
    assert (len(await told(engine, hung)), len(await told(engine, lan))) == (0, 1)


# ---------------------------------------------------------------- nobody there


async def no_chat(engine: AsyncEngine, who: Conversation) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == who.id).values(status="blocked"))


async def test_for_a_producer_who_has_closed_the_chat_a_note_waits_and_they_are_to_be_called(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    assert (await seen(engine, clock, hung, code)).reachable
    await no_chat(engine, anna)
    assert not (await seen(engine, clock, hung, code)).reachable
    turn = await turned(engine, clock, hung, code, SendNote(code, "chào", False))
    assert "has closed the chat with me, so I keep the message" in said(turn)
    assert [i.links[0].target for i in turn.carried.said if isinstance(i, SendMessage)] == [f"call.{code}"]
    assert len(await rows(engine, notes)) == len(turn.carried.notices) == 1


async def followed(engine: AsyncEngine, clock: Clock, who: Conversation, *events: Event) -> list[str]:
    """What this person reads after events."""
    before = len(await told(engine, who))
    for event in events:
        clock.now += timedelta(seconds=1)
        update_ = Update(who.channel, f"{who.chat_id}-{clock.now.timestamp()}", who.chat_id, event, "vi", "somewhere")
        await handle(engine, world_at(clock), [update_])
    return [body["text"] for body in (await told(engine, who))[before:]]


async def test_the_dialog_offers_the_number_instead(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await no_chat(engine, anna)
    (text,) = await followed(engine, clock, hung, LinkFollowed(f"note.{code}"))
    assert text.startswith("Em đang không nhắn được cho")
    texts = await followed(engine, clock, hung, TextReceived("xem số điện thoại"))
    assert "0912 345 678" in texts[-1]


# ---------------------------------------------------------------- where there is no case


async def test_an_officer_writes_to_somebody_with_a_form_begun(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation
) -> None:
    key = f"p{anna.person_id}"
    (text,) = await followed(engine, clock, hung, LinkFollowed(f"note.{key}"))
    assert "Anh/chị muốn nhắn gì cho bà con?" in text
    texts = await followed(engine, clock, hung, TextReceived("Phiếu của chị còn hai câu"), TextReceived("gửi đi"))
    assert "Cán bộ xã nhắn: “Phiếu của chị còn hai câu”" in texts[0]
    (body,) = await told(engine, anna)
    assert body["text"] == "Cán bộ xã nhắn: “Phiếu của chị còn hai câu”"
    assert [data for data, _ in body["buttons"]] == ["l:ask_officer"]
    (note,) = await rows(engine, notes)
    assert (note.case_id, note.commune, note.to_officers) == (None, "04336", False)


@pytest.mark.parametrize("key", ["p{other}", "p999999", "n999999", "p", "n{note}x", "p0"])
async def test_who_is_elsewhere_or_nowhere_is_not_found(
    engine: AsyncEngine, clock: Clock, hung: Conversation, key: str
) -> None:
    other = await chat(engine, clock, "other")
    async with engine.begin() as connection:
        await connection.execute(
            update(people_table).where(people_table.c.id == other.person_id).values(commune="03253")
        )
    asked = await again(engine, clock, "bert")
    turn = await turned(engine, clock, asked, "", SendNote("", "hỏi", True))
    assert turn.carried.notices
    (note,) = await rows(engine, notes)
    target = key.format(other=other.person_id, note=note.id)
    texts = await followed(engine, clock, hung, LinkFollowed(f"note.{target}"))
    assert "chưa tìm thấy" in texts[-1] or "không tìm thấy" in texts[-1]
    assert refused(await turned(engine, clock, hung, "", SendNote(target, "chào", False)))
    assert not await told(engine, other)


async def test_a_question_about_no_case_is_quoted_and_answered_by_its_own_office_only(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation
) -> None:
    await turned(engine, clock, await again(engine, clock, "anna"), "", SendNote("", "Nuôi ong thì sao", True))
    (note,) = await rows(engine, notes)
    dung = await officer(engine, clock, "dung", "11/03253")
    assert refused(await turned(engine, clock, dung, "", SendNote(f"n{note.id}", "chào", False)))
    (text,) = await followed(engine, clock, hung, LinkFollowed(f"note.n{note.id}"))
    assert "Mẩy hỏi: “Nuôi ong thì sao”" in text
    await followed(engine, clock, hung, TextReceived("Được chị ạ"), TextReceived("gửi đi"))
    assert [body["text"] for body in await told(engine, anna)] == ["Cán bộ trả lời: “Được chị ạ”"]


async def test_a_producer_is_no_officer(engine: AsyncEngine, clock: Clock, anna: Conversation) -> None:
    bert = await chat(engine, clock, "bert")
    assert refused(await turned(engine, clock, bert, "", SendNote(f"p{anna.person_id}", "chào", False)))
    assert not await told(engine, anna)


# ---------------------------------------------------------------- files through the dialogs


async def settled(engine: AsyncEngine) -> bool:
    return all(row.due_at is None for row in await rows(engine, files))


@pytest.mark.parametrize(("sound", "kind"), [(ogg(4.0), "ogg"), (amr(4.0), "amr"), (aac(4.0), "aac")])
async def test_a_voice_note_goes_all_the_way(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str, sound: bytes, kind: str
) -> None:
    """Telegram's notes are Ogg, an Official Account's AMR, a Zalo Bot's AAC."""
    voice = FileReceived(FileRef("v1", "", 1000, is_photo=False, is_voice=True))
    await followed(engine, clock, hung, LinkFollowed(f"note.{code}"), voice)
    assert [(row.id, row.kind) for row in await rows(engine, files)] == [("v1", "voice")]
    texts = await followed(engine, clock, hung, TextReceived("gửi"))
    assert "tệp đang gửi tới" in texts[-1]
    channel = Messenger(files={"somewhere": sound})
    store = FileStore("memory:///")
    fetcher = Fetcher(engine, {"telegram": channel}, store, world_at(clock), asyncio.Event())
    await Working(fetcher).until(lambda: settled(engine))
    (row,) = await rows(engine, files)
    assert (row.status, row.kind) == ("stored", kind)
    await followed(engine, clock, hung, TextReceived("gửi"))
    (body,) = await told(engine, anna)
    assert body["attachments"] == [voice_of("v1")]


async def test_a_recording_where_a_paper_is_asked_for_is_no_paper(engine: AsyncEngine, clock: Clock) -> None:
    """A document that only its content gives away: nothing said that it is a recording."""
    anna = await chat(engine, clock, "anna")
    await keep_files(engine, clock, anna, "f1")
    async with engine.begin() as connection:
        await connection.execute(update(files).values(status="pending", source="somewhere", due_at=clock()))
    channel = Messenger(files={"somewhere": ogg()})
    fetcher = Fetcher(engine, {"telegram": channel}, FileStore("memory:///"), world_at(clock), asyncio.Event())
    await Working(fetcher).until(lambda: settled(engine))
    (row,) = await rows(engine, files)
    assert (row.status, row.findings) == ("refused", "unknown_kind")


async def test_what_is_no_recording_is_no_voice_note(engine: AsyncEngine, clock: Clock) -> None:
    anna = await chat(engine, clock, "anna")
    await keep_files(engine, clock, anna, "f1")
    async with engine.begin() as connection:
        pending = {"status": "pending", "source": "somewhere", "kind": "voice", "due_at": clock()}
        await connection.execute(update(files).values(**pending))
    channel = Messenger(files={"somewhere": b"%PDF-1.7"})
    fetcher = Fetcher(engine, {"telegram": channel}, FileStore("memory:///"), world_at(clock), asyncio.Event())
    await Working(fetcher).until(lambda: settled(engine))
    assert (await rows(engine, files))[0].findings == "unknown_kind"


async def test_the_photos_of_a_thread_are_handed_out_and_that_is_written_down(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await keep_files(engine, clock, anna, "p1", "v1")
    await listened(engine, "v1")
    anna = await again(engine, clock, "anna")
    await turned(engine, clock, anna, code, SendNote(code, "Đây ạ", True, ("v1", "p1")))
    turn = await turned(engine, clock, hung, code, SendNoteFiles(code))
    assert turn.carried.attachments == [voice_of("v1"), photo_of("p1")]
    assert [(entry.action, entry.case_code) for entry in turn.carried.audit] == [("see_notes", code)]
    assert not (await turned(engine, clock, anna, code, SendNoteFiles(code))).carried.audit
    dung = await officer(engine, clock, "dung", "11/03253")
    assert refused(await turned(engine, clock, dung, code, SendNoteFiles(code)))


# ---------------------------------------------------------------- papers to look at


async def with_papers(engine: AsyncEngine, clock: Clock, who: Conversation, code: str, pages: int) -> None:
    await keep_files(engine, clock, who, "a", "b")
    async with engine.begin() as connection:
        await connection.execute(update(files).where(files.c.id == "a").values(kind="pdf", pages=pages))
        await connection.execute(update(files).where(files.c.id == "b").values(kind="jpeg", pages=1))
        case = await work.locked(connection, code)
        await work.keep_paper(connection, case, "business_plan", [["a", 0]], clock())
        await work.keep_paper(connection, case, work.PRODUCT_PHOTOS, [["b", 90]], clock())
        for photos in (False, True):
            await work.send_papers(connection, case, clock(), photos=photos)


async def test_papers_come_as_they_are_wanted_and_a_look_at_them_is_written_down(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await with_papers(engine, clock, anna, code, 3)
    specs = [
        {"pages": [["b", 90]], "name": f"{code} Ảnh sản phẩm.pdf"},
        {"pages": [["a", 0]], "name": f"{code} Kế hoạch làm ăn.pdf"},
    ]
    turn = await turned(engine, clock, hung, code, SendPapers(code, look="sheet"))
    on_the_sheet = [spec | {"name": str(spec["name"]).removeprefix(f"{code} ")} for spec in specs]
    assert [spec["name"] for spec in on_the_sheet] == ["Ảnh sản phẩm.pdf", "Kế hoạch làm ăn.pdf"]
    assert turn.carried.attachments == [{"papers": on_the_sheet, "as": "sheet"}]
    assert [(e.action, e.case_code, e.details["look"]) for e in turn.carried.audit] == [("see_papers", code, "sheet")]
    turn = await turned(engine, clock, hung, code, SendPapers(code, "business_plan", "pages"))
    assert turn.carried.attachments == [specs[1] | {"as": "pages"}]
    assert not turn.carried.said
    turn = await turned(engine, clock, hung, code, SendPapers(code, look="pages"))
    assert [notice["body"]["attachments"] for notice in turn.carried.notices] == [
        [spec | {"as": "pages"}] for spec in specs
    ]
    turn = await turned(engine, clock, hung, code, SendPapers(code, "business_plan"))
    assert turn.carried.attachments == [specs[1]]
    own = await turned(engine, clock, await again(engine, clock, "anna"), code, SendPapers(code, look="sheet"))
    assert not own.carried.audit


async def test_what_an_album_does_not_hold_is_told(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await with_papers(engine, clock, anna, code, 14)
    turn = await turned(engine, clock, hung, code, SendPapers(code, "business_plan", "pages"))
    assert "10 of its 14 pages are here" in said(turn)
    turn = await turned(engine, clock, hung, code, SendPapers(code, look="pages"))
    texts = [notice["body"]["text"] for notice in turn.carried.notices]
    assert ["đây là 10 trong 14 trang" in text for text in texts] == [False, True]


async def test_a_case_without_papers_has_no_sheet(
    engine: AsyncEngine, clock: Clock, hung: Conversation, code: str
) -> None:
    turn = await turned(engine, clock, hung, code, SendPapers(code, look="sheet"))
    assert not turn.carried.attachments


# ---------------------------------------------------------------- forgetting


async def statuses(engine: AsyncEngine) -> dict[str, str]:
    return {row.id: row.status for row in await rows(engine, files)}


async def test_what_stands_in_a_case_outlives_its_producer_and_the_rest_goes(
    engine: AsyncEngine, clock: Clock, anna: Conversation, hung: Conversation, code: str
) -> None:
    await keep_files(engine, clock, anna, "with-case", "without-case", "never-sent")
    anna = await again(engine, clock, "anna")
    await turned(engine, clock, anna, code, SendNote(code, "hồ sơ", True, ("with-case",)))
    await turned(engine, clock, anna, "", SendNote("", "riêng", True, ("without-case",)))
    await turned(engine, clock, anna, "", ForgetMe())
    assert await statuses(engine) == {"with-case": "stored", "without-case": "forgotten", "never-sent": "forgotten"}
    assert [note.text for note in await rows(engine, notes)] == ["hồ sơ"]


async def test_an_officers_marks_and_returns_outlive_the_officer(
    engine: AsyncEngine, clock: Clock, hung: Conversation, code: str
) -> None:
    await keep_files(engine, clock, hung, "marked", "returned", "noted", "loose")
    (case,) = await rows(engine, cases)
    async with engine.begin() as connection:
        mark = {"case_id": case.id, "item": "all", "verdict": "return", "author_id": hung.person_id}
        await connection.execute(insert(marks).values(**mark, files=["marked"], marked_at=clock()))
        back = {"case_id": case.id, "item": "all", "reason": "", "returned_on": clock().date()}
        await connection.execute(insert(returned_items).values(**back, files=["returned"]))
    await turned(engine, clock, hung, code, SendNote(code, "", False, ("noted",)))
    await turned(engine, clock, hung, "", ForgetMe())
    kept = {"marked": "stored", "returned": "stored", "noted": "stored", "loose": "forgotten"}
    assert await statuses(engine) == kept


def photo_of(file_id: str) -> dict[str, str]:
    return {"file": file_id, "name": "Ảnh", "show": "picture"}


def voice_of(file_id: str) -> dict[str, str]:
    return {"file": file_id, "name": "Ghi âm", "show": "voice"}
