"""The engine, rule by rule, on a small tree; then every dialog walked at random."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.doctor import SAMPLE_ANSWERS, sample_roles, situations
from dialogs.answers import one_of, photos, text
from dialogs.engine import KEEP, MORE, PAGE, SKIP, arrive, question, step
from dialogs.model import (
    Answers,
    Ask,
    CaseFacts,
    CaseNamed,
    CommandReceived,
    ContactShared,
    DeskFacts,
    Dialog,
    Dialogs,
    Draft,
    Event,
    Facts,
    FileFacts,
    FileReceived,
    FileRef,
    FileStatus,
    Go,
    Invite,
    KeepFile,
    LinkFollowed,
    LocationShared,
    Option,
    OptionChosen,
    Person,
    QuestionAsked,
    RemindAt,
    ReturnedItem,
    Role,
    SendArticle,
    SendMessage,
    SetPlace,
    StartTimer,
    State,
    SubmitIdea,
    Text,
    TextReceived,
    TimerFired,
    Unclear,
    UnsupportedReceived,
)
from dialogs.producer.menu import evening_in
from dialogs.producer.register_idea import IDEA_ASKS
from dialogs.rules.lifecycle import STATUSES
from dialogs.tree import DIALOGS
from dialogs.words import COMMANDS
from tests.facts import NOW, PEOPLE, Chat, desk_facts, facts, sample_case, sample_cases, world

# ---------------------------------------------------------------- a small tree


def option(value: str) -> Option:
    return Option(value, value)


SIZES = one_of((option("small"), option("large")))
MANY = one_of(tuple(option(f"n{number}") for number in range(20)))
FORM_STEPS = (
    Ask("name", "Name?", text(40), confirm="Is it %(answer)s?", title="Name"),
    Ask("size", "Size?", SIZES, title="Size"),
    Ask("shape", "Shape?", one_of((option("round"), option("long"))), needs=("size",), title="Shape"),
    Ask("colour", "Colour?", text(40), needs=("shape",)),
    Ask("extra", "Extra?", text(40), optional=True),
    Ask("lid", "Lid?", text(40), when=lambda answers, facts: answers.get("size") == "large"),
    Ask("number", "Which number?", MANY),
)


def sent(answers: Answers, facts: Facts) -> tuple[SendMessage, ...]:
    return (SendMessage((Text("Sent."),)),) if answers["check"] == "send" else ()


FORM = Dialog(
    "form",
    form=True,
    named=lambda answers: answers.get("name", ""),
    steps=(
        *FORM_STEPS,
        Ask(
            "check",
            "Send?",
            one_of((option("send"), option("edit"))),
            then=sent,
            goto=lambda value, answers, facts: Go(f"form.{answers['subject']}/edit") if value == "edit" else None,
            counted=False,
        ),
        Ask(
            "edit",
            "Which?",
            one_of(tuple(option(ask.name) for ask in FORM_STEPS)),
            aside=True,
            goto=lambda value, answers, facts: Go(f"form.{answers['subject']}/{value}"),
            counted=False,
        ),
    ),
)
MENU = Dialog(
    "menu",
    steps=(
        Ask(
            "choice",
            "What?",
            one_of((Option("form", "form", takes_rest=True), option("guarded"), option("album"), option("gone"))),
            goto={"form": "form.new", "guarded": "guarded", "album": "album.1", "gone": "gone"},
        ),
    ),
)
AGREE = Dialog(
    "agree",
    steps=(
        Ask("yes", "Agree?", one_of((option("yes"), option("more"))), goto={"more": "agree/more"}),
        Ask("more", "All of it. Agree?", one_of((option("yes"),)), aside=True, goto={"yes": "agree/sure"}),
        Ask("sure", "Sure?", one_of((option("yes"),)), when=lambda answers, facts: False),
    ),
)
GUARDED = Dialog(
    "guarded",
    allowed=lambda answers, facts: bool(facts.officers),
    steps=(Ask("inside", "Inside.", one_of((option("out"),))),),
)
ALBUM = Dialog(
    "album", form=True, linked=True, steps=(Ask("pages", "Pages?", photos(5, pages=True), takes_files=True),)
)
LITTLE = tuple(
    Dialog(name, steps=(Ask("choice", f"{name}?", one_of((option("on"),)), goto=lambda v, a, f: Go(a["subject"])),))
    for name in ("pause", "cancel", "reminder")
)


def tree(*dialogs: Dialog) -> Dialogs:
    named = {dialog.name: dialog for dialog in (MENU, FORM, AGREE, GUARDED, ALBUM, *LITTLE)}
    named |= {dialog.name: dialog for dialog in dialogs}
    return Dialogs(
        named,
        commands={"menu": lambda argument, facts: Go("menu"), "help": lambda argument, facts: Go("menu")},
        on_file=lambda file, facts: Go("album.1", partial=file.id, effects=(KeepFile(file),)),
        on_case=lambda code, facts: Go("guarded") if code == "TL-26-0001" else None,
    )


def chat(*dialogs: Dialog, known: Facts | None = None) -> Chat:
    return Chat(known or facts(), dialogs=tree(*dialogs))


def press(value: str) -> Callable[[Chat], Event]:
    return lambda chat: OptionChosen(chat.state.at, value)


def filled(*without: str, **answers: str) -> Chat:
    """A form answered up to its check, or with other answers or none to some questions."""
    given = {"name": "Box", "size": "small", "shape": "round", "colour": "red", "extra": "", "number": "n1", **answers}
    state = State(
        "form.1/", {"form.1": Draft({name: value for name, value in given.items() if name not in without})}, serial=1
    )
    return Chat(facts(), state, tree())


def tap(here: Chat, *values: str) -> Chat:
    for value in values:
        here.turn(OptionChosen(here.state.at, value))
    return here


def back(here: Chat) -> Chat:
    here.turn(CommandReceived("back"))
    return here


# ---------------------------------------------------------------- order of questions


def test_the_next_question_is_the_first_that_applies_and_has_no_answer() -> None:
    here = chat().does("form", "Box")
    assert here.at == "form/size"
    assert tap(here, "small", "round").does("red").at == "form/extra"
    assert tap(here, SKIP).at == "form/number", "a small one has no lid"


def test_a_question_that_applies_by_an_answer_is_asked() -> None:
    here = filled(size="large", extra="")
    assert here.at == "form/lid"


def test_the_end_of_a_form_forgets_its_draft_and_leads_home() -> None:
    here = tap(filled(), "send")
    assert here.at == "menu/choice"
    assert not here.state.drafts.keys() & {"form.1"}
    assert "Sent." in here.words


def test_every_question_of_a_form_says_how_far_it_is() -> None:
    here = chat().does("form", "Box")
    assert "Question 2/6" in here.words
    assert "Question" not in filled().asked.texts[0].msgid, "the check is not counted"


# ---------------------------------------------------------------- back, skip, keep


def test_back_shows_the_answer_and_keep_leaves_it() -> None:
    here = back(chat().does("form", "Box"))
    assert here.at == "form/name"
    assert "Written so far: Box" in here.words
    assert tap(here, KEEP).at == "form/size"
    assert here.answers["name"] == "Box"


def test_back_from_the_first_question_leaves_the_form_and_keeps_it() -> None:
    here = back(back(chat().does("form", "Box")))
    assert here.at == "menu/choice"
    assert here.state.drafts["form.1"].answers == {"name": "Box"}


def test_back_passes_over_questions_that_do_not_apply() -> None:
    here = back(back(filled()))
    assert here.at == "form/extra"


def test_an_optional_question_can_be_skipped_by_word_and_a_needed_one_not() -> None:
    here = filled("extra")
    assert here.at == "form/extra"
    here.turn(CommandReceived("skip"))
    assert here.at == "form/check"
    here = chat().does("form")
    here.turn(CommandReceived("skip"))
    assert here.at == "form/name"
    assert "needed" in here.words


def test_skip_at_an_answered_question_keeps_the_answer() -> None:
    here = back(chat().does("form", "Box"))
    here.turn(CommandReceived("skip"))
    assert here.at == "form/size"
    assert here.answers["name"] == "Box"


# ---------------------------------------------------------------- edit


def test_an_edit_asks_again_only_what_hangs_on_it() -> None:
    here = tap(filled(), "edit", "size", "large")
    assert here.at == "form/shape", "the shape hung on the size"
    assert here.answers == {"name": "Box", "size": "large", "extra": "", "number": "n1"}
    assert tap(here, "long").at == "form/colour", "and the colour on the shape"
    assert here.does("blue").at == "form/lid"
    assert here.does("flat").at == "form/check"


def test_the_same_answer_again_drops_nothing() -> None:
    here = tap(filled(), "edit", "size", "small")
    assert here.at == "form/check"
    assert here.answers["shape"] == "round"


# ---------------------------------------------------------------- suggestions


def test_words_after_an_option_are_suggested_to_its_first_question() -> None:
    here = chat().does("form Blue box")
    assert here.at == "form/name"
    assert "Is it Blue box?" in here.words
    assert tap(here, KEEP).answers["name"] == "Blue box"


def test_a_suggestion_may_be_overwritten() -> None:
    here = chat().does("form Blue box", "Red box")
    assert here.answers["name"] == "Red box"


def test_a_suggestion_that_can_not_be_taken_says_why() -> None:
    here = tap(chat().does("form " + "x" * 50), KEEP)
    assert here.at == "form/name"
    assert "40" in here.words


def test_a_statement_before_a_question_is_suggested() -> None:
    here = chat().does("form")
    here.turn(QuestionAsked("what is this?", "", "Box"))
    assert here.at == "form/name"
    assert tap(here, KEEP).answers["name"] == "Box"


# ---------------------------------------------------------------- interrupts and stale events


def test_a_question_in_between_is_answered_and_the_form_asks_again() -> None:
    here = chat().does("form", "Box")
    before = here.state
    here.turn(QuestionAsked("what is OCOP?", "faq-what"))
    assert SendArticle("faq-what") in here.effects
    assert replace(here.state, turn=0) == replace(before, turn=0)
    assert here.said[-1].at == "form.1/size"


def test_a_question_without_an_article_says_where_to_turn() -> None:
    here = chat().does("form")
    here.turn(QuestionAsked("why?", ""))
    assert "officer" in here.words
    assert here.at == "form/name"


def test_a_button_of_an_earlier_message_changes_nothing() -> None:
    here = chat().does("form", "Box")
    before = here.state
    here.turn(OptionChosen("menu/choice", "guarded"))
    assert "earlier message" in here.words
    assert here.state.drafts == before.drafts
    assert here.state.at == before.at


def test_a_sent_form_is_not_sent_by_a_second_tap() -> None:
    here = filled()
    at = here.state.at
    tap(here, "send")
    here.turn(OptionChosen(at, "send"))
    assert "Sent." not in here.words
    assert "earlier message" in here.words


def test_an_option_that_is_not_offered_is_refused() -> None:
    here = tap(chat().does("form", "Box"), "huge")
    assert here.at == "form/size"
    assert "choose" in here.words


@pytest.mark.parametrize("kind", ["sticker", "voice", "video", "edited", "large", "poll", "hidden"])
def test_what_can_not_be_read_is_answered(kind: str) -> None:
    here = chat().does("form")
    here.turn(UnsupportedReceived(kind))
    assert here.at == "form/name"
    assert len(here.said) == 2


@pytest.mark.parametrize("has_pages", [False, True])
def test_a_web_page_is_promised_only_where_there_is_one(has_pages: bool) -> None:
    here = chat(known=replace(facts(), has_pages=has_pages)).does("form")
    here.turn(UnsupportedReceived("hidden"))
    assert "photos of the pages" in here.words
    assert ("web page" in here.words) == has_pages


def test_an_unknown_command_says_so() -> None:
    here = chat()
    here.turn(CommandReceived("dance"))
    assert "do not know that command" in here.words


def test_a_link_leads_only_where_links_may() -> None:
    here = chat()
    here.turn(LinkFollowed("form.7"))
    assert here.at == "menu/choice"
    here.turn(LinkFollowed("nowhere"))
    assert "earlier message" in here.words
    here.turn(LinkFollowed("album.1"))
    assert here.at == "album/pages"


def test_a_case_that_is_not_there_and_one_that_is_not_theirs_read_alike() -> None:
    here = chat(known=replace(facts(), officers=0))
    here.turn(CaseNamed("TL-26-0002"))
    unknown = here.words
    here.turn(CaseNamed("TL-26-0001"))
    assert here.at == "menu/choice"
    assert here.words == unknown


# ---------------------------------------------------------------- several drafts, pause, cancel, reminders


def test_several_drafts_stand_side_by_side() -> None:
    here = chat().does("form", "Box")
    here.turn(CommandReceived("menu"))
    here.does("form", "Jar")
    assert {key: draft.answers["name"] for key, draft in here.state.drafts.items()} == {
        "form.1": "Box",
        "form.2": "Jar",
    }


@pytest.mark.parametrize("command", ["pause", "cancel"])
def test_pause_and_cancel_keep_the_draft_and_know_it(command: str) -> None:
    here = chat().does("form", "Box")
    here.turn(CommandReceived(command))
    assert here.state.at == f"{command}.form.1/choice"
    assert tap(here, "on").at == "form/size"
    assert here.answers["name"] == "Box"


def test_a_reminder_leads_to_its_draft_and_a_stale_one_says_nothing() -> None:
    here = chat().does("form", "Box")
    set_in = here.state.drafts["form.1"].turn
    here.turn(CommandReceived("menu"))
    waiting = here.state
    here.turn(TimerFired("reminder", "form.1", set_in))
    assert here.state.at == "reminder.form.1/choice"
    here.state = waiting
    here.turn(TimerFired("reminder", "form.1", set_in - 1))
    assert here.quiet
    assert here.state == waiting


def test_a_reminder_of_a_draft_that_has_gone_says_nothing() -> None:
    here = tap(filled(), "send")
    here.turn(TimerFired("reminder", "form.1", 0))
    assert here.quiet


def test_a_reminder_comes_once() -> None:
    here = chat().does("form", "Box")
    event = TimerFired("reminder", "form.1", here.state.drafts["form.1"].turn)
    assert not here.does(event).quiet
    assert here.does(event).quiet


# ---------------------------------------------------------------- guards and detours


def test_who_is_not_allowed_is_told_that_there_is_nothing() -> None:
    here = tap(chat(known=replace(facts(), officers=0)), "guarded")
    assert here.at == "menu/choice"
    assert "can't find that" in here.words
    assert tap(chat(), "guarded").at == "guarded/inside"


def test_a_dialog_that_a_release_took_away_leads_home() -> None:
    here = tap(chat(), "gone")
    assert here.at == "menu/choice"


def test_a_detour_leads_back_to_what_was_wanted() -> None:
    """Consent and place are gone through first, then the product that was typed at the very beginning is there."""
    here = Chat(facts(Person(consent="")))
    here.turn(LinkFollowed("menu"))
    assert here.at == "consent/agree"
    tap(here, "yes", "no").does("đăng ký Chuối sấy Mẩy Lý")
    assert here.at == "place/province"
    here.does("Lào Cai", "Tân Lĩnh")
    tap(here, "yes")
    assert here.at == "register_idea/product"
    assert here.asked.texts[-1].values == {"answer": "Chuối sấy Mẩy Lý"}


def test_both_names_in_one_text_lead_straight_to_the_confirmation() -> None:
    here = Chat(facts(Person(consent="yes")), State("place/"))
    assert here.does("tan linh lao cai").at == "place/confirm"
    assert "Tân Lĩnh" in here.words
    assert here.does("lui").at == "place/commune"
    inviting = Chat(desk_facts(Role.ADMINISTRATOR), State("invite/"))
    tap(inviting, "commune_officer")
    assert inviting.at == "invite/province"
    assert inviting.does("tan linh lao cai").at == "invite/confirm"
    tap(inviting, "make")
    assert Invite(Role.COMMUNE_OFFICER, "15/04336") in inviting.effects


def test_a_detour_that_turns_within_itself_still_leads_back() -> None:
    here = Chat(facts(Person(consent="no")))
    here.does("đăng ký Mật ong rừng")
    assert here.at == "consent/agree"
    tap(here, "more", "yes", "yes")
    assert here.at == "place/province"
    here.does("Lào Cai", "Tân Lĩnh")
    tap(here, "no")
    assert here.at == "place/province"
    tap(here.does("Lào Cai", "Tân Lĩnh"), "yes")
    assert here.at == "register_idea/product"
    assert not here.state.drafts[here.state.key].suggested, "what was typed before there was a yes is not kept"


def test_another_commune_is_a_detour_from_anywhere() -> None:
    here = Chat(facts()).does("đăng ký", "Chuối sấy", "doi xa")
    assert here.at == "place/province"
    here.does("ban ho lao cai", "sai roi", "tan linh")
    assert here.at == "place/province", "which of them?"
    here.does("cai dau tien", "xa ban ho lao cai")
    assert here.at == "place/confirm"
    assert SetPlace(here.answers["commune"]) in here.does("uh").effects
    assert here.at == "register_idea/product_group"
    assert here.does("nham xa roi, toi o tan linh lao cai").at == "place/confirm"


@pytest.mark.parametrize("typed", ["dong y", "co", "khong phai"])
def test_yes_and_no_are_no_places(typed: str) -> None:
    assert Chat(facts(Person(consent="yes")), State("place/")).does(typed).at == "place/province"


def test_who_agrees_after_all_is_asked_once_more() -> None:
    here = Chat(facts(Person(consent="no"))).does("vang thi dong y")
    assert here.at == "consent/agree"
    assert here.does("co").at == "consent/reminders"
    assert Chat(facts()).does("tôi đồng ý").at == "menu/choice"


def test_what_was_suggested_may_be_wrong() -> None:
    here = Chat(facts()).does("đăng ký Chuối sấy")
    assert "Chuối sấy" in here.words
    assert not here.does("sai roi").state.drafts[here.state.key].suggested
    assert here.at == "register_idea/product"
    assert Chat(facts()).does("đăng ký Chuối sấy", "vang a").answers["product"] == "Chuối sấy"


def test_an_amount_said_anew_replaces_all_of_it() -> None:
    here = Chat(facts(), State("register_idea.1/"))
    draft = here.state.drafts["register_idea.1"]
    known = {ask.name: "x" for ask in IDEA_ASKS[:7]} | {
        "product_group": "food",
        "product_set": "7",
        "product_state": "idea",
    }
    here.state = replace(here.state, at="register_idea.1/", drafts={"register_idea.1": replace(draft, answers=known)})
    here.does("2", "trai chuoi")
    assert here.at == "register_idea/quantity_period"
    here.does("500 qua/thang")
    assert here.at == "register_idea/sales_channels"
    assert {**here.answers, "_quantity_typed": ""} == {
        **known, "quantity": "500", "quantity_unit": "fruit", "quantity_period": "month", "_quantity_typed": "",
    }  # fmt: skip
    here.does("lui", "lui", "nửa tạ")
    assert here.at == "register_idea/quantity_period", "that hung on the old amount"
    assert (here.answers["quantity"], here.answers["quantity_unit"]) == ("50", "kg")


@pytest.mark.parametrize(
    ("typed", "days"),
    [("hai hom nua nhe", "2"), ("4 ngày nữa", "4"), ("2 tuần", "14"), ("mai", "1"), ("tuần sau", "7")],
)
def test_when_to_remind_may_be_any_day(typed: str, days: str) -> None:
    kept = {"register_idea.1": Draft({"product": "Mật ong"}, version=1, turn=1)}
    here = Chat(facts(), State("pause.register_idea.1/", kept)).does(typed)
    assert here.at == "paused/choice"
    assert any(getattr(effect, "due_at", None) == evening_in(int(days), NOW) for effect in here.effects)


def test_a_product_says_its_group_and_kind_by_its_everyday_name() -> None:
    here = Chat(facts()).does("đăng ký", "Shan tuyết", "do uong", "tra")
    assert here.at == "register_idea/product_state"
    assert (here.answers["product_group"], here.answers["product_set"]) == ("food", "11")
    assert Chat(facts()).does("đăng ký", "Nà Hẩu", "homestay").answers["product_group"] == "tourism"
    assert Chat(facts()).does("đăng ký", "Nà Hẩu", "cái gì đó").at == "register_idea/product_group"
    either = Chat(facts()).does("đăng ký", "Nà Hẩu", "rau cu qua")
    assert either.answers["product_group"] == "food"
    assert either.at == "register_idea/product_set"  # fresh or processed?
    assert either.does("rau cu qua").at == "register_idea/product_set"
    assert either.does("chế biến từ rau củ quả").answers["product_set"] == "7"


def test_back_from_the_first_answer_changed_leads_to_the_review() -> None:
    answers = {**{ask.name: "" for ask in IDEA_ASKS}, **SAMPLE_ANSWERS, "product_group": "food"}
    whole = Draft(answers, version=1)
    here = Chat(facts(), State("register_idea.1/product", {"register_idea.1": whole}))
    assert here.at == "register_idea/product"
    assert back(here).at == "register_idea/review"


def test_who_turns_a_detour_down_is_not_led_back() -> None:
    here = tap(Chat(facts(Person(consent="no"))).does("đăng ký Mật ong"), "no")
    assert here.at == "menu/choice"
    assert here.state.then == ""


def test_a_circle_without_a_question_is_an_error() -> None:
    empty = Dialog("album", steps=(), end="guarded")
    other = Dialog("guarded", steps=(), end="album")
    with pytest.raises(RecursionError):
        tap(chat(empty, other), "album")


# ---------------------------------------------------------------- a release changes a dialog


def changed_form(*steps: Ask, version: int = 2) -> Dialog:
    return replace(FORM, steps=(*steps, *FORM.steps[len(FORM_STEPS) :]), version=version)


def test_a_changed_question_is_asked_again_and_the_person_is_told() -> None:
    newer = changed_form(*(replace(ask, since=2) if ask.name == "size" else ask for ask in FORM_STEPS))
    old = State("form.1/check", {"form.1": filled().state.drafts["form.1"]}, serial=1)
    state, told = arrive(tree(newer), old, facts())
    assert state.at == "form.1/size"
    assert [text.msgid for text in told] == ["The form has changed since; I ask again only what is different."]
    assert state.drafts["form.1"].version == 2
    assert state.drafts["form.1"].answers["name"] == "Box", "other answers stay"
    assert arrive(tree(newer), state, facts())[1] == (), "told once"


def test_an_answer_that_is_no_longer_offered_is_asked_again() -> None:
    newer = changed_form(
        *(replace(a, accept=one_of((option("large"),))) if a.name == "size" else a for a in FORM_STEPS)
    )
    state, told = arrive(tree(newer), replace(filled().state, at="form.1/check"), facts())
    assert state.at == "form.1/size"
    assert told


def test_a_question_that_vanished_takes_its_answer_along() -> None:
    newer = changed_form(*(ask for ask in FORM_STEPS if ask.name != "colour"))
    state, _ = arrive(tree(newer), filled().state, facts())
    assert "colour" not in state.drafts["form.1"].answers
    assert state.at == "form.1/check"


def test_a_new_question_is_asked_without_a_word_about_changes() -> None:
    newer = changed_form(*FORM_STEPS, Ask("weight", "Weight?", text(9)))
    state, told = arrive(tree(newer), filled().state, facts())
    assert state.at == "form.1/weight"
    assert told == ()


# ---------------------------------------------------------------- long lists, unclear words


def test_a_long_list_is_turned_over_and_all_of_it_understood() -> None:
    here = filled("number")
    assert [o.value for o in here.asked.options] == [*(f"n{n}" for n in range(PAGE)), MORE]
    assert len(here.asked.further) == 20 - PAGE
    tap(here, MORE)
    assert here.asked.options[0].value == f"n{PAGE}"
    tap(here, MORE, MORE)
    assert here.asked.options[0].value == "n0", "after the last page comes the first"
    assert here.does("n19").answers["number"] == "n19"


def test_a_list_of_nine_is_shown_whole() -> None:
    nine = one_of(tuple(option(f"n{number}") for number in range(9)))
    here = chat(Dialog("guarded", steps=(Ask("nine", "Nine?", nine),)))
    assert [o.value for o in tap(here, "guarded").asked.options] == [f"n{n}" for n in range(9)]


def test_unclear_words_are_asked_about_and_back_leaves_that() -> None:
    here = chat().does("form", "Box")
    here.turn(Unclear(("small", "large")))
    assert "Which one do you mean?" in here.words
    assert [o.value for o in here.asked.options] == ["small", "large"]
    assert back(here).asked.texts[-1].msgid == "Size?"
    here.turn(Unclear(("small", "large")))
    assert tap(here, "large").answers["size"] == "large"


def test_unclear_words_lose_no_page_that_was_sent() -> None:
    here = tap(chat(), "album").does(a_file("a"), a_file("b"))
    here.turn(Unclear(("turn", "again")))
    assert [o.value for o in here.asked.options] == ["turn", "again"]
    here.turn(Unclear(("turn", "again")))
    assert tap(here, "turn", "2").state.drafts["album.1"].partial == "a,b:90"


# ---------------------------------------------------------------- files, albums and their timer


def a_file(file_id: str) -> FileReceived:
    return FileReceived(FileRef(file_id, f"{file_id}.jpg", 1000, is_photo=True))


def test_an_album_is_silent_until_it_is_complete() -> None:
    here = tap(chat(), "album")
    assert here.does(a_file("a")).quiet
    first = here.timers[-1]
    assert here.does(a_file("b")).quiet
    assert here.does(first).quiet, "another photo came after it"
    assert not here.does(here.timers[-1]).quiet
    assert here.state.drafts["album.1"].partial == "told|a,b"


def test_a_file_that_was_lost_before_anybody_said_so_is_spoken_of() -> None:
    """Two of three fail at once, before the album is complete: the next file must not sweep them away unsaid."""
    here = tap(chat(), "album")
    here.files = lambda file_id: FileFacts(file_id, FileStatus.STORED if file_id == "c" else FileStatus.FAILED)
    for file_id in "abc":
        here.does(a_file(file_id))
    here.does(here.timers[-1])
    assert here.state.drafts["album.1"].partial == "told|a,b,c"
    here.does(a_file("d"))
    assert here.state.drafts["album.1"].partial == "c,d", "those that were spoken of make room"


def test_while_a_file_is_on_its_way_the_count_waits() -> None:
    here = tap(chat(), "album")
    here.files = lambda file_id: FileFacts(file_id, FileStatus.PENDING)
    here.does(a_file("a"))
    assert here.does(here.timers[-1]).quiet
    assert StartTimer("files", "album.1", 1) in here.effects
    here.facts = replace(here.facts, files={"a": FileFacts("a", FileStatus.STORED)})
    assert not here.does(here.timers[-1]).quiet


def test_a_file_that_will_not_come_soon_is_not_waited_for() -> None:
    here = tap(chat(), "album")
    here.files = lambda file_id: FileFacts(file_id, FileStatus.PENDING, tried=True)
    here.does(a_file("a"))
    assert not here.does(here.timers[-1]).quiet


def test_a_file_that_no_question_asked_for_waits_where_files_go() -> None:
    here = chat().does(a_file("a"))
    assert here.at == "album/pages"
    assert KeepFile(a_file("a").file) in here.effects
    here.turn(CommandReceived("menu"))
    here.does(a_file("b"))
    assert here.state.drafts["album.1"].partial == "a,b", "files join those that wait already"


def test_a_form_that_is_being_filled_in_is_not_left_for_a_file() -> None:
    here = chat().does("form", a_file("a"), a_file("b"))
    assert here.at == "form/name"
    assert not here.words, "an album gets one answer, not one for each photo"
    here.turn(TimerFired("stray", "form.1", here.state.turn))
    assert "when I ask for it" in here.words


def test_a_file_that_is_too_large_is_refused_everywhere() -> None:
    large = FileReceived(FileRef("a", "a.pdf", 21 * 1024 * 1024, is_photo=False))
    for here in (chat(), chat().does("form"), tap(chat(), "album")):
        at = here.at
        assert "20 MB" in here.does(large).words
        assert here.at == at


def fixing(case: CaseFacts, item: str) -> str:
    """The option that answers one return."""
    return f"fix:{next(r.number for r in case.returned if r.item == item)}"


def test_pages_of_one_paper_do_not_become_those_of_another() -> None:
    case = sample_case("TL-26-0001", "plan_returned", "food", "household", own=True)
    here = Chat(facts(cases=(case,)))
    here.turn(LinkFollowed("case.TL-26-0001"))
    tap(here, fixing(case, "paper:business_plan")).does(a_file("a"))
    here.turn(LinkFollowed("case.TL-26-0001"))
    tap(here, fixing(case, "paper:plan_photos"))
    assert here.state.drafts["upload.TL-26-0001"].partial == ""


def test_reopening_the_same_paper_finds_its_pages() -> None:
    case = sample_case("TL-26-0001", "plan_returned", "food", "household", own=True)
    here = Chat(facts(cases=(case,)))
    here.turn(LinkFollowed("case.TL-26-0001"))
    tap(here, fixing(case, "paper:business_plan")).does(a_file("a"))
    here.turn(LinkFollowed("case.TL-26-0001"))
    tap(here, fixing(case, "paper:business_plan"))
    assert here.state.drafts["upload.TL-26-0001"].partial == "a"


# ---------------------------------------------------------------- the real road, in short


def test_an_idea_from_the_first_word_to_the_receipt() -> None:
    here = Chat(facts()).does("đăng ký Chuối sấy")
    tap(here, KEEP, "food", "1", "idea")
    here.does("Chuối rừng sấy nắng", "Chuối của bản", "3 người trong nhà", "2 tạ một tháng", "1, 3", "1")
    assert here.at == "register_idea/photos", "what the record knows is not asked"
    tap(here.does(a_file("a")), "done", SKIP)
    assert here.at == "register_idea/review"
    tap(here, "send")
    assert here.at == "receipt/choice"
    submitted = [effect for effect in here.effects if isinstance(effect, SubmitIdea)]
    assert submitted[0].answers["quantity"] == "200"
    assert submitted[0].answers["quantity_period"] == "month"
    assert submitted[0].answers["phone"] == PEOPLE.phone


def test_a_pause_sets_a_reminder_for_the_evening() -> None:
    here = Chat(facts()).does("đăng ký Chuối sấy")
    tap(here, KEEP)
    here.does("nghỉ")
    assert here.at == "pause/when"
    tap(here, "1")
    assert here.at == "paused/choice"
    remind = next(effect for effect in here.effects if isinstance(effect, RemindAt))
    assert remind.due_at == NOW.replace(hour=19, minute=30) + timedelta(days=1)
    here.does(here.timers[-1])
    assert here.at == "reminder/choice"
    assert "Chuối sấy" in here.words
    assert tap(here, "go").at == "register_idea/product_group"


# ---------------------------------------------------------------- any way whatever

WALK_EVENTS = 52_000
DECISIONS = {"accept/confirm", "return/item", "return/reason", "return/confirm", "defer/reason", "defer/confirm"}
"""Where somebody else may be quicker: it is tried often there."""
_ODD = (
    "", " ", "²", "①", "０", "-1", "0", "999999999999999999999", "10^12", "1e9", "-3", "2 tạ rưỡi", "nửa tấn",
    "🍌", "👍🏽", "\u200f\u202eabc", "\u0000", "a\u0301" * 50, "?", "???", "/", "/start", "/start c-04336",
    "/start i-abc", "/start c-99999", "%(name)s", "%s %d {0}", "<b>x</b>", "'; --", "TL-26-0001", "tl 26 0147",
    "HCM102-26-123450", "1, 3", "1,2,3,4,5,6,7", "13", "Lào Cai", "tan linh", "Minh Khai", "Hà Nội", "0912345678",
    "0912 345 67", "+84 912 345 678", "3 sao được gì?", "hỏi cán bộ", "Chuối sấy. mà 3 sao được gì vậy em",
    "dang ky chuoi say", "ảnh", "trang", "đúng", "không", "ok", "xong", "gửi", "sửa", "năm", "ba",
    "dòng một\ndòng hai", "ส้มโอ", "гриб", "柿子", "ㅋㅋ",
)  # fmt: skip
_LONG = ("x" * 10_000, "á" * 10_000, "1" * 5_000, "một " * 2_000, "?" * 5_000)
_WORDS = tuple(word for words in COMMANDS.values() for word in words)
_FINDINGS = ("", "blurred", "dark", "tiny", "locked", "broken")


def walkers() -> list[Chat]:
    """People of every kind, each with a case in another status."""
    own = [sample_case(f"TL-26-{n:04}", status, "food", "household", own=True) for n, status in enumerate(STATUSES, 1)]
    return [
        Chat(facts(Person())),
        Chat(facts(Person(consent="no"))),
        Chat(facts(Person(consent="yes"))),
        Chat(facts()),
        *(Chat(facts(cases=(case,))) for case in own),
        Chat(facts(cases=sample_cases(own=True))),
        *(Chat(desk_facts(role)) for role in (*Role, *Role)),
        Chat(replace(desk_facts(), desk=DeskFacts(), named=(), colleagues=sample_roles("15")), State("colleague.0/")),
        *(
            Chat(facts(cases=(_all_returned(own[1]),)), State(f"{name}.{own[1].code}/"))
            for name in ("case", "correct") * 4
        ),
        *(Chat(s.facts, s.begun) for s in situations(world().facts()) for _ in range(5 if s.name in RICH else 1)),
    ]


RICH = {
    "an officer of two communes",
    "an administrator with ready reasons",
    "an officer with nothing to do",
    "a provincial officer in the middle of results",
    "a leader before a dossier that they checked",
    "an officer with two roles",
}
"""Situations with questions that only they get to."""


def jumped(here: Chat, dice: random.Random, into: Counter[str]) -> None:
    """Somewhere else, as a link, an old state or another release may put a conversation; into dialogs hardly tried."""
    codes = [case.code for case in (*here.facts.cases, *here.facts.named)]
    codes += [ballot.code for ballot in here.facts.ballots]
    codes += [str(council.id) for council in here.facts.councils]
    for _ in range(8):
        name = min(DIALOGS.by_name, key=lambda name: (into[name], dice.random()))
        into[name] += 1
        subject = dice.choice(["", *codes, *codes, *(f"{code}~1" for code in codes)])
        here.state = replace(here.state, at=f"{name}.{subject}/" if subject else f"{name}/")
        here.state, _ = arrive(DIALOGS, here.state, here.facts)
        if here.state.key.partition(".")[0] == name:
            return


def _all_returned(case: CaseFacts) -> CaseFacts:
    """Every answer of the idea came back."""
    return replace(case, returned=tuple(ReturnedItem(f"answer:{ask.name}", "more", NOW.date()) for ask in IDEA_ASKS))


def moved_on(known: Facts, dice: random.Random) -> Facts:
    """The record as somebody else left it meanwhile."""
    statuses = (*STATUSES, "idea_returned", "idea_returned")
    return replace(
        known,
        cases=tuple(replace(case, status=dice.choice(statuses)) for case in known.cases),
        named=tuple(replace(case, status=dice.choice(statuses)) for case in known.named),
    )


def any_event(here: Chat, dice: random.Random, taken: Counter[tuple[str, str]]) -> Event:
    """Something; of the options often one that nobody has taken much yet."""
    asked = here.said[-1] if here.said and here.said[-1].at.partition("#")[0] == here.state.at else here.asked
    options = (*asked.options, *asked.further)
    roll = dice.random()
    if roll < 0.62 and options:
        chosen = dice.choice(options)
        if dice.random() < 0.6:
            chosen = min(options, key=lambda option: (taken[here.at, option.value], dice.random()))
        taken[here.at, chosen.value] += 1
        return OptionChosen(asked.at, chosen.value, "Chuối sấy" if chosen.takes_rest and dice.random() < 0.3 else "")
    if roll < 0.72:
        return TextReceived(dice.choice(dice.choices((_ODD, _WORDS, _LONG), (85, 13, 2))[0]))
    if roll < 0.82:
        return TextReceived(
            dice.choice(("Chuối sấy Mẩy Lý", "2 tạ", "0912345678", "1, 3", "Lào Cai", "Tân Lĩnh", "21,5", "20/11/2026"))
        )
    if roll < 0.84 and (cases := (*here.facts.cases, *here.facts.named)):
        return CaseNamed(dice.choice(cases).code)
    if roll < 0.87:
        return a_file(f"f{dice.randrange(40)}")
    if roll < 0.93:
        return CommandReceived(dice.choice((*DIALOGS.commands, "back", "back", "back", "skip", "pause", "cancel", "x")))
    if here.timers and roll < 0.96:
        return dice.choice(here.timers[-5:])
    return dice.choice(
        (
            ContactShared("84912345678", own=True),
            ContactShared("84912345678", own=False),
            ContactShared("²", own=True),
            LocationShared(22.1, 104.7),
            UnsupportedReceived(dice.choice(("sticker", "voice", "new kind"))),
            OptionChosen(asked.at, dice.choice(("²", "", "=", "-", ">", "draft:x", "done", "7"))),
            OptionChosen("menu/choice", "register"),
            LinkFollowed(f"{dice.choice(tuple(DIALOGS.by_name))}.TL-26-0001"),
            CaseNamed("TL-26-0001"),
            QuestionAsked("gì?", "faq-what", "Chuối"),
            QuestionAsked("gì?", "", ""),
            Unclear(tuple(option.value for option in options[:2])),
            TimerFired("reminder", here.state.key, 0),
            TimerFired("files", here.state.key, here.state.turn),
        )
    )


def found_file(dice: random.Random) -> Callable[[str], FileFacts]:
    def made(file_id: str) -> FileFacts:
        finding = dice.choice(_FINDINGS)
        refused = finding in ("locked", "broken")
        status = FileStatus.REFUSED if refused else dice.choice((FileStatus.STORED, FileStatus.PENDING))
        return FileFacts(file_id, status, pages=1, findings=(finding,) if finding else (), tried=dice.random() < 0.5)

    return made


def test_any_event_in_any_state_gets_an_answer_and_a_question() -> None:
    """A seeded walk over all dialogs, which meets nearly every question; `dialogs check` reaches each of them."""
    dice = random.Random(20261127)
    met: set[str] = set()
    taken: Counter[tuple[str, str]] = Counter()
    into: Counter[str] = Counter()
    people = walkers()
    for here in people:
        here.files = found_file(dice)
        for _ in range(WALK_EVENTS // len(people)):
            if dice.random() < (0.4 if here.at in DECISIONS else 0.005):
                here.facts = moved_on(here.facts, dice)
                here.state, _ = arrive(DIALOGS, here.state, here.facts)
                met.add(here.at)
            if dice.random() < 0.08:
                jumped(here, dice, into)
                met.add(here.at)
            event = any_event(here, dice, taken)
            before = here.at
            here.turn(event)
            assert here.quiet or "".join(map(str, here.said[-1].texts)), (before, event)
            assert here.quiet or here.said[-1].at.partition("#")[0] == here.state.at, (before, event)
            assert all(text.msgid for message in here.said for text in message.texts), (before, event)
            met.add(here.at)
    questions = {_kind(f"{d.name}/{ask.name}") for d in DIALOGS.by_name.values() for ask in d.steps}
    missed = questions - {_kind(at) for at in met}
    assert len(missed) < len(questions) / 8, " ".join(sorted(missed))


def _kind(at: str) -> str:
    """The items of a score sheet are one kind of question: no walk of this length meets all."""
    return "self_score/item" if at.startswith("self_score") and at[-1:].isdigit() else at


def test_a_conversation_of_years_stays_small() -> None:
    """Drafts that hold nothing the person gave are not piled up by opening and leaving forms."""
    here = Chat(facts())
    for _ in range(50):
        here.does("đăng ký", "menu")
    assert len(here.state.drafts) < 5


def test_moving_changes_nothing_outside() -> None:
    """`step` and `question` are functions: the same in, the same out."""
    here = Chat(facts(cases=sample_cases(own=True)))
    event = TextReceived("1")
    assert step(DIALOGS, here.state, event, here.facts) == step(DIALOGS, here.state, event, here.facts)
    assert question(DIALOGS, here.state, here.facts) == question(DIALOGS, here.state, here.facts)


def test_not_knowing_is_no_answer_and_no_shame() -> None:
    here = chat().does("form")
    at = here.at
    here.turn(CommandReceived("unsure"))
    assert here.at == at
    assert "That is all right" in here.words
