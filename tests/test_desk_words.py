"""What officers type: the desk's own words work anywhere, and a button's words are nobody's reason."""

from dataclasses import replace
from functools import cache

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.doctor import CHANNELS, Visit, situations, walk
from bot.render import compose
from dialogs.engine import VERBATIM, arrive, question
from dialogs.matching import fold
from dialogs.model import (
    CommandReceived,
    DecideCase,
    Event,
    Facts,
    Link,
    MarkItem,
    Misplaced,
    Option,
    OptionChosen,
    QuestionAsked,
    Role,
    SendMessage,
    State,
    Text,
    TextReceived,
)
from dialogs.officer.imports import IMPORT_SURE
from dialogs.tree import BUTTONS, DIALOGS, buttons_in
from dialogs.words import DESK
from tests.facts import Chat, desk_facts, facts, world
from tests.heart import world_at
from tests.transcripts import Clock, Play, play

CODE = "HCM102-26-123400"


def asked_at(key: str, known: Facts | None = None) -> SendMessage:
    known = known or desk_facts()
    state, _ = arrive(DIALOGS, State(f"{key}/"), known)
    return question(DIALOGS, state, known)


def meant(typed: str, asked: SendMessage) -> Event:
    return world().listener.recognise(TextReceived(typed), asked, "vi")


@cache
def visits() -> tuple[Visit, ...]:
    people = [s for s in situations(world().facts()) if s.name == "an officer"]
    return tuple(walk(DIALOGS, people).visits)


@pytest.mark.parametrize("typed", ["trả lại", "tra lai", "dat", "tom tat", "gui", "gui di", "Việc của tôi", "hoan tac"])
@pytest.mark.parametrize("dialog", ["defer", "note"])
def test_a_buttons_words_are_no_message(dialog: str, typed: str) -> None:
    assert meant(typed, asked_at(f"{dialog}.{CODE}")) == Misplaced(typed)


@pytest.mark.parametrize("typed", ["trả lại vì thiếu con dấu", "mờ", "thiếu chữ ký", "Đạt yêu cầu nhưng thiếu ngày"])
def test_a_reason_is_a_reason(typed: str) -> None:
    assert meant(typed, asked_at(f"defer.{CODE}")) == TextReceived(typed)


def test_whatever_a_case_offers_is_refused_as_a_message() -> None:
    """The words come from the options themselves, so a new button is among them without being listed again."""
    screens = ("review", "review_more", "check/item", "check/summary", "accept", "defer/confirm", "decide/confirm")
    offered = [option for visit in visits() if visit.where.startswith(screens) for option in visit.asked.options]
    plain = {option.label.msgid for option in offered if isinstance(option.label, Text) and not option.label.values}
    assert len(plain) > 30
    known = {option.label.msgid for option in BUTTONS if isinstance(option.label, Text)}
    assert plain - known == set()


def test_every_free_text_of_the_desk_has_a_way_out() -> None:
    prompts = ("defer/reason", "decide/reason", "check/reason", "note/text", "pass/note")
    met = [visit for visit in visits() if visit.where in prompts]
    assert {visit.where for visit in met} == {*prompts}
    assert all("<" in [option.value for option in visit.asked.options] for visit in met)
    assert all(visit.asked.takes == VERBATIM for visit in met)


def test_options_are_found_wherever_a_module_keeps_them() -> None:
    one, two, three = (Option(value, value) for value in "abc")
    assert [*buttons_in(one, {"x": two}, (three, "words", 7))] == [one, two, three]


@pytest.mark.parametrize("key", ["menu", "check_status", f"review.{CODE}", f"review_more.{CODE}", "papers", "learn"])
@pytest.mark.parametrize(("name", "words"), DESK.items())
def test_the_desks_words_work_outside_forms(key: str, name: str, words: tuple[str, ...]) -> None:
    asked = asked_at(key)
    own = {fold(word) for o in asked.options for word in world().listener._phrases(o)}
    for typed in (fold(word) for word in words if fold(word) not in own):
        assert meant(typed, asked) == CommandReceived(name)


def test_a_short_code_is_looked_for() -> None:
    assert meant("0001", asked_at("menu")) == CommandReceived("find", "0001")


def test_send_at_the_menu_is_no_registration() -> None:
    assert meant("gửi", asked_at("menu")) == Misplaced("gửi")


def test_producers_are_understood_as_before() -> None:
    menu = asked_at("menu", facts())
    assert menu.buttons == ()
    assert not menu.desk
    assert not isinstance(meant("gửi", menu), Misplaced)
    assert meant("việc của tôi", menu) == meant("việc của tôi", replace(menu, buttons=()))
    assert isinstance(meant("ke hoach kinh doanh bi tra lai", menu), QuestionAsked)


@pytest.mark.parametrize("typed", ["ke hoach", "co viec gi ko"])
def test_no_article_for_what_is_not_plainly_asked_at_the_desk(typed: str) -> None:
    card = asked_at(f"review.{CODE}")
    assert isinstance(meant(typed, card), TextReceived | Misplaced)
    assert isinstance(meant(f"{typed} là gì?", card), QuestionAsked)


def test_of_a_link_and_an_option_with_the_same_words_the_link_stays() -> None:
    said: list[SendMessage | str] = [
        SendMessage((), links=(Link("undo.X", "Take it back"),)),
        SendMessage((), (Option("undo-X", "Take it back"), Option("a", "Lan"), Option("b", "Lan")), at="desk/case"),
    ]
    shown = compose(said, world().catalog("en"), CHANNELS["telegram"])
    assert [button.data for button in shown.buttons] == ["l:undo.X", "o:desk/case:a", "o:desk/case:b"]


async def test_send_back_is_what_a_leader_means_by_return(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    staged = (
        "officer joins",
        "approver joins",
        "producer has sent an idea",
        "the idea is accepted",
        "the plan is sent",
    )
    ready = (
        *staged,
        "the plan is accepted",
        "the dossier is sent",
        "the commune has assessed",
        "the dossier is checked",
    )
    said = await play(run, [*(f"! {line}" for line in ready), "approver> TL12-26-0001", "approver> tra lai"])
    assert said.splitlines()[-1] == "approver< [Thôi, về hồ sơ]"


@pytest.mark.parametrize("question", ["list", "words", "which"])
def test_ready_reasons_for_nothing_ask_what_for_first(question: str) -> None:
    """A stored state may stand at a question whose answers before it are gone."""
    known = desk_facts(Role.ADMINISTRATOR)
    here = Chat(known, State(f"templates/{question}"))
    assert here.at == "templates/kind"
    assert here.does("Thiếu con dấu của xã").at == "templates/kind"


# ---------------------------------------------------------------- a plain yes


@pytest.mark.parametrize("yes", ["uh", "uhm", "ừ", "đồng ý", "chap nhan", "ok", "oke", "dc", "vang a", "ky", "ký luôn"])
def test_a_plain_yes_decides_where_there_is_one_thing_to_decide(yes: str) -> None:
    chat = Chat(desk_facts(Role.COMMUNE_APPROVER))
    code = next(case.code for case in chat.facts.named if case.status == "dossier_checked")
    chat.does(code, "ký")
    assert chat.at == "decide/confirm"
    assert [effect.action for effect in chat.does(yes).effects if isinstance(effect, DecideCase)] == ["forward"]


@pytest.mark.parametrize("yes", ["uh", "đồng ý", "ok"])
def test_what_goes_out_with_a_reason_or_for_good_wants_its_own_words(yes: str) -> None:
    leader = Chat(desk_facts(Role.COMMUNE_APPROVER))
    code = next(case.code for case in leader.facts.named if case.status == "dossier_checked")
    leader.does(code, "trả cán bộ", "Thiếu chữ ký ở trang 2", yes)
    assert leader.at == "decide/confirm"
    for_good = [visit.asked for visit in visits() if visit.where in ("publish/sure", "undo/confirm", "todo/drop")]
    assert for_good
    (sure,) = IMPORT_SURE.steps
    for_good.append(SendMessage((), sure.accept.options({}, leader.facts, ""), confirms=True, exact=True))
    assert not any(isinstance(meant(yes, asked), OptionChosen) for asked in for_good)


@pytest.mark.parametrize("later", ["để mai", "để sau nhé"])
def test_what_was_typed_for_a_decision_is_not_left_behind_by_a_word(later: str) -> None:
    leader = Chat(desk_facts(Role.COMMUNE_APPROVER))
    code = next(case.code for case in leader.facts.named if case.status == "dossier_checked")
    leader.does(code, "trả cán bộ", "Thiếu chữ ký ở trang 2", later)
    assert (leader.at, leader.answers["reason"]) == ("decide/confirm", "Thiếu chữ ký ở trang 2")


# ---------------------------------------------------------------- in an officer's words


@pytest.mark.parametrize("typed", ["cho xem viec", "xem việc", "viec"])
def test_whoever_wants_to_see_their_work_gets_it(typed: str) -> None:
    assert Chat(desk_facts()).does(typed).at.startswith("desk/")


def test_what_is_missing_names_what_goes_back() -> None:
    chat = Chat(desk_facts())
    idea = next(case.code for case in chat.facts.named if case.status == "idea_submitted")
    chat.does(idea, "trả lại", "thieu anh")
    assert (chat.at, chat.answers["_item"]) == ("check/reason", "answer:photos")
    chat.does("Chụp giúp hai ảnh cả hộp.")
    marks = [(effect.item, effect.verdict) for effect in chat.effects if isinstance(effect, MarkItem)]
    assert marks == [("answer:photos", "return")]


def test_of_two_that_may_be_missing_it_is_asked_which() -> None:
    """What is only understood when it is typed is shown then."""
    chat = Chat(desk_facts())
    dossier = next(case.code for case in chat.facts.named if case.status == "dossier_submitted")
    chat.does(dossier, "trả lại", "thieu giay")
    assert len(chat.asked.options) > 1
    assert all(option.value.startswith("missing:") for option in chat.asked.options)
