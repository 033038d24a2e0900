"""Every reader: what it takes, what it keeps, what it says when it can't."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogs import answers, places
from dialogs.answers import DONE, clean, location, one_of, pages_of, phone, photos, some_of, text
from dialogs.model import (
    Answer,
    ContactShared,
    Event,
    FileFacts,
    FileReceived,
    FileRef,
    FileStatus,
    InvalidAnswer,
    KeepFile,
    LocationShared,
    Option,
    OptionChosen,
    Reader,
    SendPages,
    StartTimer,
    Text,
    TextReceived,
)
from dialogs.producer.place import commune, province
from dialogs.producer.register_idea import CHANNELS
from dialogs.quantities import PERIOD_OPTIONS, UNIT_OPTIONS, period_of_quantity, quantity, unit_of_quantity
from tests.facts import facts, world

FACTS = facts()


def read(reader: Reader, event: Event | str, partial: str = "") -> Answer:
    return reader.read(TextReceived(event) if isinstance(event, str) else event, {"province": "15"}, FACTS, partial)


def refused(reader: Reader, event: Event | str, partial: str = "") -> Text:
    """Why it was not taken."""
    with pytest.raises(InvalidAnswer) as caught:
        read(reader, event, partial)
    return caught.value.text


def chosen(value: str) -> OptionChosen:
    return OptionChosen("form.1/question", value)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Chuối sấy", "Chuối sấy"),
        ("  Chuối   sấy \t Mẩy Lý ", "Chuối sấy Mẩy Lý"),
        ("Chu\u006f\u0302\u0301i sa\u0302\u0301y", "Chuối sấy"),
        ("dòng một\n\n  dòng hai ", "dòng một\ndòng hai"),
        ("a\u200bb\u202ec", "a b c"),
        ("100%(name)s {0} <b>", "100%(name)s {0} <b>"),
        ("🍌 chuối", "🍌 chuối"),
    ],
)
def test_words_are_kept_as_typed(typed: str, kept: str) -> None:
    assert read(text(80), typed).value == kept


def test_words_have_a_least_and_a_most() -> None:
    assert "too short" in refused(text(80), "a").msgid
    assert "too short" in refused(text(80), "?!").msgid
    assert refused(text(10), "x" * 11).values == {"length": 11, "most": 10}
    assert read(text(10), "x" * 10).value == "x" * 10
    assert read(text(80, min_chars=1), "3").value == "3"


def test_words_are_not_a_file() -> None:
    assert refused(text(80), FileReceived(FileRef("f", "", 1, is_photo=True))).msgid == answers.TYPE_IT


# ---------------------------------------------------------------- choices

SIZES = one_of((Option("s", "small"), Option("l", "large")))


def test_one_of_takes_what_it_offers_and_nothing_else() -> None:
    assert read(SIZES, chosen("s")).value == "s"
    assert refused(SIZES, chosen("m")).msgid == answers.CHOOSE
    assert refused(SIZES, "medium").msgid == answers.CHOOSE
    assert read(replace(SIZES, other=20), "medium").value == "medium"
    assert SIZES.holds("s", {}, FACTS)
    assert not SIZES.holds("m", {}, FACTS)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1", "home"),
        ("1, 3", "home,shop"),
        ("1,3", "home,shop"),
        ("3 1", "home,shop"),
        ("1 và 3", "home,shop"),
        ("1 va 3", "home,shop"),
        ("1 and 3", "home,shop"),
        ("1; 3; 3", "home,shop"),
        ("1. ", "home"),
        ("chợ, siêu thị", "market,supermarket"),
        ("cho va sieu thi", "market,supermarket"),
        ("2\n5", "market,online"),
        ("zalo, 2", "market,online"),
    ],
)
def test_several_may_be_typed_at_once(typed: str, kept: str) -> None:
    found = read(some_of(CHANNELS), typed)
    assert found.value == kept
    assert found.complete


@pytest.mark.parametrize("typed", ["", ",", "0", "7", "1, 99", "chợ, trăng", "²", "1-3", "13", "-1"])
def test_a_list_with_a_part_that_is_none_of_them_is_refused(typed: str) -> None:
    assert "Several are fine" in refused(some_of(CHANNELS), typed).msgid


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_every_label_of_a_list_may_be_typed(locale: str) -> None:
    for option in CHANNELS:
        assert read(some_of(CHANNELS), world().catalog(locale).say(option.label)).value == option.value


def test_presses_mark_and_unmark_until_done() -> None:
    reader = some_of(CHANNELS)
    first = read(reader, chosen("shop"))
    assert not first.complete
    second = read(reader, chosen("home"), first.value)
    assert second.value == "home,shop", "in the order of the options"
    assert read(reader, chosen("shop"), second.value).value == "home"
    assert read(reader, chosen(DONE), second.value) == Answer("home,shop")
    assert "Several are fine" in refused(reader, chosen(DONE)).msgid
    assert [option.value for option in reader.options({}, FACTS, "home")][-1] == DONE
    assert read(reader, "2", "home").value == "home,market", "typed ones are added to those marked"


# ---------------------------------------------------------------- telephone


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0912345678", "+84912345678"),
        ("0912 345 678", "+84912345678"),
        ("091.234.5678", "+84912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("số của tôi là 0912345678", "+84912345678"),
        ("０９１２３４５６７８", "+84912345678"),
        ("02163 852 123", "+842163852123"),
        ("+856 20 55 512 345", "+8562055512345"),
    ],
)
def test_numbers_that_ring(typed: str, kept: str) -> None:
    assert read(phone(), typed).value == kept


@pytest.mark.parametrize(
    ("typed", "count"), [("091234567", 1), ("0912 345", 3), ("09123456789", -1), ("0912345678901", -3)]
)
def test_digits_that_lack_or_are_too_many_are_counted(typed: str, count: int) -> None:
    why = refused(phone(), typed)
    assert why.values == {"count": abs(count)}
    assert ("lacks" in why.msgid) == (count > 0)


@pytest.mark.parametrize("typed", ["", "không có", "0123", "113", "1234567890123456789", "+1", "²"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert "0912 345 678" in refused(phone(), typed).msgid


def test_only_ones_own_card_is_taken() -> None:
    assert read(phone(), ContactShared("84912345678", own=True)).value == "+84912345678"
    assert read(phone(), ContactShared("+84912345678", own=True)).value == "+84912345678"
    assert read(phone(), ContactShared("0912345678", own=True)).value == "+84912345678"
    assert "somebody else" in refused(phone(), ContactShared("84912345678", own=False)).msgid


def test_a_number_is_shown_as_people_write_it() -> None:
    assert phone().show("+84912345678", {}, FACTS) == "0912 345 678"
    assert phone().show("+8562055512345", {}, FACTS) == "+856 20 55 512 345"


# ---------------------------------------------------------------- quantity


@pytest.mark.parametrize(
    ("typed", "number", "unit", "period"),
    [
        ("200", "200", "", ""),
        ("1.500 kg", "1500", "kg", ""),
        ("1,5 tấn", "1500", "kg", ""),
        ("1.500.000,5 kg", "1500000.5", "kg", ""),
        ("0,500 kg", "0.5", "kg", ""),
        ("2 tạ", "200", "kg", ""),
        ("2 ta", "200", "kg", ""),
        ("2 tạ rưỡi", "250", "kg", ""),
        ("2 ta ruoi mot thang", "250", "kg", "month"),
        ("2 lít rưỡi", "2.5", "litre", ""),
        ("nửa tấn", "500", "kg", ""),
        ("1/2 tấn", "500", "kg", ""),
        ("2½ tạ", "250", "kg", ""),
        ("½ tấn", "500", "kg", ""),
        ("hai yến mỗi vụ", "20", "kg", "season"),
        ("5 yến/vụ", "50", "kg", "season"),
        ("năm tạ một năm", "500", "kg", "year"),
        ("nam ta mot nam", "500", "kg", "year"),
        ("hai trăm chai", "200", "bottle", ""),
        ("hai mươi lăm lít một tháng", "25", "litre", "month"),
        ("hai nghìn ba trăm quả", "2300", "fruit", ""),
        ("mười lăm con", "15", "head", ""),
        ("3 nghìn quả một vụ", "3000", "fruit", "season"),
        ("300 chai/tháng", "300", "bottle", "month"),
        ("300 chai/thang", "300", "bottle", "month"),
        ("300 bottles a month", "300", "bottle", "month"),
        ("20 tons per year", "20000", "kg", "year"),
        ("200 con gà ta", "200", "head", ""),
        ("1,2345 kg một tháng", "1.23", "kg", "month"),
        ("0,005 kg", "0.005", "kg", ""),
        ("50 bộ", "50", "set", ""),
        ("50 bó", "50", "bunch", ""),
        ("50 chuc trai 1 thang", "500", "fruit", "month"),
        ("3 chuc ky mot thang", "30", "kg", "month"),
        ("ba chục quả", "30", "fruit", ""),
        ("hai trăm năm chục quả", "250", "fruit", ""),
        ("50 kg - 1 tháng", "50", "kg", "month"),
        ("khoảng 300 hũ", "300", "jar", ""),
        ("100 lượt khách một tháng", "100", "guest", "month"),
    ],
)
def test_amounts_as_people_write_them(typed: str, number: str, unit: str, period: str) -> None:
    found = read(quantity(), typed)
    given = (found.value, found.also.get("quantity_unit", ""), found.also.get("quantity_period", ""))
    assert given == (number, unit, period)
    assert found.also["_quantity_typed"] == typed


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("50 bo", "quantity_unit"),  # bó or bộ
        ("20 can mật ong", "quantity_unit"),  # canisters, not "cân"
        ("40 buồng", "quantity_unit"),
        ("50 kg nấm", "quantity_period"),  # mushrooms, not a year
        ("50 kg nam", "quantity_period"),
        ("5 con bò", "quantity_period"),
        ("2 tạ", "quantity_period"),
    ],
)
def test_what_is_not_said_is_not_guessed(typed: str, what: str) -> None:
    assert what not in read(quantity(), typed).also


@pytest.mark.parametrize("typed", ["0", "-3", "− 3 kg", "10^12", "1e9", "0 kg", "9999999999999999999", "0,0001"])
def test_amounts_that_can_not_be(typed: str) -> None:
    assert "can't be right" in refused(quantity(), typed).msgid


@pytest.mark.parametrize("typed", ["2-3 tạ", "2 – 3 ta moi nam", "2 tạ đến 3 tạ", "100 toi 200 chai", "hai ba tạ"])
def test_of_two_amounts_neither_is_taken(typed: str) -> None:
    assert "One number is enough" in refused(quantity(), typed).msgid


@pytest.mark.parametrize("typed", ["500 qua/thang", "nua tan moi vu", "2-3 ta moi nam", "500"])
def test_a_whole_amount_where_its_unit_is_asked_is_a_new_amount(typed: str) -> None:
    assert read(unit_of_quantity(UNIT_OPTIONS, other=20), typed).belongs == "quantity"


def test_a_unit_may_hold_a_number() -> None:
    assert read(unit_of_quantity(UNIT_OPTIONS, other=20), "bao 50 kg").value == "bao 50 kg"
    shown = unit_of_quantity(UNIT_OPTIONS, other=20).show("fruit", {}, FACTS)
    assert world().catalog("en").say(shown) == "fruits"


def test_where_its_period_is_asked_an_amount_has_a_number_and_a_unit() -> None:
    asked = period_of_quantity(PERIOD_OPTIONS)
    assert read(asked, "500 quả mỗi tháng").belongs == "quantity"
    assert read(asked, "1 thang").value == read(asked, "theo tháng").value == "month"
    assert "choose one" in refused(asked, "chợ").msgid


@pytest.mark.parametrize("typed", ["", "nhiều lắm", "tấn", "không biết", "sau này mới biết", "sau nay moi biet"])
def test_amounts_without_a_number(typed: str) -> None:
    assert "need a number" in refused(quantity(), typed).msgid


def test_an_amount_is_shown_with_its_unit_and_period() -> None:
    said = world().catalog("en").say
    kept = {"quantity_unit": "kg", "quantity_period": "month"}
    assert said(quantity().show("1500", kept, FACTS)) == "1,500 kilograms a month"
    assert said(quantity().show("1500", {}, FACTS)) == "1,500"
    assert said(quantity().show("12.5", {"quantity_unit": "buồng"}, FACTS)) == "12.5 buồng"


# ---------------------------------------------------------------- place on the map


def test_a_pin_or_words() -> None:
    assert read(location(), LocationShared(22.1, 104.7123456)).value == "22.10000,104.71235"
    assert read(location(), "bản Ngòi Tàu").value == "bản Ngòi Tàu"
    assert "161 characters" in world().catalog("en").say(refused(location(), "x" * 161))


@pytest.mark.parametrize("typed", ["Lào Cai", "lao cai", "LÀO CAI", "tinh lao cai", "yen bai"])
def test_a_province_by_its_name_today_or_before(typed: str) -> None:
    assert read(province(), typed).value == "15"


def test_a_commune_that_is_clear_answers_both() -> None:
    found = read(province(), "Tân Lĩnh")
    assert (found.value, found.also["commune"]) == ("15", "04336")
    assert read(commune(), "tan linh").value == "04336"


@pytest.mark.parametrize(
    "typed",
    [
        "tan linh lao cai",
        "Tân Lĩnh Lào Cai",
        "Tân Lĩnh, Lào Cai",
        "xa tan linh tinh lao cai",
        "xã Tân Lĩnh - Lào Cai",
        "Lào Cai, xã Tân Lĩnh",
        "lao cai tan linh",
        "em ở xã Tân Lĩnh huyện Lục Yên tỉnh Yên Bái",
        "tan lih lao cai",
    ],
)
def test_a_commune_with_its_province_answers_both(typed: str) -> None:
    found = read(province(), typed)
    assert (found.value, found.also.get("commune")) == ("15", "04336")


@pytest.mark.parametrize(
    "typed", ["lao cai", "o lao cai a", "yen bai lao cai", "dạ em ở Lào Cai ạ", "không biết, Lào Cai", "tp lao cai"]
)
def test_a_province_alone_names_no_commune(typed: str) -> None:
    """Though there is a ward of the same name."""
    assert read(province(), typed) == Answer("15")


def test_of_several_communes_only_those_of_the_province_are_asked_about() -> None:
    found = read(province(), "yen binh lao cai")
    assert not found.complete
    assert {places.commune(o.value).province_code for o in province().options({}, FACTS, found.value)} == {"15"}  # type: ignore[union-attr]


def test_a_place_nobody_knows_is_refused() -> None:
    assert "Lào Cai" in refused(province(), "Atlantis").msgid
    assert "commune" in refused(commune(), "Atlantis").msgid


def test_a_name_of_several_places_is_asked_about() -> None:
    found = read(province(), "Tân Tiến")
    assert not found.complete
    options = province().options({}, FACTS, found.value)
    assert len(options) > 1
    assert read(province(), chosen(options[1].value), found.value).also["commune"] == options[1].value


# ---------------------------------------------------------------- photos and pages

ALBUM = photos(5, pages=True)


def sent(file_id: str) -> FileReceived:
    return FileReceived(FileRef(file_id, f"{file_id}.jpg", 1000, is_photo=True))


def test_an_album_comes_photo_by_photo_without_a_word() -> None:
    first = read(ALBUM, sent("a"))
    assert first == Answer(
        "a", complete=False, effects=(KeepFile(sent("a").file), StartTimer("files", "", 2)), quiet=True
    )
    assert read(ALBUM, sent("b"), "a").value == "a,b"
    assert read(ALBUM, sent("a"), "a,b").value == "a,b", "the same photo counts once"
    assert refused(ALBUM, sent("f"), "a,b,c,d,e").values == {"most": 5}
    assert read(ALBUM, chosen(DONE), "a,b") == Answer("a,b")


def test_more_than_fit_are_not_taken_and_none_is_dropped_unasked() -> None:
    """Some were there already, others came without a word and were said to belong to them."""
    assert refused(ALBUM, chosen(DONE), "a,b,c,d,e,f").values == {"most": 5, "count": 6}
    assert read(ALBUM, chosen("drop"), "a,b,c,d,e,f").value == "drop|a,b,c,d,e,f"


def test_words_are_no_photo() -> None:
    assert "Please send photos" in refused(ALBUM, "đây").msgid
    assert "more photos" in refused(ALBUM, "đây", "a").msgid


def test_nothing_is_offered_before_the_first_photo() -> None:
    assert ALBUM.options({}, FACTS, "") == ()
    assert [option.value for option in photos(5).options({}, FACTS, "a")] == [DONE, "drop"]
    assert [option.value for option in ALBUM.options({}, FACTS, "a")] == [DONE, "look", "turn", "again", "drop"]


@pytest.mark.parametrize(
    ("doing", "page", "left"),
    [
        ("turn", "2", "a,b:90,c"),
        ("drop", "1", "b,c"),
        ("again", "3", "at2|a,b,c"),
        ("turn", "9", "a,b,c"),
        ("turn", "never", "a,b,c"),
    ],
)
def test_a_page_is_turned_left_out_or_taken_again(doing: str, page: str, left: str) -> None:
    waiting = read(ALBUM, chosen(doing), "a,b,c")
    assert waiting.value == f"{doing}|a,b,c"
    assert [option.value for option in ALBUM.options({}, FACTS, waiting.value)] == ["1", "2", "3", "never"]
    assert read(ALBUM, chosen(page), waiting.value).value == left


def test_four_turns_are_none() -> None:
    partial = "a"
    for _ in range(4):
        partial = read(ALBUM, chosen("1"), f"turn|{partial}").value
    assert partial == "a"


def test_a_page_that_is_taken_again_keeps_its_place() -> None:
    assert read(ALBUM, sent("d"), "at1|a,b:90,c").value == "a,d,c"


def test_a_press_that_no_button_has_breaks_nothing() -> None:
    for value in ("²", "", "x", "-1", "0", "99"):
        assert pages_of(read(ALBUM, chosen(value), "turn|a,b").value) == (("a", 0), ("b", 0))


def test_pages_are_shown_before_they_are_sent() -> None:
    assert SendPages((("a", 0), ("b", 90))) in read(ALBUM, chosen("look"), "a,b:90").effects


def test_files_that_were_refused_do_not_count() -> None:
    known = replace(FACTS, files={"a": FileFacts("a", FileStatus.REFUSED), "b": FileFacts("b", FileStatus.STORED)})
    assert ALBUM.read(chosen(DONE), {}, known, "a,b").value == "b"
    for value in (DONE, "look"):
        with pytest.raises(InvalidAnswer, match="None of these"):
            ALBUM.read(chosen(value), {}, known, "a")


# ---------------------------------------------------------------- whatever comes

READERS: tuple[Reader, ...] = (
    text(80), SIZES, one_of(SIZES.choices, other=20), some_of(CHANNELS), phone(), quantity(), location(), photos(3),
    ALBUM,
)  # fmt: skip
PARTIALS = ("", "a,b:90", "turn|a,b", "at0|a", "home,market")
AMOUNTS = st.text("0123456789.,/-½²①٣ tạấnkgrưỡinămmươi^e%", max_size=30)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | AMOUNTS, st.sampled_from(READERS), st.sampled_from(PARTIALS))
def test_a_reader_takes_any_text_or_says_why_not(typed: str, reader: Reader, partial: str) -> None:
    for event in (TextReceived(typed), chosen(typed), ContactShared(typed, own=True)):
        try:
            answer = reader.read(event, {}, FACTS, partial)
        except InvalidAnswer:
            continue
        if answer.complete:
            assert reader.holds(answer.value, answer.also, FACTS)
            assert world().catalog("vi").say(reader.show(answer.value, {**answer.also}, FACTS)) is not None


@settings(max_examples=150, deadline=None)
@given(AMOUNTS)
def test_an_amount_is_positive_and_plain(typed: str) -> None:
    try:
        value = read(quantity(), typed).value
    except InvalidAnswer:
        return
    assert 0 < Decimal(value) < 10**9
    assert "E" not in value


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_cleaned_words_are_clean(typed: str) -> None:
    once = clean(typed)
    assert clean(once) == once
    assert "\n\n" not in once
    assert "\x00" not in once


def test_a_name_has_letters() -> None:
    with pytest.raises(InvalidAnswer, match="looks like a number"):
        text(80, name=True).read(TextReceived("09123"), {}, facts(), "")
    assert text(80, name=True).read(TextReceived("Gạo 504"), {}, facts(), "").value == "Gạo 504"


def test_a_number_is_found_among_words() -> None:
    told = phone().read(TextReceived("so nay 0912345678 nha em"), {}, facts(), "")
    assert told.value == "+84912345678"
