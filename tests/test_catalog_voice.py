"""The Vietnamese catalogue as it is shipped: complete, true to its msgids, and in the bot's voice."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from dialogs.model import Option, Text
from dialogs.tree import DIALOGS
from dialogs.words import COMMANDS

LOCALES = Path(__file__).parents[1] / "locales"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="vi")


TEMPLATE = read(LOCALES / "messages.pot")
VIETNAMESE = read(LOCALES / "vi" / "LC_MESSAGES" / "messages.po")


def forms(words: object) -> tuple[str, ...]:
    """One text, or the forms of a plural."""
    return (words,) if isinstance(words, str) else tuple(words) if isinstance(words, list | tuple) else ()


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


PAIRS = [(forms(m.id)[-1], said) for m in messages(VIETNAMESE) for said in forms(m.string) if said]
"""Every msgid (of a plural, the form for many) with its Vietnamese texts; empty ones have a test of their own."""
SAID = dict(PAIRS)


def wrong(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """What to show when a rule is broken."""
    return [f"{msgid!r} -> {said!r}" for msgid, said in pairs]


# ---------------------------------------------------------------- complete


def test_every_text_is_there_and_none_is_left_over() -> None:
    assert {forms(m.id) for m in messages(VIETNAMESE)} == {forms(m.id) for m in messages(TEMPLATE)}
    assert not VIETNAMESE.obsolete


def test_none_is_empty_or_doubtful() -> None:
    assert not VIETNAMESE.fuzzy
    assert not [m.id for m in messages(VIETNAMESE) if m.fuzzy or not all(forms(m.string)) or not m.string]


def test_the_header_says_what_it_is() -> None:
    header = dict(VIETNAMESE.mime_headers)
    assert header["Language"] == "vi"
    assert header["Plural-Forms"] == "nplurals=1; plural=0;"
    assert header["Project-Id-Version"].startswith("ocop-assistant ")
    filled_in = VIETNAMESE.header_comment + "".join(header.values())
    assert not re.findall(r"FULL NAME|EMAIL@|LL@li|FIRST AUTHOR|ORGANIZATION|PROJECT\b", filled_in)


# ---------------------------------------------------------------- true to the msgid


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"%(?:\(\w+\)[a-z]|.)", text)))


def test_placeholders_are_the_same_both_ways() -> None:
    assert not wrong((msgid, said) for msgid, said in PAIRS if placeholders(msgid) != placeholders(said))


def test_plural_forms_take_the_same_values() -> None:
    plurals = [forms(m.id) for m in messages(VIETNAMESE) if m.pluralizable]
    assert not [ids for ids in plurals if len({*map(tuple, map(placeholders, ids))}) > 1]


def test_a_line_of_a_list_stays_one() -> None:
    assert not wrong((msgid, said) for msgid, said in PAIRS if msgid.startswith("• ") != said.startswith("• "))


def ending(text: str) -> str:
    """The kind of thing a text is: question, lead-in to a list, statement, or a label without an end mark."""
    last = text.rstrip(" )”⭐✅")[-1:]
    return {"!": "."}.get(last, last) if last in "?:.!" else ""


def test_a_question_stays_a_question() -> None:
    assert not wrong((msgid, said) for msgid, said in PAIRS if ending(msgid) != ending(said))


def test_numbers_and_examples_are_kept() -> None:
    assert not wrong((m, s) for m, s in PAIRS if {*re.findall(r"\d{2,}", m)} - {*re.findall(r"\d{2,}", s)})


# ---------------------------------------------------------------- voice

BANNED = (
    "bạn",
    "quý khách",
    "người dùng",
    "hệ thống",
    "chủ thể",
    "vui lòng",
    "hồ sơ minh chứng",
    "phương án sản xuất kinh doanh",
    "thực hiện việc",
    "đơn vị tính",
    "không hợp lệ",
    "sai định dạng",
    "tiếp nhận",
    "thời hạn xử lý",
    "nhập sai",
    "gõ sai",
    "lỗi",
    "chắc chắn đạt",
)


@pytest.mark.parametrize("word", BANNED)
def test_words_the_bot_does_not_say(word: str) -> None:
    pattern = re.compile(rf"(?<!\w){word}(?!\w)", re.IGNORECASE)
    assert not wrong((msgid, said) for msgid, said in PAIRS if pattern.search(said))


def test_official_terms_stand_in_brackets() -> None:
    """ "Chấm sao (đánh giá, phân hạng)" once where it is met on paper; nowhere alone."""
    plain = {msgid: re.sub(r"\([^()]*\)", "", said) for msgid, said in PAIRS}
    assert not wrong((m, s) for m, s in plain.items() if re.search(r"phân hạng|đánh giá|SXKD", s))


def sentences(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in re.split(r"(?<=[.?!;])\s+", line.strip("• "))]


def test_sentences_are_short() -> None:
    """voice.md: at most 20 words, a placeholder counted as one."""
    assert not wrong((m, s) for m, s in PAIRS if any(len(part.split()) > 20 for part in sentences(s)))


def test_at_most_one_emoji_and_only_a_known_one() -> None:
    emoji = {said: [char for char in said if ord(char) > 0x2300 and char != "✓"] for _, said in PAIRS}
    assert not [said for said, found in emoji.items() if len(found) > 1 or {*found} - {*"⭐✅📷⏰📍"}]


def test_quotes_are_curly_and_paired() -> None:
    assert not wrong((m, s) for m, s in PAIRS if '"' in s or s.count("“") != s.count("”"))
    assert not wrong((m, s) for m, s in PAIRS if m.count("“") > s.count("“"))


def test_the_bot_calls_itself_em() -> None:
    """ "Tôi" is the person speaking, on a button or in words to type."""
    assert not wrong((m, s) for m, s in PAIRS if ending(s) in (".", ":") and "tôi" in re.sub("“[^”]*”", "", s).lower())


def test_sentences_are_spaced_once() -> None:
    assert not wrong((m, s) for m, s in PAIRS if s != " ".join(s.split()) or re.search(r"\s[.,?!:;]", s))


# ---------------------------------------------------------------- labels


def offered() -> list[tuple[str, tuple[Option, ...]]]:
    """The fixed choices of every question, by where they stand."""
    asks = [(f"{dialog.name}/{ask.name}", ask) for dialog in DIALOGS.by_name.values() for ask in dialog.steps]
    choices = [(where, getattr(ask.accept, "choices", ())) for where, ask in asks]
    return [(where, options) for where, options in choices if isinstance(options, tuple) and options]


OFFERED = offered()


def label(option: Option) -> str:
    words = option.label
    return SAID.get(words.msgid, "") if isinstance(words, Text) else ""


def test_labels_fit_a_button() -> None:
    """A reason that an officer sends on is a sentence, and is listed by number instead."""
    labels = {label(option) for _, options in OFFERED for option in options}
    assert len(labels) > 60
    assert not [said for said in labels if ending(said) != "." and len(said) > 30]


def test_no_two_choices_read_alike() -> None:
    for where, options in OFFERED:
        said = [label(option).lower() for option in options if label(option)]
        assert len({*said}) == len(said), where


def test_a_label_is_not_what_another_choice_answers_to() -> None:
    for where, options in OFFERED:
        for option in options:
            others = {words for other in options if other is not option for words in other.typed}
            assert label(option).lower() not in others, f"{where}: {label(option)}"


def test_words_in_quotes_can_be_tapped_or_typed() -> None:
    """A hint that names a button or a command names one that there is."""
    known = {*SAID.values(), *(word for words in COMMANDS.values() for word in words)}
    hints = [(m, quoted) for m, said in PAIRS for quoted in re.findall("“([^”%]+)”", said)]
    assert hints
    assert not wrong((msgid, quoted) for msgid, quoted in hints if quoted not in known)
