"""`dialogs check` finds what is planted, and finds nothing in what is shipped."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog as Messages
from babel.messages.pofile import write_po

from bot import doctor
from bot.doctor import CHANNELS, ROOT, Situation, Walked, faults, graphs, walk
from dialogs.answers import one_of, text
from dialogs.engine import HOME
from dialogs.model import Ask, Command, Dialog, Dialogs, Facts, Go, Option, Text
from dialogs.tree import DIALOGS
from tests.facts import facts, world


@pytest.fixture(scope="module")
def everywhere() -> doctor.Walked:
    """Through the real dialogs, once for all tests: it takes half a minute."""
    return doctor.everywhere()


def test_the_dialogs_are_in_order(everywhere: doctor.Walked) -> None:
    assert doctor.check(walked=everywhere) == []


# ---------------------------------------------------------------- planted faults


def option(value: str, label: str = "", *typed: str) -> Option:
    return Option(value, Text(label or value), typed)


def menu(*options: Option, **goto: str) -> Dialog:
    ways = {**{name: name for name in ("one", "two")}, **goto}
    offered = (option("one"), option("two"), *options)
    return Dialog(HOME, steps=(Ask("choice", "What?", one_of(offered), goto=ways),))


ONE = Dialog("one", steps=(Ask("name", "Name?", text(80)),))
TWO = Dialog("two", steps=(Ask("size", "Size?", one_of((option("small"), option("large")))),))
HELLO = "%(name)s has %(count)s stars"


def tree(*dialogs: Dialog, commands: dict[str, Command] | None = None) -> Dialogs:
    named = {dialog.name: dialog for dialog in (menu(), ONE, TWO, *dialogs)}
    return Dialogs(named, commands or {}, on_file=lambda file, facts: None, on_case=lambda code, facts: None)


def walked(dialogs: Dialogs) -> Walked:
    return walk(dialogs, [Situation("somebody", facts())])


def found(dialogs: Dialogs) -> list[str]:
    """What the examinations of the tree itself find."""
    met = walked(dialogs)
    listener = world().listener
    return [
        *doctor.unknown_targets(dialogs),
        *met.findings,
        *doctor.unreachable(dialogs, met),
        *doctor.dead_ends(met),
        *doctor.over_limits(met, listener.catalogs),
        *doctor.clashes(dialogs, met, listener),
    ]


def only(dialogs: Dialogs, place: str, words: str) -> None:
    faults = found(dialogs)
    assert [fault for fault in faults if fault.startswith(place) and words in fault], faults


def test_a_sound_tree_has_no_findings() -> None:
    assert found(tree()) == []


def test_a_target_that_is_not_there() -> None:
    only(tree(menu(option("three"), three="nowhere")), "menu/choice", "leads to nowhere, which there is not")
    only(tree(menu(option("three"), three="one/age")), "menu/choice", "leads to one/age, which there is not")
    only(tree(replace(TWO, end="nowhere")), "two/", "leads to nowhere")


def test_a_target_that_only_a_function_knows() -> None:
    way = Ask("size", "Size?", one_of((option("small"),)), goto=lambda value, answers, facts: Go("nowhere"))
    only(tree(replace(TWO, steps=(way,))), "two/size", "“small” leads to nowhere")


def test_what_nothing_leads_to() -> None:
    only(tree(Dialog("three", steps=(Ask("why", "Why?", text(9)),))), "three/", "nothing leads to this dialog")
    never = Ask("age", "Age?", text(9), when=lambda answers, facts: False)
    only(tree(replace(TWO, steps=(*TWO.steps, never))), "two/age", "nothing leads to this question")


def test_dead_ends() -> None:
    only(tree(replace(TWO, steps=(Ask("size", "Size?", one_of(())),))), "two/size", "no answer leads on for somebody")
    again = Ask("size", "Size?", one_of((option("small"),)), goto={"small": "two"})
    only(tree(replace(TWO, steps=(again,))), "two/size", "no answer leads to another question")


def test_circles_without_a_question() -> None:
    only(tree(Dialog("one", steps=(), end="two"), Dialog("two", steps=(), end="one")), "one/", "a circle")


def test_what_fails_is_named() -> None:
    def broken(answers: object, facts: Facts) -> tuple[Text, ...]:
        raise KeyError("age")

    only(tree(replace(TWO, steps=(Ask("size", broken, text(9)),))), "two/size", "can't be asked for somebody: KeyError")
    failing = Ask("size", "Size?", text(9), then=broken)  # type: ignore[arg-type]
    only(tree(replace(TWO, steps=(failing,))), "two/size", "fails for somebody: KeyError")


def test_an_option_that_leads_where_this_person_may_not_go() -> None:
    only(tree(replace(TWO, allowed=lambda answers, facts: False)), "menu/choice", "which somebody may not see")


def test_texts_and_buttons_over_the_limits() -> None:
    only(tree(replace(ONE, steps=(Ask("name", "x" * 2001, text(9)),))), "one/name", "2001 characters, at most 2000 fit")
    only(tree(replace(ONE, steps=(Ask("name", "", text(9)),))), "one/name", "asks nothing")
    long_value = one_of((option("x" * 60, "small"),))
    only(tree(replace(TWO, steps=(Ask("size", "Size?", long_value),))), "two/size", "longer than 64 bytes (telegram")
    colon = Dialog("t:o", steps=(Ask("size", "Size?", one_of((option("s"),))),))
    only(tree(menu(option("three"), three="t:o"), colon), "t:o/size", "does not come back as it went out")


def test_one_word_for_two_options() -> None:
    twice = one_of((option("small", "Small"), option("tiny", "Tiny", "SMÀLL")))
    only(
        tree(replace(TWO, steps=(Ask("size", "Size?", twice),))),
        "two/size",
        "“small” stands for “small” and for “tiny”",
    )


def test_a_word_that_is_a_number_of_the_list() -> None:
    hidden = one_of((option("two", "hai"), option("three", "ba")))
    only(
        tree(replace(TWO, steps=(Ask("size", "Size?", hidden),))), "two/size", "“hai” typed is not understood as “two”"
    )


def test_an_option_that_takes_a_global_word() -> None:
    dialogs = tree(menu(option("three", "Help"), three="one"), commands={"help": lambda argument, facts: Go("two")})
    only(dialogs, "menu/choice", "“Help” is “three” here and leads to one, elsewhere it is /help")


def test_global_words_that_mean_two_things_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "COMMANDS", {"menu": ("home",), "dance": ("nhảy", "Hôme")})
    monkeypatch.setattr(faults, "INTENTS", {})
    found = list(doctor.word_clashes(tree(commands={"menu": lambda argument, facts: Go("menu")})))
    assert found == [
        "dialogs/words.py: nothing answers to /dance",
        "dialogs/words.py: “home” is both /menu and /dance",
    ]


# ---------------------------------------------------------------- translations


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A source of two texts and a catalogue in which one is missing, one is stale and one has other placeholders."""
    (tmp_path / "dialogs").mkdir()
    source = f'N_("Hello")\nN_("Bye")\nN_("{HELLO}")\nN_("100% sure of %(it)s")\n'
    (tmp_path / "dialogs" / "texts.py").write_text(source, encoding="utf-8")
    shutil.copy(ROOT / "babel.cfg", tmp_path)
    messages = Messages("vi")
    messages.add("Hello", "Chào")
    messages.add("Gone", "Mất rồi")
    messages.add(HELLO, "%(ten)s được %(count)s sao")
    messages.add("100% sure of %(it)s", "100% là %(it)s")
    (tmp_path / "locales" / "vi" / "LC_MESSAGES").mkdir(parents=True)
    with (tmp_path / "locales" / "vi" / "LC_MESSAGES" / "messages.po").open("wb") as file:
        write_po(file, messages)
    return tmp_path


def test_missing_stale_and_untrue_translations(project: Path) -> None:
    name = "locales/vi/LC_MESSAGES/messages.po"
    assert set(doctor.translations(project)) == {
        f"dialogs/texts.py:2: no translation of “Bye” in {name}",
        f"{name}: “Gone” is no longer used",
        f"{name}: “{HELLO}”: placeholders ['count', 'name'] became ['count', 'ten']",
        f"{name}: “100% sure of %(it)s”: “% ” is no placeholder",
    }


# ---------------------------------------------------------------- charts and limits


def test_a_chart_shows_questions_ways_and_ways_out() -> None:
    faces = tree()
    chart = doctor.graph(faces.by_name["menu"], walked(faces).ways)
    assert chart.splitlines() == [
        "%% menu",
        "flowchart TD",
        '    menu_choice["choice"]',
        '    to_one(("one"))',
        '    to_two(("two"))',
        '    menu_choice -->|"one"| to_one',
        '    menu_choice -->|"two"| to_two',
    ]


def test_charts_are_the_same_every_time(everywhere: doctor.Walked) -> None:
    charts = graphs(walked=everywhere)
    assert [chart.splitlines()[0] for chart in charts] == [f"%% {name}" for name in DIALOGS.by_name]
    small = [[doctor.graph(dialog, walked(tree()).ways) for dialog in tree().by_name.values()] for _ in range(2)]
    assert small[0] == small[1]


def test_the_limits_are_those_of_the_channels() -> None:
    from bot.channels.telegram import Telegram

    assert CHANNELS["telegram"] == Telegram.capabilities


def test_examining_needs_no_messenger_library() -> None:
    """`dialogs check` starts quickly: what takes seconds to import stays out."""
    import subprocess
    import sys

    code = "import sys, bot.doctor; sys.exit(any(m in sys.modules for m in ('aiogram', 'telegram', 'sqlalchemy')))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
