"""Writing a message: words at once, photos and voice notes when they say so, and how the engine lets them in."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dialogs.messages import MAX_FILES, message, note_texts, parts_of, so_far, usable
from dialogs.model import (
    MAX_FILE_BYTES,
    Answers,
    Ask,
    Dialog,
    Effect,
    Facts,
    FileFacts,
    FileReceived,
    FileRef,
    FileStatus,
    KeepFile,
    OptionChosen,
    SendNote,
    StartTimer,
    TextReceived,
    UnsupportedReceived,
)
from storage.pages import files_in_hand
from tests.facts import Chat, facts, world
from tests.test_engine import tree


def sent(answers: Answers, known: Facts) -> tuple[Effect, ...]:
    files = tuple(part.id for part in parts_of(answers.get("_files", "")))
    return (SendNote("", answers["text"], to_officers=True, files=files),)


LETTER = Dialog(
    "letter",
    linked=True,
    steps=(Ask("text", "What?", message(40), then=sent, verbatim=True, takes_files=True, takes_voice=True),),
)
WORDS = Dialog("words", linked=True, steps=(Ask("text", "What?", message(40), verbatim=True),))


def photo(name: str, size_bytes: int = 1000) -> FileReceived:
    return FileReceived(FileRef(name, "", size_bytes, is_photo=True))


def voice(name: str, size_bytes: int = 1000) -> FileReceived:
    return FileReceived(FileRef(name, "", size_bytes, is_photo=False, is_voice=True))


def writing(*statuses: tuple[str, FileStatus], dialog: Dialog = LETTER) -> Chat:
    """Files come as stored ones unless told."""
    known = dict(statuses)

    def fetched(file_id: str) -> FileFacts:
        return FileFacts(file_id, known.get(file_id, FileStatus.STORED), findings=("too_long",))

    here = Chat(facts(), dialogs=tree(dialog), files=fetched)
    here.state = replace(here.state, at=f"{dialog.name}/text")
    here.__post_init__()
    return here


def press(here: Chat, value: str) -> Chat:
    here.turn(OptionChosen(here.asked.at, value))
    return here


def notes(here: Chat) -> list[SendNote]:
    return [effect for effect in here.effects if isinstance(effect, SendNote)]


def offered(here: Chat) -> list[str]:
    return [option.value for option in here.asked.options]


def test_words_alone_are_the_message() -> None:
    here = writing()
    assert offered(here) == []
    here.does("Nhãn đã in lại")
    assert notes(here) == [SendNote("", "Nhãn đã in lại", to_officers=True)]


def test_a_photo_and_a_voice_note_wait_for_the_word() -> None:
    here = writing().does(photo("p1"))
    assert here.quiet
    assert KeepFile(photo("p1").file) in here.effects
    assert any(isinstance(effect, StartTimer) for effect in here.effects)
    here.does(voice("v1"), "nhãn đây", "xem giúp em")
    assert not notes(here)
    assert so_far(here.state.drafts["letter"].partial) == ("nhãn đây\nxem giúp em", (("p1", False), ("v1", True)))
    press(here, "done")
    assert notes(here) == [SendNote("", "nhãn đây\nxem giúp em", to_officers=True, files=("p1", "v1"))]


def test_files_in_hand_are_those_of_a_message_too() -> None:
    here = writing().does(photo("p1"), voice("v1"), "a | b, c")
    assert files_in_hand(here.state.drafts.values()) == ("p1", "v1")
    assert so_far(here.state.drafts["letter"].partial)[0] == "a | b, c"


@pytest.mark.parametrize("words", ["?a|b", ">x|y", "f1:v,f2", "nhãn mới\nxem giúp"])
def test_no_words_are_mistaken_for_what_is_kept_beside_them(words: str) -> None:
    here = press(writing().does(photo("p1"), TextReceived(words)), "done")
    assert notes(here) == [SendNote("", words, to_officers=True, files=("p1",))]


def test_a_button_sends_only_what_stood_above_it() -> None:
    here = writing().does(photo("p1"), "nhãn mới")
    earlier = here.asked.at
    here.does(photo("p2"))
    here.turn(OptionChosen(earlier, "done"))
    assert not notes(here)
    assert "earlier message" in here.words
    assert len(notes(press(here, "done"))) == 1


def test_starting_over_forgets_what_there_was() -> None:
    here = press(writing().does(photo("p1"), "nhãn mới"), "over")
    assert here.state.drafts["letter"].partial == ""
    here.does("nhãn cũ")
    assert notes(here) == [SendNote("", "nhãn cũ", to_officers=True)]


@pytest.mark.parametrize("status", [FileStatus.REFUSED, FileStatus.FAILED])
def test_what_can_not_be_used_is_left_out(status: FileStatus) -> None:
    here = writing(("v1", status)).does(voice("v1"))
    assert offered(here) == []
    here.turn(OptionChosen(here.asked.at, "done"))
    assert "None of these could be used" in here.words
    here.does("thôi em gõ chữ")
    assert notes(press(here, "done")) == [SendNote("", "thôi em gõ chữ", to_officers=True)]


def test_a_message_waits_for_what_is_on_its_way() -> None:
    here = press(writing(("p1", FileStatus.PENDING)).does(photo("p1")), "done")
    assert not notes(here)
    assert "still on their way" in here.words


def test_so_many_and_no_more_and_a_refused_one_makes_room() -> None:
    here = writing(("p0", FileStatus.REFUSED)).does(*(photo(f"p{n}") for n in range(MAX_FILES + 1)))
    assert [part.id for part in so_far(here.state.drafts["letter"].partial)[1]] == [f"p{n}" for n in range(6)]
    here.does(photo("p6"))
    assert "is the most I can take" in here.words


def test_the_same_file_twice_is_one() -> None:
    here = press(writing().does(photo("p1"), photo("p1")), "done")
    assert notes(here)[0].files == ("p1",)


@pytest.mark.parametrize(("words", "reason"), [("a", "too short"), ("x" * 41, "at most 40")])
def test_words_have_to_be_some_and_not_too_many(words: str, reason: str) -> None:
    here = writing()
    here.turn(TextReceived(words))
    assert not notes(here)
    assert reason in here.words


def test_words_added_to_words_are_not_too_many_either() -> None:
    here = writing().does(photo("p1"), "x" * 30, "y" * 30)
    assert "at most 40" in here.words
    assert so_far(here.state.drafts["letter"].partial)[0] == "x" * 30


# ---------------------------------------------------------------- the engine


def test_a_voice_note_where_none_is_asked_for_is_told_as_before() -> None:
    here, before = writing(dialog=WORDS), writing(dialog=WORDS)
    here.does(voice("v1"))
    before.turn(UnsupportedReceived("voice"))
    assert here.words == before.words
    assert "can't listen" in here.words
    assert (here.state, here.effects) == (before.state, before.effects)


def test_a_voice_note_is_never_kept_for_a_paper() -> None:
    here = Chat(facts(), dialogs=tree())
    here.does(voice("v1"))
    assert not any(isinstance(effect, KeepFile) for effect in here.effects)
    here = Chat(facts(), dialogs=tree())
    here.state = replace(here.state, at="album.1/")
    here.__post_init__()
    here.does(voice("v1"))
    assert here.at == "album/pages"
    assert "can't listen" in here.words


def test_a_recording_that_is_too_large_is_told_so() -> None:
    here = writing().does(voice("v1", MAX_FILE_BYTES + 1))
    assert "over 20 MB" in here.words
    assert not here.quiet


def test_the_question_says_whether_it_takes_a_voice() -> None:
    assert writing().asked.takes_voice
    assert not writing(dialog=WORDS).asked.takes_voice


# ---------------------------------------------------------------- its reader


def read(code: str, words: str, photos: int = 0, voices: int = 0) -> Sequence[str]:
    return [world().catalog("vi").say(text) for text in note_texts(code, words, photos, voices)]


def test_what_a_producer_reads() -> None:
    assert read("TL12-26-0001", "chào chị") == ["Cán bộ nhắn về hồ sơ TL12-26-0001: “chào chị”"]
    assert read("n7", "được ạ", photos=2) == ["Cán bộ trả lời: “được ạ”", "Kèm theo: 2 ảnh."]
    assert read("p7", "", voices=1) == ["Cán bộ xã gửi lời nhắn cho anh/chị.", "Kèm theo: 1 ghi âm."]


def test_parts_are_read_back_as_they_were_kept() -> None:
    assert [tuple(part) for part in parts_of("a,b:v")] == [("a", False), ("b", True)]
    assert parts_of("") == ()
    assert usable(parts_of("a,b:v"), facts()) == parts_of("a,b:v")
