"""How texts, numbers and dates are said in each language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.catalogs import LOCALES, Catalog
from dialogs.model import Text, Value
from dialogs.rules.ruleset import Label
from tests.facts import world

VI, EN = world().catalog("vi"), world().catalog("en")


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (1500, "1.500", "1,500"),
        (Decimal("1234.5"), "1.234,5", "1,234.5"),
        (date(2026, 3, 18), "thứ Tư 18/3/2026", "Wednesday 18 March 2026"),
        (date(2026, 3, 22), "Chủ nhật 22/3/2026", "Sunday 22 March 2026"),
        (datetime(2026, 3, 17, 18, 30, tzinfo=UTC), "1:30 thứ Tư 18/3/2026", "1:30 Wednesday 18 March 2026"),
        (Label("hộ", "household"), "hộ", "household"),
        ("của %(ai)s", "của %(ai)s", "của %(ai)s"),
        (Text("Tomorrow evening"), VI.say(Text("Tomorrow evening")), "Tomorrow evening"),
    ],
)
def test_values_are_said_as_people_say_them(value: Value, vi: str, en: str) -> None:
    text = Text("%(value)s", {"value": value})
    assert (VI.say(text), EN.say(text)) == (vi, en)


def test_the_count_chooses_the_form() -> None:
    def said(count: int) -> str:
        return EN.say(Text("%(count)s page", {"count": count}, "%(count)s pages"))

    assert [said(count) for count in (0, 1, 2)] == ["0 pages", "1 page", "2 pages"]


def test_what_has_no_translation_is_said_in_english() -> None:
    assert Catalog("vi").say(Text("Hello %(name)s", {"name": "Mẩy"})) == "Hello Mẩy"


def test_a_percent_sign_without_values_is_just_that() -> None:
    assert EN.say(Text("100%")) == "100%"


def test_both_languages_are_there() -> None:
    assert set(world().listener.catalogs) == set(LOCALES)
    assert VI.say(Text("Main menu")) != "Main menu"
    assert world().catalog("lo") is VI, "whoever speaks another language gets Vietnamese"
