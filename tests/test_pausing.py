"""Leaving in one's own words: a whole utterance leaves a form and loses nothing, a word more is an answer."""

import pytest

from dialogs.engine import VERBATIM
from dialogs.model import CommandReceived, SendMessage, TextReceived
from dialogs.pausing import pauses
from tests.facts import Chat, facts, world
from tests.test_story import CASE

LEAVING = (
    "thoi de mai ke tiep", "de mai lam tiep", "dung lai da", "met roi, nghi", "nghi da", "mai ke tiep",
    "thoi nghi nhe", "Thôi để mai kể tiếp", "Mệt rồi, nghỉ", "nghỉ chút đã", "Để sau", "Để hôm khác",
    "để lúc khác nhé em", "hôm khác kể tiếp", "thôi dừng lại đây", "mệt quá", "khuya rồi, mai kể tiếp nhé",
    "cho tôi nghỉ", "met r, nghi nhe", "ban qua de toi mai", "de khi nao ranh", "lat nua lam tiep",
    "Tối mai tôi kể tiếp", "toi met roi nghi da", "mai toi lam not", "nghỉ đã. mai kể", "di ngu da",
)  # fmt: skip
ANSWERS = (
    "nghỉ hè mới làm", "Mai", "Ngọc Mai", "Mai Nghi", "chi nghi", "nghĩ vậy, mai làm tiếp", "Mai làm nghề này",
    "toi lam tiep", "để mai mới bán", "ban roi", "đừng lại", "ủ qua đêm, mai làm tiếp", "Hôm sau phơi tiếp",
    "Bà ngoại nghỉ làm năm 1990, mai tôi kể", "Trời mưa thì nghỉ, mai nắng lại phơi.",
)  # fmt: skip
LONG = "Mùa đông cả nhà nghỉ, mai kia nắng lên mới làm tiếp. " * 6 + "Xong."


@pytest.mark.parametrize("typed", LEAVING)
def test_whoever_says_that_they_stop_leaves_any_form_and_keeps_what_was_told(typed: str) -> None:
    story = Chat(facts(cases=[CASE])).does("kể chuyện sản phẩm", "Từ đời bà.", typed)
    assert story.at == "pause/when"
    assert story.does("không cần nhắc", "kể tiếp").answers["origin"] == "Từ đời bà."
    assert story.at == "story/place"
    idea = Chat(facts()).does("đăng ký", "Mật ong", "1", "4", "1", typed)
    assert idea.at == "pause/when"
    assert idea.does("không cần nhắc", "làm tiếp").at == "register_idea/special"
    assert idea.answers["product"] == "Mật ong"


@pytest.mark.parametrize("typed", [*ANSWERS, LONG])
def test_such_words_among_others_are_an_answer(typed: str) -> None:
    assert not pauses(typed)
    for takes in ("text", VERBATIM):
        asked = SendMessage((), at="story.1/origin", takes=takes)
        assert world().listener.recognise(TextReceived(typed), asked, "vi") == TextReceived(typed)


def test_when_to_be_reminded_is_answered_in_the_same_words() -> None:
    chat = Chat(facts()).does("đăng ký", "Mật ong", "nghỉ", "để mai làm tiếp")
    assert chat.at == "paused/choice"
    assert [timer.kind for timer in chat.timers] == ["reminder"]


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("Về menu", "menu/choice"),
        ("Tìm hiểu OCOP", "learn/section"),
        ("nop giay to", "upload/paper"),
        ("Hồ sơ đến đâu rồi?", "case/next"),
        ("ho so cua toi den dau roi", "case/next"),
        ("xã nhận chưa", "case/next"),
        ("làm tiếp", "story/place"),
        ("kể tiếp", "story/place"),
        ("cảm ơn em nhé", "story/place"),
    ],
)
def test_what_is_said_on_the_way_is_no_part_of_a_story(typed: str, at: str) -> None:
    chat = Chat(facts(cases=[CASE])).does("kể chuyện sản phẩm", "Từ đời bà.", typed)
    assert chat.at == at
    chat.does("kể tiếp")
    assert (chat.at, chat.answers.get("place")) == ("story/place", None)


def test_a_note_to_an_officer_may_ask_where_the_file_is() -> None:
    asked = Chat(facts(cases=[CASE])).does("nhắn cán bộ").asked
    heard = world().listener.recognise(TextReceived("hồ sơ của tôi đến đâu rồi"), asked, "vi")
    assert heard == TextReceived("hồ sơ của tôi đến đâu rồi")
    assert world().listener.recognise(TextReceived("thôi để mai"), asked, "vi") != CommandReceived("pause")
