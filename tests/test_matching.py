"""How typed text is folded, matched, counted and split: tables first, then properties that hold for any text."""

import random
import re
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.matching import (
    LAST,
    Found,
    expand,
    fold,
    forms,
    looks_like_question,
    match,
    near_miss,
    number,
    question_strength,
    split_question,
    untelex,
    without_call,
)

MENU = (
    ("Tìm hiểu OCOP", "learn"),
    ("Đăng ký ý tưởng sản phẩm", "đăng ký", "register"),
    ("Nộp giấy tờ", "upload"),
    ("Hỏi hồ sơ đang ở đâu", "hồ sơ", "status"),
)
SEND = (("Gửi luôn", "gửi", "có", "đúng", "yes"), ("Chưa gửi", "chưa", "không", "dừng", "no"))
CONSENT = (("Đồng ý", "agree"), ("Xem kỹ hơn",), ("Không", "no"))
GROUPS = (
    ("Thực phẩm",),
    ("Đồ uống",),
    ("Dược liệu và sản phẩm từ dược liệu",),
    ("Thủ công mỹ nghệ",),
    ("Sinh vật cảnh",),
    ("Dịch vụ du lịch cộng đồng",),
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Đăng   KÝ ", "dang ky"),
        ("Chuối tây sấy dẻo “Mẩy Lý”", "chuoi tay say deo may ly"),
        ("H'Mông – Ea H’Leo", "h mong ea h leo"),
        ("mật ong 🍯🍯", "mat ong"),
        ("２ tạ, 10 m²", "2 ta 10 m2"),
        ("1️⃣", "1"),
        ("dấu\u200bcách\x00lạ\tđây", "dau cach la day"),
        ("Ðồng Tháp", "dong thap"),
        ("Straße ΑΒΓ", "strasse αβγ"),
        ("?!…", ""),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("hs cua mk", "ho so cua minh"),
        ("dk sp", "dang ky san pham"),
        ("ko dc j", "khong duoc gi"),
        ("khonggg", "khong"),
        ("3 k", "3 k"),
        ("k", "khong"),
        ("kq bn diem", "ket qua bao nhieu diem"),
        ("dat hang", "dat hang"),
        ("200 kg", "200 kg"),
        ("", ""),
    ],
)
def test_expand(typed: str, full: str) -> None:
    assert expand(typed) == full


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("maatj ong", "mat ong"),
        ("dawng kys", "dang ky"),
        ("ddaawng kys", "dang ky"),
        ("dangd ky", "dang ky"),
        ("d9a8ng ky1", "dang ky"),
        ("mo6t5 d9uo7c5", "mot duoc"),
        ("rwowuj nguwowif", "ruou nguoi"),
        ("giasy tow", "giay to"),
        ("quoocs gia", "quoc gia"),
        ("ocop 2026", "ocop 2026"),
        ("xem mai", "xem mai"),
        ("p15 a4 m2", "p15 a m2"),
    ],
)
def test_untelex(typed: str, meant: str) -> None:
    assert untelex(typed) == meant


@pytest.mark.parametrize(
    ("text", "choices", "index"),
    [
        ("Đăng ký", MENU, 1),
        ("dk", MENU, 1),
        ("dangky", MENU, 1),
        ("đăng kí", MENU, 1),
        ("ddawng kys", MENU, 1),
        ("nop gt", MENU, 2),
        ("ho so", MENU, 3),
        ("dong y", CONSENT, 0),
        ("Đông ý ạ", CONSENT, 0),
        ("ko", CONSENT, 2),
        ("dạ gửi ạ", SEND, 0),
        ("đúng", SEND, 0),
        ("dừng", SEND, 1),
        ("thu cong mi nghe", GROUPS, 3),
    ],
)
def test_the_same_words_are_exact(text: str, choices: tuple[tuple[str, ...], ...], index: int) -> None:
    found = match(text, choices)
    assert (found.exact, found.close) == (index, (index,))


@pytest.mark.parametrize(
    ("text", "choices", "close"),
    [
        ("dang ky chuoi say", MENU, (1,)),
        ("hs tới đâu rồi", MENU, (3,)),
        ("tim heiu ocop", MENU, (0,)),
        ("em muốn dnag ky y tuong", MENU, (1,)),
        ("giay to", MENU, (2,)),
        ("khong dong y", CONSENT, (2,)),
        ("tôi không đồng ý đâu", CONSENT, (2,)),
        ("đúng rồi đồng ý", CONSENT, (0,)),
        ("xem", CONSENT, (1,)),
        ("khong gui", SEND, (1,)),
        ("mỹ nghẹ", GROUPS, (3,)),
        ("du lich", GROUPS, (5,)),
        ("thuc phan", GROUPS, (0,)),
    ],
)
def test_part_of_the_words_or_a_slip_is_close(
    text: str, choices: tuple[tuple[str, ...], ...], close: tuple[int, ...]
) -> None:
    assert match(text, choices).close == close


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("khong dang ky", MENU),  # negated
        ("đừng gửi", SEND),
        ("đã gửi", SEND),  # "already sent" orders nothing
        ("cơ", SEND),  # one mark, another word
        ("cơ ạ", SEND),
        ("thuốc đông y", CONSENT),  # traditional medicine
        ("nuoc uong", GROUPS),
        ("", MENU),
        ("…", MENU),
    ],
)
def test_nothing_is_guessed(text: str, choices: tuple[tuple[str, ...], ...]) -> None:
    assert match(text, choices) == Found()


def test_two_that_fit_are_both_offered() -> None:
    assert set(match("dung", SEND).close) == {0, 1}
    assert match("dung", SEND).exact is None
    assert set(match("gui", (("Gửi cho xã",), ("Gửi cho tỉnh",))).close) == {0, 1}


def test_digits_are_never_a_slip() -> None:
    assert match("mau so 01", (("Mẫu số 02",), ("Mẫu số 03",))).close == ()
    assert near_miss("phuong 15", "phuong 16") == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("2.", 2),
        ("(3)", 3),
        ("#4", 4),
        ("so 2", 2),
        ("Số 2", 2),
        ("câu 2", 2),
        ("em chọn 2 ạ", 2),
        ("２", 2),
        ("2️⃣", 2),
        ("²", 2),
        ("số hai", 2),
        ("hai", 2),
        ("BỐN", 4),
        ("mười", 10),
        ("năm", 5),
        ("bà", None),
        ("chị Ba", None),
        ("sâu", None),
        ("-1", None),
        ("1.5", None),
        ("10%", None),
        ("1 2", None),
        ("2 ta", None),
        ("0912345678", None),
        ("½", None),
        ("", None),
    ],
)
def test_number(text: str, value: int | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cai dau tien", 1), ("dòng đầu", 1), ("em chọn cái đầu tiên ạ", 1), ("cái thứ hai", 2), ("dong thu 3", 3),
        ("cái cuối", LAST), ("cai cuoi cung nhe", LAST),
        ("thứ hai", None),  # Monday
        ("cai dau", None), ("Cái Dầu", None), ("Đồng Đậu", None), ("dong dau", None),  # a town, villages
    ],
)  # fmt: skip
def test_a_line_by_its_place(text: str, value: int | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("em oi toi day, lam tiep", "lam tiep"),
        ("Em ơi, cảm ơn nhé", "cảm ơn nhé"),
        ("chuối sấy, mật ong", "chuối sấy, mật ong"),
        ("em ơi,", "em ơi,"),
    ],
)
def test_who_is_called_is_not_what_is_said(text: str, rest: str) -> None:
    assert without_call(text) == rest


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("bao nhieu nguoi thi duoc ho tro a", 2),
        ("may nguoi thi du", 2),
        ("toi nho cai gi nua khong", 2),
        ("can bo bao the nao toi quen roi", 2),
        ("toi gui ke hoach roi sao nua", 1),
        ("OCOP là gì?", 2),
        ("phí bao nhiêu？", 2),
        ("hỏi", 2),
        ("hoi em cai nay", 2),
        ("cho em hỏi chút", 2),
        ("em oi cho hoi voi", 2),
        ("ask about stars", 2),
        ("ocop la gi", 1),
        ("3 sao dc j z em", 1),
        ("can nhung giay to gi", 1),
        ("nộp hs ở đâu ạ", 1),
        ("gửi cho ai ở chỗ nào", 1),
        ("can mau nao vay", 1),
        ("ho so den dau roi", 1),
        ("bao lau thi co ket qua", 1),
        ("tai sao bi tra lai", 1),
        ("co can giay kiem nghiem khong", 1),
        ("đã có kết quả chưa", 1),
        ("what is ocop", 1),
        ("How do I register", 1),
    ],
)
def test_questions(text: str, strength: int) -> None:
    assert question_strength(text) == strength
    assert looks_like_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "Bánh gai Bà Thi",
        "gạo nếp gì đó",
        "Ổ đậu phộng",
        "sữa chua nếp cẩm",
        "cà chua bi",
        "Hoi Lang Son",
        "Hội An",
        "Cá hồi Sa Pa",
        "Rượu ngô men lá Na Hang",
        "Cá da trơn kho chua",
        "tinh dau sa chanh",
        "mut dau",
        "hoat huyet duong nao",
        "Lieu Thi Hoa",
        "bao nhiêu cũng được",
        "ở đâu đó trên bản",
        "không có gì",
        "không cần gì nữa",
        "nguoi ta quen roi",
        "khong",
        "co",
        "lam tai nha, 3 nguoi",
        "https://example.com/a?b=1",
        "",
    ],
)
def test_answers_are_no_questions(text: str) -> None:
    assert question_strength(text) == 0


@pytest.mark.parametrize(
    ("text", "statement", "question"),
    [
        (
            "Chuối tây sấy dẻo Mẩy Lý. ma ocop 3 sao duoc gi vay em",
            "Chuối tây sấy dẻo Mẩy Lý",
            "ma ocop 3 sao duoc gi vay em",
        ),
        ("chuoi say deo, ma 3 sao duoc gi vay em", "chuoi say deo", "ma 3 sao duoc gi vay em"),
        ("Chuối sấy\nnộp ở đâu ạ", "Chuối sấy", "nộp ở đâu ạ"),
        ("chuối sấy cho em hỏi phí bao nhiêu", "chuối sấy", "cho em hỏi phí bao nhiêu"),
        ("OCOP là gì? Chuối sấy", "Chuối sấy", "OCOP là gì?"),
        ("Em ơi. OCOP là gì", "", "Em ơi. OCOP là gì"),
        ("nếu mất giấy, thì phải làm sao", "", "nếu mất giấy, thì phải làm sao"),
        ("TP. Huế nộp ở đâu?", "", "TP. Huế nộp ở đâu?"),
        ("Mật ong 2.5 lít.", "Mật ong 2.5 lít.", ""),
        ("thật không??", "", "thật không??"),
        ("", "", ""),
    ],
)
def test_split_question(text: str, statement: str, question: str) -> None:
    assert split_question(text) == (statement, question)


# ---------------------------------------------------------------- for any text

VIETNAMESE = st.text(alphabet="aăâeêioôơuưyđbcghklmnpqrstvxdáàảãạếềểễệốồổỗộứừửữự ?.,0123456789wfjz", max_size=60)
ANY = st.text(max_size=80) | VIETNAMESE


@given(ANY)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY)
def test_composed_and_decomposed_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@given(ANY)
def test_folded_text_is_letters_digits_and_single_spaces(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert all(re.match(r"[a-z0-9 ]", c) or (ord(c) > 127 and c.isalpha()) for c in folded)


@given(ANY)
def test_candidates_are_folded_and_distinct(text: str) -> None:
    candidates = forms(text)
    assert list(candidates) == list(dict.fromkeys(candidates))
    assert all(fold(candidate) == candidate for candidate in candidates)


@given(ANY)
def test_numbers_are_small_or_none(text: str) -> None:
    value = number(text)
    assert value in (None, LAST) or 0 <= value <= 9999


@given(ANY)
def test_splitting_keeps_an_unasking_text(text: str) -> None:
    statement, question = split_question(text)
    assert question or statement == text.strip()
    assert not looks_like_question(statement) or question


@given(ANY)
def test_matching_finds_what_exists(text: str) -> None:
    found = match(text, MENU)
    assert set(found.close) <= set(range(len(MENU)))
    assert found.exact is None or found.close == (found.exact,)


_CHANCE = random.Random(1)
LONG = {
    "unfolds": "\ufdfa" * 8_000,
    "random": "".join(chr(_CHANCE.choice((_CHANCE.randrange(0xD800), _CHANCE.randrange(0xE000, 0x110000))))
                      for _ in range(8_000)),
    "sentences": "a. " * 2_666,
    "negations": "Lựa chọn số 3 về sản phẩm " + "khống chựa đụng chạng " * 350,
    "questions": ", mà hỏi " * 900,
}  # fmt: skip
TWENTY = tuple((f"Lựa chọn số {n} về sản phẩm", f"lua {n}") for n in range(20))
READINGS: dict[str, Callable[[str], object]] = {
    "forms": forms,
    "match": lambda text: match(text, TWENTY),
    "question_strength": question_strength,
    "number": number,
    "split_question": split_question,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS.keys())
def test_no_text_takes_long_to_read(read: Callable[[str], object], text: str) -> None:
    def seconds() -> float:
        began = time.process_time()
        read(text)
        return time.process_time() - began

    assert min(seconds() for _ in range(3)) < 0.05


def test_a_long_story_keeps_its_words_and_its_question() -> None:
    story = "Nhà em làm chuối sấy từ ba đời. " * 200
    assert split_question(story) == (story.strip(), "")
    told, asked = split_question(f"{story}Cho em hỏi 3 sao được gì?")
    assert told == story.strip().rstrip(".")
    assert asked == "Cho em hỏi 3 sao được gì?"


@given(st.sampled_from([(i, phrase) for i, phrases in enumerate(MENU) for phrase in phrases]), st.booleans())
def test_every_phrase_finds_its_choice(choice: tuple[int, str], decomposed: bool) -> None:
    index, phrase = choice
    assert match(unicodedata.normalize("NFD", phrase) if decomposed else fold(phrase), MENU).exact == index
