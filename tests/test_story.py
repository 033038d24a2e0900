"""A product's story: told part by part, typed or recorded, kept as its producer's paper, and nothing added to it."""

import io
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.effects import TOO_LATE
from bot.paperwork.orders import KEPT
from dialogs.model import (
    FileFacts,
    FileReceived,
    FileRef,
    FileStatus,
    ForgetMe,
    KeepStory,
    SendToCommune,
    Story,
)
from dialogs.paperwork import STORY_PARTS
from dialogs.producer.story import CHECKS, CHECKS_OF_A_SERVICE, LONG_WORDS, MAX_CHARS, checklist
from dialogs.rules.sheet import sheet
from storage import retention
from storage.files import FileStore
from storage.models import cases, files, papers, stories
from storage.stories import story_of
from tests.facts import Chat, facts, sample_case
from tests.heart import Messenger, Working, rows
from tests.test_assessing import does, said
from tests.test_fetch import looked_at, worker
from tests.test_lifecycle import Scene, scene

CASE = replace(sample_case("TL12-26-0001", "plan_accepted", "food", "household", own=True), papers=())
CASE = replace(CASE, answers={**CASE.answers, "product_set": "7"})
HOSTILE = "Bà {{ 7*7 }} làm từ năm 1970 {% if x %} <b>&amp;</b> ${x}"
TOLD = Story({"origin": HOSTILE, "making": "Sấy than củi.\nMột đêm."}, {"making": ("v1",)})


def begun() -> Chat:
    return Chat(facts(cases=[CASE])).does("kể chuyện sản phẩm")


def kept_by(chat: Chat) -> Story:
    (effect,) = (effect for effect in chat.effects if isinstance(effect, KeepStory))
    return effect.story


# ---------------------------------------------------------------- telling


def test_eight_questions_and_what_is_left_out_is_not_in_it() -> None:
    chat = begun()
    for part in STORY_PARTS:
        assert chat.at == f"story/{part}"
        chat.does("bỏ qua" if part in ("memory", "wish") else f"Lời về {part}.")
    assert chat.at == "story/draft"
    story = kept_by(chat.does("giữ bài này"))
    assert story.told == {part: f"Lời về {part}." for part in STORY_PARTS if part not in ("memory", "wish")}
    assert not story.voices


def test_who_tells_nothing_has_nothing_to_keep() -> None:
    chat = begun().does(*["bỏ qua"] * 8)
    assert chat.at == "story/draft"
    assert "keep" not in [option.value for option in chat.asked.options]


def test_back_pause_and_going_on_lose_nothing() -> None:
    chat = begun().does("Từ đời bà.", "Bên suối.", "lui")
    assert chat.at == "story/place"
    chat.does("lui", "menu", "đăng ký", "Mật ong", "menu", "kể chuyện sản phẩm")
    assert chat.at == "story/people"
    assert (chat.answers["origin"], chat.answers["place"]) == ("Từ đời bà.", "Bên suối.")
    assert chat.does("lui", "lui", "giữ nguyên").at == "story/people"


def test_what_is_too_long_is_asked_again_and_the_rest_stays() -> None:
    chat = begun().does("Từ đời bà.", "Sương sớm. " * 1000)
    assert chat.at == "story/place"
    assert f"at most {MAX_CHARS:,}" in chat.words
    assert chat.answers["origin"] == "Từ đời bà."
    assert "place" not in chat.answers


def test_a_voice_note_is_an_answer_and_words_may_come_with_it() -> None:
    voice = FileReceived(FileRef("v1", "a.ogg", 900, is_photo=False, is_voice=True))
    chat = begun().does(voice, "Kể thêm: bà ở bên kia núi.", "xong")
    assert chat.at == "story/place"
    chat.does(FileReceived(FileRef("v2", "b.ogg", 900, is_photo=False, is_voice=True)), "xong", *["bỏ qua"] * 6)
    assert chat.at == "story/draft"
    story = kept_by(chat.does("giữ"))
    assert story.told == {"origin": "Kể thêm: bà ở bên kia núi."}
    assert story.voices == {"origin": ("v1",), "place": ("v2",)}


def test_a_voice_note_that_can_t_be_kept_is_said_to_be_lost() -> None:
    chat = begun()
    chat.files = lambda file_id: FileFacts(file_id, FileStatus.FAILED)
    chat.does(FileReceived(FileRef("v1", "a.ogg", 900, is_photo=False, is_voice=True)))
    chat.does(chat.timers[-1])
    assert chat.at == "story/origin"
    assert "did not reach me" in chat.words
    assert chat.does("Từ đời bà.", "xong").at == "story/place"
    assert (chat.answers["origin"], chat.answers["_origin"]) == ("Từ đời bà.", "")


def test_a_photo_is_no_answer() -> None:
    chat = begun().does(FileReceived(FileRef("p1", "a.jpg", 900, is_photo=True)))
    assert chat.at == "story/origin"
    assert "origin" not in chat.answers


def test_without_a_case_or_where_no_papers_are_taken() -> None:
    assert Chat(facts()).does("kể chuyện sản phẩm").at == "papers/none"
    over = replace(CASE, status="in_evaluation")
    shown = Chat(facts(cases=[over])).does("kể chuyện sản phẩm")
    assert (shown.at, [option.value for option in shown.asked.options]) == ("story/kept", ["case"])


def test_from_the_list_of_papers_it_is_told_or_sent_as_it_is() -> None:
    chat = Chat(facts(cases=[CASE])).does("nộp giấy tờ", "câu chuyện sản phẩm")
    assert chat.at == "upload/tell"
    assert chat.does("gửi bài có sẵn").at == "upload/pages"
    assert "fill_in" not in [option.value for option in chat.asked.options]
    assert chat.does("để sau", "câu chuyện sản phẩm", "kể cho em nghe").at == "story/origin"


def test_a_kept_story_is_shown_and_changed() -> None:
    chat = Chat(facts(cases=[replace(CASE, story=TOLD)])).does("kể chuyện sản phẩm")
    assert chat.at == "story/kept"
    assert HOSTILE in chat.words
    chat.does("sửa", "gốc gác", "Từ đời cụ.")
    assert chat.at == "story/draft"
    story = kept_by(chat.does("giữ"))
    assert story.told == {"origin": "Từ đời cụ.", "making": TOLD.told["making"]}
    assert story.voices == TOLD.voices


def test_a_kept_story_can_be_told_from_the_beginning() -> None:
    chat = Chat(facts(cases=[replace(CASE, story=TOLD)])).does("kể chuyện sản phẩm", "kể lại từ đầu")
    assert chat.at == "story/origin"
    assert "origin" not in chat.answers


# ---------------------------------------------------------------- beside the score sheet


def lines(story: Story, **answers: str) -> list[tuple[str, str]]:
    case = replace(CASE, answers={**CASE.answers, **answers})
    found = checklist(case, story)
    return [(text.msgid[0], str(text.values.get("what"))) for text in found if "what" in text.values]


def test_the_checklist_says_what_is_touched_what_lacks_and_what_people_judge() -> None:
    marks = [mark for mark, _ in lines(Story({"origin": "Từ đời bà."}, {"place": ("v1",)}))]
    assert marks == ["✓", "✓", "–", "–", "?", "?", "?"]
    assert lines(Story({"place": "a"}, {}))[0][0] == "–"
    assert all("5." in what for _, what in lines(TOLD))


def test_the_story_of_a_service_is_held_beside_its_own_sheet() -> None:
    service = {"product_group": "tourism", "product_set": "26"}
    assert [mark for mark, _ in lines(Story({"special": "Ngủ nhà sàn."}, {}), **service)] == ["✓", "–", "?", "?"]
    assert [mark for mark, _ in lines(Story({"people": "Bà Mẩy."}, {}), **service)] == ["–", "✓", "?", "?"]
    for (_, what), code in zip(lines(TOLD, **service), ("5.1", "5.1", "5.1", "5.2"), strict=True):
        assert f"'code': '{code}'" in what
    assert len(lines(TOLD, product_group="tourism", product_set="")) == 4  # before its kind is known


@pytest.mark.parametrize(("group", "number"), [("food", 7), ("tourism", 26)])
def test_each_check_is_of_a_criterion_of_the_sheet_that_a_story_proves(group: str, number: int) -> None:
    proved = {c.name for c in sheet("ocop-2026", number).criteria if "story" in c.papers}
    checks = CHECKS_OF_A_SERVICE if group == "tourism" else CHECKS
    assert {check.criterion for check in checks} == proved


def test_a_long_story_is_said_to_be_long() -> None:
    short, long = (Story({"origin": "chữ " * count}, {}) for count in (LONG_WORDS, LONG_WORDS + 1))
    assert "long" not in checklist(CASE, short)[-1].msgid
    assert "long" in checklist(CASE, long)[-1].msgid


# ---------------------------------------------------------------- kept


async def voices(here: Scene, *ids: str, who: str = "producer") -> None:
    owner = here.people[who]
    row = {"person_id": owner.person_id, "conversation_id": owner.id, "channel": "telegram", "source": ""}
    stored = {"status": "stored", "kind": "ogg", "received_at": here.clock()}
    async with here.engine.begin() as connection:
        await connection.execute(insert(files), [{"id": i, **row, **stored} for i in ids])


async def test_it_is_kept_as_the_story_paper_with_its_voice_notes(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    await voices(here, "v1")
    attempt = await does(here, "producer", KeepStory(here.code, TOLD))
    assert said(attempt) == [KEPT.msgid]
    async with engine.connect() as connection:
        assert await story_of(connection, here.code) == TOLD
    (paper,) = await rows(engine, papers, papers.c.paper == "story")
    made, voice = (page[0] for page in paper.pages)
    assert voice == "v1"
    (file,) = await rows(engine, files, files.c.id == made)
    assert (file.status, file.person_id) == ("pending", here.people["producer"].person_id)
    here.facts.clear()
    async with here.attempt("producer") as again:
        case = again.turn.facts.case(here.code)
        assert case is not None
        assert [(p.pages, p.files) for p in case.papers if p.id == "story"] == [(1, 2)]


@pytest.mark.parametrize("who", ["stranger", "neighbour", "officer"])
async def test_nobody_else_tells_it(sqlite_engine: AsyncEngine, who: str) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    await does(here, who, KeepStory(here.code, TOLD))
    assert not await rows(sqlite_engine, stories)


async def test_what_is_not_there_is_not_kept(sqlite_engine: AsyncEngine) -> None:
    """Nothing told, only somebody else's voice, or a case that takes no papers."""
    here = await scene(sqlite_engine, "plan_accepted")
    await voices(here, "theirs", who="stranger")
    for story in (Story({}, {}), Story({}, {"origin": ("theirs", "nobody's")})):
        attempt = await does(here, "producer", KeepStory(here.code, story))
        assert said(attempt) == [TOO_LATE.msgid]
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status="in_evaluation", owner="province"))
    await does(here, "producer", KeepStory(here.code, TOLD))
    assert not await rows(sqlite_engine, stories)
    await does(here, "producer", KeepStory(here.code, Story({}, {"origin": ("theirs",)})))


async def test_a_worker_makes_the_file_of_it(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    await voices(here, "v1")
    await does(here, "producer", KeepStory(here.code, TOLD))
    store = FileStore("memory:///")
    await Working(worker(engine, Messenger(), here.clock, store)).until(lambda: looked_at(engine))
    (file,) = await rows(engine, files, files.c.kind == "pdf")
    assert (file.status, file.pages, file.source) == ("stored", 1, "")
    words = _words(await store.get(file.sha256))
    assert HOSTILE in words
    assert "Sấy than củi." in words
    assert "Mã hồ sơ: TL12-26-0001" in words


def _words(pdf: bytes) -> str:
    document = pdfium.PdfDocument(io.BytesIO(pdf))
    try:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


async def test_deleting_one_s_data_takes_what_was_never_handed_in(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    await does(here, "producer", KeepStory(here.code, Story({"origin": "Từ đời bà."}, {})))
    await does(here, "producer", ForgetMe())
    assert not await rows(engine, stories)


async def test_what_was_handed_in_stays_as_the_record(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    await does(here, "producer", KeepStory(here.code, Story({"origin": "Từ đời bà."}, {})))
    await does(here, "producer", SendToCommune(here.code))
    await does(here, "producer", ForgetMe())
    assert len(await rows(engine, stories)) == 1


async def test_what_was_told_anew_after_it_was_handed_in_goes(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "plan_accepted")
    await does(here, "producer", KeepStory(here.code, Story({"origin": "Từ đời bà."}, {})))
    await does(here, "producer", SendToCommune(here.code))
    await does(here, "producer", KeepStory(here.code, Story({"origin": "Từ đời cụ."}, {})))
    await does(here, "producer", ForgetMe())
    assert not await rows(sqlite_engine, stories)


async def test_a_voice_note_of_a_story_is_not_swept_away(sqlite_engine: AsyncEngine) -> None:
    """Also when another file has taken the place of the paper that was made of it."""
    here = await scene(sqlite_engine, "plan_accepted")
    await voices(here, "v1", "loose")
    await does(here, "producer", KeepStory(here.code, TOLD))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(papers).where(papers.c.paper == "story").values(pages=[["f1", 0]]))
    later = here.clock().replace(year=here.clock().year + 1)
    await retention.run(sqlite_engine, {}, later)
    status: dict[str, Any] = {row.id: row.status for row in await rows(sqlite_engine, files)}
    assert status["v1"] == "stored"
    assert status["loose"] == "forgotten"
