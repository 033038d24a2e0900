"""A state is kept as JSON, and states that older releases wrote still lead to a question."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.engine import arrive, question
from dialogs.model import Draft, State, TextReceived
from dialogs.state import STATE_VERSION, dump, load
from dialogs.tree import DIALOGS
from tests.facts import Chat, facts, sample_case

STATES = sorted((Path(__file__).parent / "states").glob("*.json"))
"""Written by a release, named "v<version>_<what it holds>.json", and never changed afterwards."""
CASE = sample_case("TL-26-0001", "idea_accepted", "food", "household", own=True)

drafts = st.builds(
    Draft,
    answers=st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3),
    version=st.integers(0, 99),
    at=st.text(max_size=10),
    partial=st.text(max_size=20),
    suggested=st.text(max_size=20),
    page=st.integers(0, 9),
    turn=st.integers(0, 10**6),
)
states = st.builds(
    State,
    at=st.text(max_size=20),
    drafts=st.dictionaries(st.text(max_size=10), drafts, max_size=3),
    then=st.text(max_size=20),
    serial=st.integers(0, 10**6),
    turn=st.integers(0, 10**6),
)


@given(states)
def test_what_is_written_is_read_again(state: State) -> None:
    assert load(json.loads(json.dumps(dump(state)))) == state


def test_defaults_take_no_room() -> None:
    assert dump(State("menu/choice")) == {"v": STATE_VERSION, "at": "menu/choice", "drafts": {}}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"v": STATE_VERSION},
        {"v": STATE_VERSION + 1, "at": "menu/choice", "drafts": {}},
        {"v": STATE_VERSION, "at": "menu/", "drafts": []},
        {"v": "1", "at": "x", "drafts": {}},
    ],
)
def test_what_is_no_state_begins_anew(data: dict[str, Any]) -> None:
    assert load(data) == State()


def test_there_is_a_sample_of_every_version() -> None:
    assert {f"v{version}" for version in range(1, STATE_VERSION + 1)} <= {
        path.name.partition("_")[0] for path in STATES
    }


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
@pytest.mark.parametrize("cases", [(), (CASE,)], ids=["no case", "a case"])
def test_a_state_of_an_older_release_leads_to_a_question(path: Path, cases: tuple[Any, ...]) -> None:
    state, _ = arrive(DIALOGS, load(json.loads(path.read_text(encoding="utf-8"))), facts(cases=cases))
    assert question(DIALOGS, state, facts(cases=cases)).texts
    here = Chat(facts(cases=cases), state)
    here.turn(TextReceived("1"))
    assert here.said


def arrived(name: str) -> Chat:
    data = json.loads((Path(__file__).parent / "states" / f"{name}.json").read_text(encoding="utf-8"))
    return Chat(facts(cases=(CASE,)), load(data))


def test_a_draft_of_a_dialog_that_is_gone_goes_and_the_others_stay() -> None:
    here = arrived("v1_dialog_that_is_gone")
    assert here.at == "menu/choice"
    assert [option.value for option in here.asked.options if option.value.startswith("draft:")] == [
        "draft:register_idea.2"
    ]
    assert "sell_online.4" not in here.state.drafts


def test_an_answer_to_a_question_that_is_gone_is_dropped() -> None:
    here = arrived("v1_question_that_is_gone")
    assert here.at == "register_idea/product_group"
    assert "tax_code" not in here.answers
    assert here.answers["product"] == "Chuối sấy"


def test_an_option_that_is_gone_is_asked_again() -> None:
    here = arrived("v1_option_that_is_gone")
    assert here.at == "register_idea/product_group"
    assert here.answers["product_state"] == "idea"


def test_a_form_is_found_where_it_was_left() -> None:
    assert arrived("v1_form_with_a_page_of_photos").state.drafts["register_idea.3"].partial == "f1,f2:90"
    assert arrived("v1_review").at == "register_idea/review"
    assert arrived("v1_paper_in_hand").asked.texts[-1].msgid == "Which page?"
    assert [option.value for option in arrived("v1_which_one").asked.options] == ["15", "19"]
