"""What is shown, and its mirror: whatever is offered is understood when it is typed."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from bot.channels.base import pressed
from bot.doctor import CHANNELS, Visit, situations, walk
from bot.render import STORY_CHARS, SURE, Listener, article_text, compose
from bot.world import PLAIN
from dialogs.engine import KEEP, VERBATIM
from dialogs.matching import fold, question_strength
from dialogs.model import (
    CaseNamed,
    CommandReceived,
    Event,
    Link,
    LinkFollowed,
    Option,
    OptionChosen,
    QuestionAsked,
    SendMessage,
    Text,
    TextReceived,
    Unclear,
    UnsupportedReceived,
)
from dialogs.rules.ruleset import Label
from dialogs.tree import DIALOGS
from dialogs.words import COMMANDS
from tests.facts import Chat, facts, world

LISTENER: Listener = world().listener
VI, EN = world().catalog("vi"), world().catalog("en")
TELEGRAM = CHANNELS["telegram"]


def meant(typed: str, asked: SendMessage, locale: str = "vi") -> Event:
    return LISTENER.recognise(TextReceived(typed), asked, locale)


def asking(*options: Option, takes: str = "") -> SendMessage:
    return SendMessage((Text("Which?"),), options, at="form.1/question", takes=takes)


A_TEXT = asking(takes="text")

# ---------------------------------------------------------------- what is shown


def test_options_are_buttons_where_there_are_buttons() -> None:
    shown = compose([asking(Option("s", "nhỏ"), Option("l", Label("to", "large")))], VI, TELEGRAM)
    assert shown.text == "Which?"
    assert [(button.data, button.label) for button in shown.buttons] == [
        ("o:form.1/question:s", "nhỏ"),
        ("o:form.1/question:l", "to"),
    ]
    assert pressed(shown.buttons[0].data) == OptionChosen("form.1/question", "s")


def test_a_label_that_is_too_long_makes_all_of_them_numbers() -> None:
    shown = compose([asking(Option("s", "x" * 41), Option("l", "to"))], VI, TELEGRAM)
    assert shown.text == f"Which?\n1. {'x' * 41}\n2. to"
    assert [button.label for button in shown.buttons] == ["1", "2"]


OPEN = Link("case.TL-26-0001", Text("Open %(code)s", {"code": "TL-26-0001"}), "TL-26-0001")
NUMBERED = replace(PLAIN, max_buttons=5, max_button_chars=100, numbered=True)
"""Buttons are only a decoration there."""


def test_a_link_is_a_button_where_there_are_buttons() -> None:
    shown = compose([replace(asking(Option("s", "nhỏ")), links=(OPEN,))], EN, TELEGRAM)
    assert pressed(shown.buttons[-1].data) == LinkFollowed("case.TL-26-0001")
    assert shown.listed == ()


def test_without_buttons_all_choices_of_a_message_are_one_list_at_its_end() -> None:
    """The question's own first: people remember their numbers."""
    notice = SendMessage((Text("Sent."),), links=(OPEN,))
    shown = compose([notice, asking(Option("s", "nhỏ"), Option("l", "to"))], EN, PLAIN)
    assert shown.text == "Sent.\n\nWhich?\n1. nhỏ\n2. to\n3. Open TL-26-0001"
    assert shown.buttons == ()
    assert [pressed(line.data) for line in shown.listed] == [
        OptionChosen("form.1/question", "s"),
        OptionChosen("form.1/question", "l"),
        LinkFollowed("case.TL-26-0001"),
    ]


def test_where_a_number_is_asked_for_choices_are_words() -> None:
    shown = compose([replace(asking(Option("-", "Bỏ qua"), takes="number"), links=(OPEN,))], VI, PLAIN)
    assert shown.text == "Which?\nHoặc gõ “bỏ qua”.\nHoặc gõ “mở TL-26-0001”."
    asked = asking(Option("-", "Bỏ qua"), takes="number")
    assert LISTENER.recognise(TextReceived("1"), asked, "vi", shown.listed) == TextReceived("1")
    assert LISTENER.recognise(TextReceived("mo tl 26 0001"), asked, "vi", shown.listed) == LinkFollowed(OPEN.target)


def test_links_that_read_alike_say_which_they_are() -> None:
    links = (Link("case.A-26-0001", "Mở hồ sơ", "A-26-0001"), Link("case.A-26-0002", "Mở hồ sơ", "A-26-0002"))
    shown = compose([SendMessage((Text("News."),), links=links)], VI, PLAIN)
    assert shown.text == "News.\n1. Mở hồ sơ A-26-0001\n2. Mở hồ sơ A-26-0002"


def test_buttons_that_only_decorate_say_their_words() -> None:
    """A number under an old message would answer the newest list instead."""
    shown = compose([replace(asking(Option("s", "nhỏ")), links=(OPEN,))], EN, NUMBERED)
    assert shown.text == "Which?\n1. nhỏ\n2. Open TL-26-0001"
    assert [(button.data, button.label) for button in shown.buttons] == [
        ("nhỏ", "nhỏ"),
        ("Open TL-26-0001", "Open TL-26-0001"),
    ]
    assert compose([asking(*(Option(f"{n}", f"số {n}") for n in range(6)))], EN, NUMBERED).buttons == ()


# ---------------------------------------------------------------- numbers answer the newest list

RETURNED = compose(
    [
        SendMessage(
            (Text("Please mend this."),),
            links=(
                Link("fix.TL-26-0001~1", "Gửi lại: Nguyên liệu"),
                Link("fix.TL-26-0001~2", "Gửi lại: Nơi bán"),
                Link("case.TL-26-0001", "Mở hồ sơ", "TL-26-0001"),
            ),
        )
    ],
    VI,
    PLAIN,
).listed
SEND = replace(asking(Option("send", "Gửi luôn"), Option("back", "Chưa gửi")), exact=True)


def meant_under_it(typed: str, asked: SendMessage) -> Event:
    return LISTENER.recognise(TextReceived(typed), asked, "vi", RETURNED)


@pytest.mark.parametrize("typed", ["1", "số 1", " 1. ", "gui lai nguyen lieu", "Gửi lại: Nguyên liệu ạ"])
@pytest.mark.parametrize("asked", [SEND, A_TEXT, replace(A_TEXT, takes=VERBATIM)])
def test_under_a_notice_its_numbers_and_words_count(typed: str, asked: SendMessage) -> None:
    """Not what the same number stood for a message ago, which may have been "send it"."""
    assert meant_under_it(typed, asked) == LinkFollowed("fix.TL-26-0001~1")


def test_where_an_amount_is_asked_a_number_is_one_whatever_news_stands_below() -> None:
    amount = asking(takes="number")
    assert meant_under_it("1", amount) == TextReceived("1")
    assert meant_under_it("gui lai nguyen lieu", amount) == LinkFollowed("fix.TL-26-0001~1")


def test_what_a_notice_does_not_list_still_answers_the_question() -> None:
    assert meant_under_it("gui luon", SEND) == OptionChosen(SEND.at, "send")
    assert meant_under_it("4", asking(takes="number")) == TextReceived("4")


def test_a_word_of_a_link_is_enough_outside_a_form() -> None:
    assert meant_under_it("noi ban", asking(Option("a", "táo"))) == LinkFollowed("fix.TL-26-0001~2")
    assert meant_under_it("noi ban", A_TEXT) == TextReceived("noi ban")
    assert meant_under_it("gui lai", asking(Option("a", "táo"))) != LinkFollowed("fix.TL-26-0001~1"), "two begin so"


def test_a_number_of_a_list_that_no_longer_counts_changes_nothing() -> None:
    """The question has moved on behind it; the engine answers that with where they are."""
    older = compose([asking(Option("send", "Gửi luôn"))], VI, PLAIN).listed
    asked = replace(asking(Option("drop", "Bỏ hết")), at="form.1/other")
    assert LISTENER.recognise(TextReceived("1"), asked, "vi", older) == OptionChosen("form.1/question", "send")


@pytest.mark.parametrize("typed", ["Nhận 0002", "mo 0002", "take 0002"])
def test_a_line_of_an_older_inbox_opens_its_case(typed: str) -> None:
    desk = replace(asking(Option("1", "Nhận 0001"), takes="text"), desk=True, buttons=(Option("x", "Về menu"),))
    assert meant(typed, desk) == CommandReceived("find", "0002")
    assert meant("nhan 0001", desk) == OptionChosen(desk.at, "1")


def test_several_numbers_are_read_by_the_question_itself() -> None:
    asked = asking(Option("a", "táo"), Option("b", "lê"), takes="several")
    listed = compose([asked], VI, PLAIN).listed
    assert LISTENER.recognise(TextReceived("1"), asked, "vi", listed) == TextReceived("1")


def test_one_turn_is_one_message() -> None:
    said: list[SendMessage | str] = [SendMessage((Text("One"), Text("Two"))), "bài viết", SendMessage((Text("Three"),))]
    assert compose(said, EN, TELEGRAM).text == "One\nTwo\n\nbài viết\n\nThree"


def test_contact_and_place_are_asked_for_where_they_can_be_given() -> None:
    asked = replace(A_TEXT, ask_contact=True, ask_location=True)
    assert compose([asked], EN, TELEGRAM).ask_contact == "Share my number"
    assert compose([asked], EN, TELEGRAM).ask_location == "Share my place"
    assert compose([asked], EN, PLAIN).ask_contact == ""


HOSTILE = (
    "%(name)s", "%s%d", "100%", "{0} {name}", "<b>đậm</b>", "**sao**", "[x](http://y)", "`rm`", "\\n", "_a_",
    "‮abc", "';--", "&amp;", "%(",
)  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_a_persons_words_stay_as_they_are(words: str) -> None:
    said = SendMessage((Text("“%(words)s” and %(again)s", {"words": words, "again": Text("%(x)s", {"x": words})}),))
    asked = replace(asking(Option("o", words), Option("p", Text("%(w)s", {"w": words}))), texts=said.texts)
    for catalog in (VI, EN):
        shown = compose([asked], catalog, TELEGRAM)
        assert shown.text == f"“{words}” and {words}"
        assert [button.label for button in shown.buttons] == [words, words]


def test_an_article_comes_with_its_source() -> None:
    shown = article_text(LISTENER.handbook, "faq-what", VI)
    assert shown.splitlines()[0] == LISTENER.handbook.article("faq-what", "vi").title
    assert "**" not in shown
    assert shown.splitlines()[-1].startswith("(")


# ---------------------------------------------------------------- the mirror


@cache
def visits() -> tuple[Visit, ...]:
    """Every question as several kinds of people meet it, each with its options once."""
    wanted = {"a newcomer", "a producer with drafts", "a producer whose case is plan_returned", "an officer"}
    people = [situation for situation in situations(world().facts()) if situation.name in wanted]
    found = walk(DIALOGS, people).visits
    by_words = {(v.where, tuple(o.value for o in (*v.asked.options, *v.asked.further))): v for v in found}
    return tuple(visit for (_, values), visit in by_words.items() if values)


def offered() -> Iterator[tuple[Visit, Option]]:
    return ((visit, option) for visit in visits() for option in (*visit.asked.options, *visit.asked.further))


def chosen(visit: Visit, option: Option, typed: str) -> bool:
    """Also when it is asked which of several is meant: two forms may both be gone on with."""
    event = meant(typed, visit.asked)
    if isinstance(event, Unclear) and option.value.startswith("draft:"):
        return option.value in event.values
    return isinstance(event, OptionChosen) and (event.at, event.value) == (visit.asked.at, option.value)


def known_clash(visit: Visit, option: Option) -> bool:
    """A list of one's own things, whose names may be alike."""
    return visit.where == "section/article" and option.value in ("where", "where-am-i")


def marked_and_bare(words: str) -> tuple[str, ...]:
    return (words, unicodedata.normalize("NFD", words), fold(words), words.upper(), f"  {words}! ")


def test_every_option_is_understood_by_its_label() -> None:
    """In both languages, decomposed, without marks, shouted; whatever language the person has chosen."""
    missed = [
        (visit.where, option.value, typed)
        for visit, option in offered()
        if visit.asked.takes != "several" and not known_clash(visit, option)
        for catalog in (VI, EN)
        for typed in marked_and_bare(catalog.say(option.label))
        if not chosen(visit, option, typed)
    ]
    assert missed == []


def test_every_further_word_for_an_option_is_understood() -> None:
    missed = [
        (visit.where, option.value, typed)
        for visit, option in offered()
        if visit.asked.takes != "several" and not known_clash(visit, option)
        for typed in map(VI.say, option.typed)
        if not chosen(visit, option, typed)
    ]
    assert missed == []


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_every_number_that_is_shown_is_understood(channel: str) -> None:
    """A list that reads "1. …" promises that "1" may be typed."""
    missed = []
    for visit in visits():
        shown = compose([visit.asked], VI, CHANNELS[channel]).text.splitlines()
        for number, option in enumerate(visit.asked.options, 1):
            if f"{number}. {VI.say(option.label)}" not in shown or visit.asked.takes == "several":
                continue
            missed += [
                (visit.where, typed) for typed in (f"{number}", f" {number}. ") if not chosen(visit, option, typed)
            ]
    assert missed == []


def test_a_slip_in_a_long_label_is_forgiven() -> None:
    missed = []
    for visit, option in offered():
        label = fold(VI.say(option.label))
        if (
            visit.asked.takes
            or visit.asked.exact
            or len(label) < 12
            or any(char.isdigit() for char in label)
            or known_clash(visit, option)
        ):
            continue
        at = label.rindex(" ") - 1  # a letter of the last word but one, left out
        event = meant(label[:at] + label[at + 1 :], visit.asked)
        if isinstance(event, QuestionAsked) and label.startswith("hoi "):  # "ask about …" is answered as a question
            continue
        if option.hidden and isinstance(event, OptionChosen):  # what is shown is nearer
            continue
        values = event.values if isinstance(event, Unclear) else (getattr(event, "value", ""),)
        missed += [(visit.where, label, event)] if option.value not in values else []
    assert missed == []


def test_two_that_are_equally_near_are_asked_about() -> None:
    asked = asking(Option("a", "Ảnh sản phẩm"), Option("b", "Nhãn sản phẩm"), Option("c", "Giấy phép"))
    assert meant("san pham", asked) == Unclear(("a", "b"))
    assert meant("giay phep", asked) == OptionChosen(asked.at, "c")


def test_words_after_an_option_come_along() -> None:
    menu = Chat(facts()).asked
    assert meant("đăng ký Chuối sấy Mẩy Lý", menu) == OptionChosen("menu/choice", "register", "Chuối sấy Mẩy Lý")
    assert meant("dk sp chuoi say", menu) == OptionChosen("menu/choice", "register", "chuoi say")


def test_a_number_at_a_question_for_a_number_is_an_answer() -> None:
    asked = asking(Option("-", Text("Skip this")), takes="number")
    assert meant("1", asked) == TextReceived("1")
    assert "1." not in compose([asked], EN, PLAIN).text, "so no number may be offered for skipping it"
    assert meant("skip this", asked) == OptionChosen(asked.at, "-")


@pytest.mark.parametrize("typed", ["²", "0", "99", "-1", "1 2", "10%"])
def test_numbers_that_are_none_of_the_list(typed: str) -> None:
    event = meant(typed, asking(Option("a", "táo")))
    assert not isinstance(event, OptionChosen)


# ---------------------------------------------------------------- commands and case codes


@pytest.mark.parametrize(
    ("typed", "event"),
    [
        ("/menu", CommandReceived("menu")),
        ("/start c-04336", CommandReceived("start", "c-04336")),
        ("/Start@ocop_bot i-abc", CommandReceived("start", "i-abc")),
        ("/status TL-26-0147", CommandReceived("status", "TL-26-0147")),
        ("/dance", CommandReceived("dance")),
        ("menu", CommandReceived("menu")),
        ("LUI", CommandReceived("back")),
        ("nghi", CommandReceived("pause")),
        ("thôi", CommandReceived("cancel")),
        ("trợ giúp", CommandReceived("help")),
        ("my data", CommandReceived("my_data")),
        ("hồ sơ của tôi đâu?", CommandReceived("status")),
        ("ho so cua toi den dau roi", CommandReceived("status")),
    ],
)
def test_commands_are_understood_in_a_text_field(typed: str, event: Event) -> None:
    found = meant(typed, A_TEXT)
    assert found == event or (typed.startswith("ho so") and isinstance(found, CommandReceived | QuestionAsked))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_global_word_is_understood_where_nothing_is_asked_for(name: str) -> None:
    for word in COMMANDS[name]:
        assert meant(word, A_TEXT) == CommandReceived(name), word


@pytest.mark.parametrize("typed", ["thôi thì cứ gửi", "menu quán ăn của tôi", "nghỉ hè mới làm", "lui tới nhiều"])
def test_a_global_word_inside_a_sentence_is_no_command(typed: str) -> None:
    assert meant(typed, A_TEXT) == TextReceived(typed)


def test_an_option_comes_before_a_global_word() -> None:
    assert meant("thôi", asking(Option("stop", "Dừng", ("thôi",)))) == OptionChosen("form.1/question", "stop")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("TL-26-0147", "TL-26-0147"),
        ("tl-26-0147", "TL-26-0147"),
        ("TL 26 0147", "TL-26-0147"),
        ("hồ sơ TL-26-0147 đâu", "TL-26-0147"),
        ("HCM102-26-123456", "HCM102-26-123456"),
        ("mã TL–26–0147", "TL-26-0147"),
    ],
)
def test_a_case_code_is_found_as_people_copy_it(typed: str, code: str) -> None:
    assert meant(typed, asking()) == CaseNamed(code)


@pytest.mark.parametrize("typed", ["Gạo ST25 giá 25 1000 đồng", "bán năm 25 10000 chai", "zalo 09 12345 67"])
def test_figures_in_an_answer_are_no_case_code(typed: str) -> None:
    assert meant(typed, A_TEXT) == TextReceived(typed)


@pytest.mark.parametrize("typed", ["", "👍", "…", "\u200b", "!!!"])
def test_nothing_readable_is_a_sticker(typed: str) -> None:
    assert meant(typed, A_TEXT) == UnsupportedReceived("sticker")


def test_a_story_is_a_story() -> None:
    story = "menu " * STORY_CHARS
    assert isinstance(meant(story, asking(Option("menu", "menu"))), TextReceived)
    assert isinstance(meant("chuyện " * 3000, A_TEXT), TextReceived)


# ---------------------------------------------------------------- questions in between

ANSWERS = (
    "Chuối rừng sấy bằng nắng, không dùng chất bảo quản", "Mật ong bạc hà lấy từ hoa mọc trên cao nguyên đá",
    "Chè shan tuyết cổ thụ trăm tuổi, hái bằng tay", "Nước mắm cá cơm ủ chượp 12 tháng trong thùng gỗ",
    "Bánh đa cua làm từ gạo địa phương", "Gạo ST25 trồng theo lúa tôm, không phun thuốc",
    "Tinh dầu sả chanh chưng cất thủ công", "tinh dau que nguyen chat khong pha", "Cà phê đặc sản rang mộc",
    "Miến dong Bình Liêu sợi dai, nấu không nát", "Thịt trâu gác bếp ướp mắc khén",
    "Rượu ngô men lá bản Phố đạt 3 sao năm 2021", "San pham dat 4 sao OCOP nam 2023",
    "Sản phẩm OCOP 3 sao của hợp tác xã", "Có vùng nguyên liệu 5 ha tại xã, có chứng nhận VietGAP",
    "Nguyên liệu mua của bà con trong xã, tỷ lệ 80%", "Có mã số vùng trồng và truy xuất nguồn gốc",
    "Bao bì hút chân không, có tem truy xuất", "3 người trong nhà, đều là người xã này",
    "Hợp tác xã có 12 thành viên, 8 là phụ nữ", "Tổ hợp tác Hoa Đào", "Công ty TNHH Làm sao để ngon",
    "Quán Ở Đâu", "Đậu phụ làng Gì", "nao nao chua", "Được làm từ khi nào không ai nhớ, ông bà để lại",
    "Ngon thế nào thì ai ăn cũng biết", "Bao nhiêu cũng bán hết", "Ở đâu có chợ thì bán",
    "Không biết làm sao nhưng để lâu không hỏng", "Ai ăn cũng hỏi mua ở đâu",
    "Câu chuyện sản phẩm: ngày xưa bà cụ Mẩy mang giống chuối về bản", "Hồi rừng Lạng Sơn, thơm lâu",
    "Muốn được hỗ trợ bao bì và máy sấy", "Cần vay vốn mua máy", "Giấy chứng nhận an toàn thực phẩm đã có",
    "Lý Thị Mẩy", "Hoàng Văn Sao", "Nguyễn Thị Nào", "du lịch cộng đồng, homestay nhà sàn, đón 30 khách",
    "vi sao dem lap lanh", "Ngôi Sao Biển", "khong biet bao nhieu nam roi, tu doi ong",
    "co ai hoi thi ban, khong co thi thoi", "Nguồn gốc từ đâu thì không rõ, giống của bản", "bánh gì cũng làm được",
)  # fmt: skip

QUESTIONS = (
    "3 sao được gì", "3 sao duoc gi", "được 3 sao thì có lợi gì", "nop ho so o dau", "hồ sơ gồm những gì",
    "mất bao nhiêu tiền", "có mất phí không", "bao lâu thì có kết quả", "bao nhiêu điểm thì được 4 sao",
    "ai chấm điểm", "khi nào chấm điểm", "giấy chứng nhận có hạn bao lâu", "OCOP là gì", "ocop la gi",
    "ai được tham gia ocop", "hộ gia đình có được tham gia không", "đăng ký ở đâu", "what is ocop",
    "how long is the certificate valid", "thế nào là sản phẩm ocop", "tại sao bị trả hồ sơ?", "Gì vậy em?",
    "bao nhieu nguoi thi duoc ho tro a", "may nguoi thi du", "toi nho cai gi nua khong",
    "cho hỏi xã chấm hay tỉnh chấm", "hỏi em chút, nộp ở đâu", "em ơi cho chị hỏi sao chưa có kết quả",
)  # fmt: skip


@pytest.mark.parametrize("typed", ANSWERS)
def test_an_answer_is_not_taken_for_a_question(typed: str) -> None:
    assert meant(typed, A_TEXT) == TextReceived(typed)


@pytest.mark.parametrize("typed", QUESTIONS)
def test_a_question_does_not_end_up_in_an_answer(typed: str) -> None:
    locale = "en" if typed.isascii() and typed.startswith(("what", "how")) else "vi"
    assert isinstance(meant(typed, A_TEXT, locale), QuestionAsked | CommandReceived)


def test_the_threshold_stands_between_them() -> None:
    """Only texts with question words come as far as the threshold."""

    def best(typed: str) -> int:
        return max((hit.score for hit in LISTENER.handbook.search(typed, "vi")), default=0)

    assert max(best(typed) for typed in ANSWERS if question_strength(typed) == 1) < SURE


def test_an_answer_before_a_question_is_kept_apart() -> None:
    found = meant("Chuối sấy Mẩy Lý. mà 3 sao được gì vậy em", A_TEXT)
    assert isinstance(found, QuestionAsked)
    assert found.statement == "Chuối sấy Mẩy Lý"
    assert found.article == "star-meaning"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("cam on em nhe", "thanks"),
        ("alo con day k", "greeting"),
        ("alo can bo oi", "greeting"),
        ("em la nguoi that hay may", "machine"),
    ],
)
def test_small_talk_is_no_answer(typed: str, name: str) -> None:
    for asked in (A_TEXT, asking(takes="number"), asking(Option("a", "Chợ"))):
        assert meant(typed, asked) == CommandReceived(name)
    assert meant(typed, asking(takes=VERBATIM)) == TextReceived(typed), "these are words for somebody"


@pytest.mark.parametrize("typed", ["Cháo lươn", "chao", "Hi vọng xanh", "Trà Cảm Ơn", "Xà bông sả"])
def test_a_name_is_no_small_talk(typed: str) -> None:
    assert meant(typed, A_TEXT) == TextReceived(typed)


@pytest.mark.parametrize(
    ("typed", "which"), [("doi xa", ""), ("nhầm xã rồi", ""), ("nham xa roi, toi o tan linh", "toi o tan linh")]
)
def test_that_it_is_another_commune_is_understood_in_any_field(typed: str, which: str) -> None:
    for asked in (A_TEXT, asking(takes="number"), asking(Option("a", "Chợ"))):
        assert meant(typed, asked) == CommandReceived("place", which)


def test_on_from_where_one_stopped() -> None:
    assert meant("em oi toi day, lam tiep", Chat(facts()).asked) == CommandReceived("resume")


@pytest.mark.parametrize("typed", ["giu nguyen", "3"])
def test_what_is_kept_of_several_is_an_answer_by_itself(typed: str) -> None:
    asked = asking(Option("a", "Chợ"), Option("b", "Siêu thị"), Option(KEEP, "Giữ nguyên"), takes="several")
    listed = compose([asked], VI, PLAIN).listed
    assert LISTENER.recognise(TextReceived(typed), asked, "vi", listed) == OptionChosen(asked.at, KEEP)
    assert LISTENER.recognise(TextReceived("1, 2"), asked, "vi", listed) == TextReceived("1, 2")


def test_the_last_of_a_list() -> None:
    asked = asking(Option("a", "Chợ"), Option("b", "Siêu thị"))
    assert meant("cái cuối", asked) == OptionChosen(asked.at, "b")
    listed = compose([asked], VI, PLAIN).listed
    assert LISTENER.recognise(TextReceived("cai cuoi cung"), asked, "vi", listed) == OptionChosen(asked.at, "b")


def test_a_question_without_an_answer_is_not_sent_back_to_the_list() -> None:
    assert meant("toi gui ke hoach roi sao nua", Chat(facts()).asked) == QuestionAsked(
        "toi gui ke hoach roi sao nua", ""
    )


def test_what_is_typed_outside_a_form_is_looked_up() -> None:
    menu = Chat(facts()).asked
    assert isinstance(meant("hỗ trợ bao bì", menu), QuestionAsked)
    assert isinstance(meant("Xyz abc", menu), TextReceived)


@pytest.mark.parametrize("typed", ["0001", "#1", "#0001", "01"])
def test_a_part_of_a_code_is_no_choice(typed: str) -> None:
    assert not isinstance(meant(typed, asking(Option("a", "Chấp nhận"), Option("b", "Trả lại"))), OptionChosen)


@pytest.mark.parametrize("typed", ["TL12-26-0001", "tl 12 26 0001", "tl12 26 0001"])
@pytest.mark.parametrize("takes", ["", "text", VERBATIM])
def test_a_code_alone_opens_the_case_and_is_never_words_for_somebody(typed: str, takes: str) -> None:
    asked = replace(asking(Option("a", "Chấp nhận"), Option("b", "Trả lại")), takes=takes)
    assert meant(typed, asked) == CaseNamed("TL12-26-0001")


@pytest.mark.parametrize("typed", ["gửi đi đâu vậy", "gửi đi nhưng khoan", "chấp nhận à?"])
def test_what_only_begins_like_a_confirmation_confirms_nothing(typed: str) -> None:
    asked = replace(asking(Option("send", "Gửi đi"), Option("accept", "Chấp nhận")), exact=True)
    assert not isinstance(meant(typed, asked), OptionChosen)


def test_a_question_with_no_in_it_is_not_a_no() -> None:
    asked = asking(Option("yes", "Đồng ý"), Option("no", "Chưa đồng ý", ("không",)))
    assert not isinstance(meant("co mat tien ko", asked), OptionChosen)


@pytest.mark.parametrize("before", ["", "https://ocop.example/start/", "https://t.me/ocop_bot?start="])
@pytest.mark.parametrize("payload", ["i-4O6RBipLdInbjBLh2c-TyJ0_", "h-4O6RBipLdInbjBLh2c-TyJ0_", "c-04336"])
def test_a_pasted_link_is_opened_where_links_carry_nothing(before: str, payload: str) -> None:
    assert meant(before + payload, SendMessage(())) == CommandReceived("start", payload)
    unmistakable = before or payload.startswith(("i-", "h-"))
    among_words = meant(f"Chị vào đây nhé: {before}{payload}", SendMessage(()))
    assert (among_words == CommandReceived("start", payload)) == bool(unmistakable)
    as_own_words = SendMessage((), takes=VERBATIM)
    assert meant(f"xem {before}{payload} nhe", as_own_words) != CommandReceived("start", payload)
