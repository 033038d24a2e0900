"""The whole tree: every dialog, the commands, and where files and case codes lead."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dialogs import paper_days, places
from dialogs.answers import one_of
from dialogs.council import advice, ballot, seat, secretary, sessions, to_group
from dialogs.engine import SHOW_MORE
from dialogs.matching import match
from dialogs.model import (
    N_,
    CaseFacts,
    Command,
    Dialog,
    Dialogs,
    Effects,
    Facts,
    Go,
    InBetween,
    Option,
    SendArticle,
    SendMessage,
    SetLocale,
    TakeSeat,
    Text,
    UseInvitation,
    Value,
)
from dialogs.officer import (
    amend,
    assess,
    assisted,
    check,
    decide,
    desk,
    digest,
    findings,
    imports,
    join,
    notes,
    office,
    reports,
    result,
    review,
    rounds,
    send_up,
    staff,
    templates,
)
from dialogs.producer import (
    again,
    check_status,
    consent,
    correct,
    hand_over,
    help,  # noqa: A004  a dialog's own name
    learn,
    menu,
    needs,
    own_score,
    place,
    points,
    prepare,
    reach,
    register_idea,
    self_score,
    star_plan,
    story,
    todo,
    upload,
    wallet,
)
from dialogs.producer.own_score import can_score
from dialogs.rules.lifecycle import waits_for_authority
from dialogs.words import COMMANDS

PRODUCERS: tuple[Dialog, ...] = (
    consent.CONSENT,
    place.PLACE,
    menu.MENU,
    menu.OWN_MENU,
    menu.DRAFTS,
    menu.PAUSE,
    menu.PAUSED,
    menu.REMINDER,
    menu.CANCEL,
    learn.LEARN,
    learn.SECTION,
    learn.ARTICLE,
    learn.QUIZ_DIALOG,
    register_idea.REGISTER_IDEA,
    register_idea.RECEIPT,
    upload.UPLOAD,
    hand_over.HAND_OVER,
    hand_over.PAPERS,
    needs.NEEDS,
    prepare.PREPARE_DIALOG,
    story.STORY,
    self_score.SELF_SCORE,
    star_plan.TO_STAR,
    todo.TODO,
    points.RESULT_POINTS,
    check_status.CHECK_STATUS,
    check_status.CASE,
    check_status.CASE_ON,
    correct.CORRECT,
    correct.FIX,
    help.HELP,
    help.LANGUAGE,
    help.ASK_OFFICER,
    help.MY_DATA,
    help.DELETE_DATA,
    help.DATA_REQUEST,
    *again.DIALOGS,
    *wallet.DIALOGS,
    *reach.DIALOGS,
    seat.SEAT,
    seat.SEAT_HELP,
    ballot.BALLOT,
    advice.ADVICE,
)
OFFICERS: tuple[Dialog, ...] = (
    desk.DESK,
    desk.FIND,
    desk.PASS,
    review.REVIEW,
    review.REVIEW_ON,
    review.ACCEPT,
    review.DEFER,
    review.MORE,
    review.UNDO,
    review.UNDO_OVER,
    check.CHECK,
    assess.ASSESS,
    templates.TEMPLATES,
    decide.DECIDE,
    send_up.SEND_UP,
    rounds.ROUNDS,
    sessions.COUNCILS,
    secretary.COUNCIL,
    to_group.TO_GROUP,
    imports.IMPORT,
    imports.IMPORT_SURE,
    result.RESULT,
    result.PUBLISH,
    amend.AMEND_RESULT,
    notes.NOTE,
    notes.CALL,
    notes.THREAD,
    notes.THREAD_ON,
    office.OFFICE_HOURS,
    reports.REPORTS,
    office.DAYS_OFF,
    digest.POSTPONE,
    findings.PAPER_DATE,
    assisted.ASSIST,
    assisted.ASSISTED,
    assisted.ASSISTED_SHEET,
    assisted.CONFIRM,
    join.JOINED,
    join.INVITE,
    *staff.DIALOGS,
)
ALL = (*PRODUCERS, *OFFICERS)


def buttons_in(*things: object) -> Iterator[Option]:
    """Every option in these: alone, in a tuple or a mapping, or as the fixed choices of a dialog's question."""
    for thing in things:
        match thing:
            case Option():
                yield thing
            case tuple():
                yield from buttons_in(*thing)
            case Mapping():
                yield from buttons_in(*thing.values())
            case Dialog():
                fixed = (ask.accept.choices for ask in thing.steps if isinstance(ask.accept, one_of))
                yield from buttons_in(*(choices for choices in fixed if isinstance(choices, tuple)))


_ON_CASES = (desk, review, check, assess, decide, notes, result, amend, paper_days)
_SAID_ON_CASES = buttons_in(SHOW_MORE, *(vars(module) for module in _ON_CASES))
BUTTONS = tuple({id(option): option for option in _SAID_ON_CASES if option not in check_status.REASONS}.values())
"""What is pressed on a case and around it: never a reason or a message on its own. Ready reasons are reasons."""


NO_COMMUNE = Text(N_("This link names no commune that I know. I will ask you for yours when we need it."))


def start(payload: str, facts: Facts) -> Go:
    """A deep link: "c-<commune code>" from a poster (a hint, confirmed by its opener), "i-<token>" an invitation.

    "h-<token>" is one to a council (hội đồng).
    """
    kind, _, value = payload.partition("-")
    if kind == "i" and value:
        return Go("joined", effects=(UseInvitation(value),))
    if kind == "h" and value:
        return Go("seat", effects=(TakeSeat(value),))
    if kind != "c":
        return Go("menu")
    unit = places.commune(value)
    if unit is None:
        return Go("menu", effects=(SendMessage((NO_COMMUNE,)),))
    if facts.person.commune == unit.code:
        return Go("menu")
    return Go("place", {"province": unit.province_code, "commune": unit.code})


def language(argument: str, facts: Facts) -> Go:
    return Go("menu", effects=(SetLocale(argument),)) if argument in ("vi", "en") else Go("language")


def status(argument: str, facts: Facts) -> Go:
    """All cases, or the one whose code or product the words name ("hồ sơ chuối sấy đến đâu rồi")."""
    found = match(argument, [(case.code, case.product) for case in facts.cases]).close if facts.cases else ()
    return Go(f"case.{facts.cases[found[0]].code}") if len(found) == 1 else Go("check_status")


def when(argument: str, facts: Facts) -> Go:
    """The day that was promised for the one case that waits for an answer; what is usual only to who has no case."""
    if not facts.cases:
        return Go("menu", effects=(SendArticle(WHAT_IS_USUAL),))
    waiting = [case for case in facts.cases if waits_for_authority(case.status)]
    promised = _promised(waiting[0], facts) if len(waiting) == 1 else None
    if promised is None:
        return status(argument, facts)
    return Go(f"case_on.{waiting[0].code}", effects=(SendMessage((promised,)),))


WHAT_IS_USUAL = "faq-commune-days"


def _promised(case: CaseFacts, facts: Facts) -> Text | None:
    """By when its answer comes; None where that is not said, or was not kept."""
    if case.due_on is None or not waits_for_authority(case.status) or check_status.is_late(case, facts.today):
        return None
    values: dict[str, Value] = {"desk": case.desk, "product": case.product, "due": case.due_on}
    return Text(N_("%(desk)s answers about “%(product)s” by %(due)s at the latest."), values)


def how_far(facts: Facts) -> tuple[Text, ...]:
    """Of each file where it stands, or when its answer comes; and what is not sent yet."""
    known = tuple(_promised(case, facts) or check_status.case_line(case) for case in facts.cases)
    return (*known, *(check_status.not_sent_yet(draft) for draft in check_status.to_send(facts)))


def when_in_between(facts: Facts) -> Effects:
    """As far as something waits, or will once it is sent; else what is usual."""
    lines = how_far(facts)
    if not lines:
        return (SendArticle(WHAT_IS_USUAL),)
    after = (Text(N_("Once it is sent, I tell you by which day the answer comes.")),)
    return (SendMessage((*lines, *(after if check_status.to_send(facts) else ()))),)


def status_in_between(facts: Facts) -> Effects:
    return (SendMessage(how_far(facts) or (Text(N_("You have no file with the commune yet.")),)),)


def stars(argument: str, facts: Facts) -> Go:
    """Whoever asks for stars is told of each product that has none yet, before where it stands."""
    unrated = tuple(
        Text(N_("“%(product)s” has not been rated yet."), {"product": case.product})
        for case in facts.cases
        if case.result is None
    )
    return replace(status(argument, facts), effects=(SendMessage(unrated),) if unrated else ())


def register(argument: str, facts: Facts) -> Go:
    return Go("drafts" if check_status.to_send(facts) else "register_idea.new", suggested=argument)


def assist(argument: str, facts: Facts) -> Go:
    """For officers; anybody else who says so wants to register."""
    return Go("assist.new") if assisted.may_assist({}, facts) else register("", facts)


def resume(argument: str, facts: Facts) -> Go:
    """The one form that was begun, or which of them; without any, what else there is to do."""
    if len(facts.drafts) == 1:
        return Go(facts.drafts[0].key)
    return Go("drafts" if facts.drafts else "menu")


def agreed(argument: str, facts: Facts) -> Go:
    """Who says yes after having said no is asked once more, with what it is about."""
    return Go("consent" if facts.person.consent == "no" else "menu")


def to_do(argument: str, facts: Facts) -> Go:
    """The newest list of things to do for a star; who has none is shown where the files are."""
    aimed = todo.newest_list(facts)
    return Go(f"todo.{aimed.code}" if aimed is not None else "check_status")


WHAT_A_DOSSIER_HAS = "faq-dossier-contents"
"""The handbook's article, for whoever has no file yet."""


def papers_needed(argument: str, facts: Facts) -> Go:
    """By name what one's file still lacks; without a file, what there is in one."""
    go = replace(with_a_case("needs")(argument, facts), answers={needs.TOLD: ""})
    return go if facts.cases else replace(go, effects=(SendArticle(WHAT_A_DOSSIER_HAS),))


def with_a_case(dialog: str) -> Command:
    """To a dialog about one's case; who has several says which, who has none is asked to register."""

    def lead(argument: str, facts: Facts) -> Go:
        return Go(f"{dialog}.{facts.cases[0].code}" if len(facts.cases) == 1 else f"papers.{dialog}")

    return lead


def tell_story(argument: str, facts: Facts) -> Go:
    go = with_a_case("story")(argument, facts)
    return replace(go, given={"_product": facts.cases[0].product}) if len(facts.cases) == 1 else go


def tell_on(argument: str, facts: Facts) -> Go:
    """The story that was begun; with none, or several, as whoever begins one."""
    begun = [draft.key for draft in facts.drafts if draft.key.startswith("story.")]
    return Go(begun[0]) if len(begun) == 1 else tell_story(argument, facts)


def try_score(argument: str, facts: Facts) -> Go:
    """One's own score; who has several products says of which, who has none is asked to register."""
    known = _scored_here(facts)
    if len(known) == 1:
        return Go(f"self_score.{known[0].code}")
    if facts.cases and not known:
        return Go("menu", effects=(SendArticle("faq-self-score"),))
    return Go("papers.self_score")


def _scored_here(facts: Facts) -> list[CaseFacts]:
    return [case for case in facts.cases if case.own and own_score.can_score(case)]


_WAYS_EXPLAINED = {0: "faq-upgrade", 3: "gates-three", 4: "faq-three-to-four", 5: "faq-five-stars"}


def to_star(aim: int) -> Command:
    """The way to so many stars (0: to the next one) for one's own product; in general where there is none yet."""

    def lead(argument: str, facts: Facts) -> Go:
        known = _scored_here(facts)
        if not known:
            return Go("menu", effects=(SendArticle(_WAYS_EXPLAINED[aim]),))
        if len(known) > 1:
            return Go("papers.to_star")
        return Go(f"to_star.{known[0].code}", {"_stars": str(aim)} if aim else {})

    return lead


def find(argument: str, facts: Facts) -> Go:
    """For officers: a case by what is remembered of it ("/find 0001")."""
    words = {"_words": argument[: desk.SEARCH_CHARS], "_after": ""}
    return Go("find", words) if facts.person.memberships else Go("menu")


_NOT_YOURS = SendMessage((Text(N_("That is not among your tasks here.")),))


def at_desk(dialog: str) -> Command:
    """Officers who may not go there are told so and land at their desk, everybody else at the menu."""

    def lead(argument: str, facts: Facts) -> Go:
        may = DIALOGS.by_name[dialog].allowed
        if may is None or may({}, facts):
            return Go(dialog)
        return Go("desk", effects=(_NOT_YOURS,)) if facts.person.memberships else Go("menu")

    return lead


def council(argument: str, facts: Facts) -> Go:
    """A provincial officer's sessions; anybody else's own score sheets, if they have any."""
    return Go("councils" if rounds.plans_rounds({}, facts) else "seat")


def ask_for_help(argument: str, facts: Facts) -> Go:
    """Of who is here for a council: about its sheets, and without what producers are asked first."""
    return Go("seat_help" if facts.sits_only else "help")


def ballots(argument: str, facts: Facts) -> Go:
    return Go("seat") if facts.person.seated else council(argument, facts)


def score(argument: str, facts: Facts) -> Go:
    """A member's sheets; of a producer it is their own score that is meant."""
    if facts.person.seated:
        return Go("seat")
    scored = [case.code for case in facts.cases if can_score(case)]
    if len(scored) == 1:
        return Go(f"self_score.{scored[0]}")
    return Go("check_status" if facts.cases else "learn")


def undo(argument: str, facts: Facts) -> Go:
    """Where there is nothing left to take back; else the decision has been looked up before (bot.handle)."""
    return Go("undo_over" if facts.person.memberships else "menu")


def urgent(argument: str, facts: Facts) -> Go:
    return Go(desk.desk_of("urgent") if facts.person.memberships else "menu")


def new(argument: str, facts: Facts) -> Go:
    return Go(desk.desk_of("new") if facts.person.memberships else "menu")


def to(target: str) -> Command:
    return lambda argument, facts: Go(target)


def on_case(code: str, facts: Facts) -> Go | None:
    """A case code typed anywhere: the owner's view, the officer's, a council member's, or nothing at all."""
    case: CaseFacts | None = facts.case(code)
    if case is None:
        ballot = facts.ballot(code)
        return Go(ballot.key) if ballot is not None else None
    return Go(f"case.{code}") if case.own else Go(f"review.{code}")


DIALOGS = Dialogs(
    by_name={dialog.name: dialog for dialog in ALL},
    commands={
        "start": start,
        "menu": to("menu"),
        "help": ask_for_help,
        "language": language,
        "officer": to("ask_officer"),
        "status": status,
        "stars": stars,
        "when": when,
        "self_score": try_score,
        "to_star": to_star(0),
        **{f"to_{aim}_stars": to_star(aim) for aim in (3, 4, 5)},
        "papers_needed": papers_needed,
        "papers": with_a_case("upload"),
        "prepare": with_a_case("prepare"),
        "story": tell_story,
        "register": register,
        "to_do": to_do,
        "resume": resume,
        "tell_on": tell_on,
        "consent": agreed,
        "place": place.change,
        "learn": to("learn"),
        "my_data": to("my_data"),
        "wallet": to("wallet"),
        "desk": to("desk"),
        "find": find,
        "templates": to("templates"),
        "staff": to("staff"),
        **{name: at_desk(name) for name in ("invite", "reports", "rounds", "import", "office_hours")},
        "leave": staff.leave,
        "council": council,
        "ballots": ballots,
        "score": score,
        "undo": undo,
        "urgent": urgent,
        "new": new,
        "assist": assist,
        "confirm": assisted.confirm_command,
        "reach": reach.reach_command,
        "told_between": reach.hours_command,
        "add_email": reach.email_command,
        "no_email": to("email_off"),
        "join": reach.join_command,
        "split": reach.split_command,
        "pause": to("paused"),
        "cancel": to("menu"),
    },
    on_file=check_status.loose_file,
    on_case=on_case,
    desk=frozenset(dialog.name for dialog in OFFICERS),
    buttons=BUTTONS,
    ways=menu.FOR_ALL,
    in_between={"when": InBetween(when_in_between), "status": InBetween(status_in_between, leads=True)},
)

SLASH_COMMANDS = tuple(name for name in (*COMMANDS, "start", "desk"))
