"""Moves a conversation. Pure: `step` by an event, `arrive` by what the record says now, `question` asks.

One turn: `arrive` (the record may have changed since), `step`, the effects are carried out, `arrive` again,
`question`. The next question is always the first that applies and has no answer, so skipping, leaving,
coming back after three days and editing are one rule.
"""

import zlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import assert_never

from dialogs.model import (
    MAX_FILE_BYTES,
    N_,
    Answer,
    Answers,
    Ask,
    CaseNamed,
    CommandReceived,
    ContactShared,
    Dialog,
    Dialogs,
    Draft,
    DraftFacts,
    Effects,
    Event,
    Facts,
    FileReceived,
    FileRef,
    FileStatus,
    Go,
    InvalidAnswer,
    LeaveOver,
    LinkFollowed,
    LocationShared,
    Misplaced,
    NoSuchLine,
    Option,
    OptionChosen,
    QuestionAsked,
    Sayable,
    SendArticle,
    SendMessage,
    StartTimer,
    State,
    TellJoin,
    Text,
    TextReceived,
    TimerFired,
    Unclear,
    UnsupportedReceived,
)
from dialogs.words import ANOTHER_NAME, NO, TALK, YES

HOME = "menu"
KEEP, SKIP, MORE, ANEW = "=", "-", ">", "!"
"""Values of the engine's own options: keep what is written, leave an optional question out, turn the list over, and
not what was suggested."""
PAGES = "pages"
"""The question for the pages of the paper that stands beside the answers."""
GOES_ON = -1
"""Version of a draft on its way to a question whose answer was begun before."""
OLD_PAGES = "back"
"""Begins what is being done with pages that came back: further files go on with that, others begin anew."""
VERBATIM = "verbatim"
"""What typed text is where it is passed on as it is: at most a choice or a lone global word, never a question."""
PAGE = 7
"""Options on one page of a long list (voice.md); a list that needs no second page is shown whole, up to 9."""
_STRAY_PAUSE_S = 2
"""An album that nobody asked for gets one answer, once no further photo of it has come."""
_NOT_NOW = Text(N_("I do not need a photo or file at this point. Please send it when I ask for it."))
_LOOK_AGAIN_S = 1
"""While files are being fetched: how long until they are counted."""
_LONGEST_TARGET = 50
"""Longer than any target we make, shorter than what the database keeps of one."""
_LONGEST_WAY = 20
"""Dialogs that may lead on to one another without a question; more is a circle, which dialogs check refuses."""

KEEP_IT = Option(KEEP, Text(N_("Keep it")))
THAT_IS_IT = Option(KEEP, Text(N_("That is right")), YES)
NOT_THAT = Option(ANEW, Text(N_("That is not right")), (*NO, *ANOTHER_NAME), hidden=True)
SKIP_IT = Option(SKIP, Text(N_("Skip this")))
NO_PHOTO = replace(SKIP_IT, typed=("chưa có ảnh", "không có ảnh", "chưa có", "không có", "chưa chụp", "no photo yet"))
SHOW_MORE = Option(MORE, Text(N_("Show more")), ("xem thêm", "thêm", "tiếp", "more", "next"))


@dataclass(frozen=True, slots=True)
class Turn:
    """What an event did. `quiet`: say nothing now, not even the question again. `slip`: it could not be taken."""

    state: State
    effects: Effects = ()
    quiet: bool = False
    slip: bool = False


# ---------------------------------------------------------------- where we are


def dialog_name(key: str) -> str:
    return key.partition(".")[0]


def view(key: str, draft: Draft, answers: Answers | None = None) -> Answers:
    """What the functions of a declaration see: answers, `subject`, "~" (the unfinished answer), "~said" (suggested).

    And "~<question>/<paper>": the unfinished answers that were left by "back". `answers`: those that the draft is about
    to have.
    """
    given = {"subject": key.partition(".")[2], "~": unfinished(draft.partial), "~said": draft.suggested}
    if draft.shelved:
        given |= {f"~{left}": partial for left, partial in draft.shelved.items()}
    return {**(draft.answers if answers is None else answers), **given}


def unfinished(partial: str) -> str:
    """The answer so far, without what the engine itself asks about it ("?<values>|<answer so far>")."""
    return partial.partition("|")[2] if partial.startswith("?") and "|" in partial else partial


def applies(ask: Ask, answers: Answers, facts: Facts) -> bool:
    return not ask.aside and (ask.when is None or ask.when(answers, facts))


def open_asks(dialog: Dialog, answers: Answers, facts: Facts) -> Iterator[Ask]:
    """The questions that apply and have no answer, in order."""
    return (ask for ask in dialog.steps if ask.name not in answers and applies(ask, answers, facts))


def _with_drafts(dialogs: Dialogs, state: State, facts: Facts, event: Event | None = None) -> Facts:
    """Facts that know the drafts, for what lists them; in most forms only what leads out of it asks for them."""
    dialog = dialogs.by_name.get(dialog_name(state.key))
    if (
        dialog is not None
        and dialog.form
        and not (dialog.lists_drafts or isinstance(event, CommandReceived | LinkFollowed))
    ):
        return facts
    drafts = tuple(drafts_in(dialogs, state, facts))
    return facts if drafts == facts.drafts else replace(facts, drafts=drafts)


def drafts_in(dialogs: Dialogs, state: State, facts: Facts) -> Iterator[DraftFacts]:
    for key, draft in state.drafts.items():
        dialog = dialogs.by_name.get(dialog_name(key))
        if dialog is None or not dialog.form or dialog.named is None:
            continue
        seen = view(key, draft)
        if title := dialog.named(seen):
            left = sum(ask.counted for ask in open_asks(dialog, seen, facts))
            yield DraftFacts(key, title, left, dialog.sent)


# ---------------------------------------------------------------- arriving


def arrive(dialogs: Dialogs, state: State, facts: Facts) -> tuple[State, tuple[Text, ...]]:
    """The state at a question that exists and applies now, and what the person has to be told about it."""
    told: tuple[Text, ...] = ()
    for _ in range(_LONGEST_WAY):
        facts = _with_drafts(dialogs, state, facts)
        dialog = dialogs.by_name.get(dialog_name(state.key))
        if dialog is None:
            state = replace(state, at=f"{HOME}/")
            continue
        if dialog.before is not None and (first := dialog.before(facts)):
            state = replace(state, at=f"{first}/", then=state.key, drafts=_unsaid(state, facts))
            continue
        draft = _begun(dialog, state.key, state.drafts.get(state.key), facts)
        if dialog.allowed is not None and not dialog.allowed(view(state.key, draft), facts):
            told = (
                *told,
                Text(N_("I can't find that. Perhaps the code is not right yet, or it is for somebody else.")),
            )
            state = replace(state, at=f"{HOME}/", drafts=_without(state.drafts, state.key))
            continue
        draft, changed = _reconciled(dialog, draft, view(state.key, draft), facts)
        if changed:
            told = (*told, Text(N_("The form has changed since; I ask again only what is different.")))
        answers = view(state.key, draft)
        ask = _standing(dialog, state.question or (draft.at if draft.partial else ""), answers, facts)
        if ask is not None:
            return _at(dialogs, state, ask, draft), told
        state = _ended(dialog, state, answers, facts)
    raise RecursionError(state.at)


def _unsaid(state: State, facts: Facts) -> Mapping[str, Draft]:
    """The drafts; what somebody typed before there is consent is not kept, not even as a suggestion."""
    if facts.person.consent == "yes" or facts.person.memberships or state.key not in state.drafts:
        return state.drafts
    return {**state.drafts, state.key: replace(state.drafts[state.key], suggested="")}


def _standing(dialog: Dialog, name: str, answers: Answers, facts: Facts) -> Ask | None:
    """The named question if one may stand there, else the first open one; None when the dialog is through.

    One may go back to an answered question, but not past an open one: a review with a question that a release
    has added or asks again would be sent without its answer.
    """
    first = next(open_asks(dialog, answers, facts), None)
    ask = dialog.ask(name)
    if ask is None or not (ask.when is None or ask.when(answers, facts)):
        return first
    return ask if ask.aside or name in answers else first


def _begun(dialog: Dialog, key: str, draft: Draft | None, facts: Facts) -> Draft:
    """The draft; a new one (version 0 until it has arrived) knows what the record already answers.

    What the record has of an unfinished answer was part of that from its beginning: a page taken out stays out.
    """
    if draft is not None and draft.version > 0:
        return draft
    known = {ask.name: ask.prefill(facts) for ask in dialog.steps if ask.prefill is not None}
    answers = {name: value for name, value in known.items() if value}
    if draft is None:
        return Draft(answers, dialog.version)
    goes_on = draft.version == GOES_ON
    draft = replace(draft, answers={**answers, **draft.answers}, version=dialog.version)
    ask = dialog.ask(draft.at)
    if ask is None or ask.begins is None or goes_on:
        return draft
    return replace(draft, partial=_joined(ask.begins(view(key, draft), facts), draft.partial))


def _joined(before: str, partial: str) -> str:
    """Files of an unfinished answer with those that were there before it, each once: as it was turned last.

    What is being done with those that were there goes on.
    """
    doing, bar, there = before.rpartition("|")
    came, came_bar, files = partial.rpartition("|")
    each = {part.partition(":")[0]: part for part in f"{there},{files}".split(",") if part}
    return f"{doing or came}{bar or came_bar}{','.join(each.values())}"


def _reconciled(dialog: Dialog, draft: Draft, answers: Answers, facts: Facts) -> tuple[Draft, bool]:
    """The draft without the answers that a newer release of its dialog can't use, and whether any went."""
    if not dialog.form:
        return draft, False
    kept = {name: value for name, value in draft.answers.items() if _usable(dialog, draft, name, answers, facts)}
    if len(kept) < len(draft.answers):
        return replace(draft, answers=kept, version=dialog.version, partial=""), True
    return draft if draft.version == dialog.version else replace(draft, version=dialog.version), False


def _usable(dialog: Dialog, draft: Draft, name: str, answers: Answers, facts: Facts) -> bool:
    ask = dialog.ask(name)
    if ask is None:  # answers that stand beside the questions (a case code) are the dialog's own affair
        return name.startswith("_")
    value = draft.answers[name]
    return ask.since <= draft.version and (value == "" or ask.accept.holds(value, answers, facts))


def _at(dialogs: Dialogs, state: State, ask: Ask, draft: Draft) -> State:
    """The state standing at this question; drafts of dialogs that keep none are let go."""
    if draft.at != ask.name and (draft.at or not draft.partial):
        draft = _turned(draft, ask.name)
    key, at = state.key, f"{state.key}/{ask.name}"
    kept = {k: d for k, d in state.drafts.items() if k == state.then or _keeps(dialogs, k)}
    if state.at == at and draft.at == ask.name and kept.get(key) is draft and len(kept) == len(state.drafts):
        return state
    kept[key] = draft if draft.at == ask.name else replace(draft, at=ask.name)
    return replace(state, at=at, drafts=kept)


def _turned(draft: Draft, name: str) -> Draft:
    """The draft at another question: the unfinished answer is put on the shelf, and one from there taken up."""
    shelved = dict(draft.shelved)
    if draft.at and (partial := unfinished(draft.partial)):
        shelved[_shelf(draft.at, draft.answers)] = partial
    suggested = "" if draft.at else draft.suggested  # what came with the way here is meant for this question
    return replace(
        draft, partial=shelved.pop(_shelf(name, draft.answers), ""), suggested=suggested, page=0, shelved=shelved
    )


def _shelf(name: str, answers: Answers) -> str:
    """Pages of one paper are not those of another; what waits to be named is none's yet."""
    return f"{name}/{answers.get('_paper', '') if name == PAGES else ''}"


def _keeps(dialogs: Dialogs, key: str) -> bool:
    dialog = dialogs.by_name.get(dialog_name(key))
    return dialog is not None and (dialog.form or dialog.kept)


def _without(drafts: Mapping[str, Draft], key: str) -> Mapping[str, Draft]:
    return {k: d for k, d in drafts.items() if k != key}


def _ended(dialog: Dialog, state: State, answers: Answers, facts: Facts) -> State:
    end = dialog.end if isinstance(dialog.end, str) else dialog.end(answers, facts)
    go = Go(end) if isinstance(end, str) else end
    if go.target == HOME and state.then:
        go = Go(state.then)
    return _gone(replace(state, drafts=_without(state.drafts, state.key)), go)


def _gone(state: State, go: Go) -> State:
    """The state on its way to a target; a draft there is begun or added to."""
    key, _, question = go.target.partition("/")
    serial, drafts = state.serial, state.drafts
    if key.endswith(".new"):
        serial += 1
        drafts = _given_to(drafts, dialog_name(key))
        key = f"{key.removesuffix('.new')}.{serial}"
    drafts = _without(drafts, go.drop) if go.drop else drafts
    if go.answers or go.given or go.suggested or go.partial:
        old = drafts.get(key, Draft({}, version=0))
        answers = {**go.given, **old.answers, **go.answers}
        question = question or (old.at if go.partial else "")
        if old.at and (old.at != question or _shelf(old.at, old.answers) != _shelf(question, answers)):
            old = _turned(old, "")
        if unfinished(old.partial) and go.partial:  # files join those already there
            question = old.at
        before = unfinished(old.partial) or old.shelved.get(_shelf(question, answers), "")
        shelved = {k: v for k, v in old.shelved.items() if k != _shelf(question, answers)}
        stays = before if before.startswith(OLD_PAGES) else before.rpartition("|")[2]
        partial = _joined(stays, go.partial) if go.partial else before
        version = GOES_ON if before else 0
        new = Draft(answers, version, question, partial, go.suggested, turn=old.turn, shelved=shelved)
        drafts = {**drafts, key: new}
    then = state.key if go.detour else ""
    if dialog_name(key) == dialog_name(state.key):  # a detour may turn within itself
        then = state.then
    return replace(state, at=f"{key}/{question}", serial=serial, drafts=drafts, then=then)


def _given_to(drafts: Mapping[str, Draft], name: str) -> Mapping[str, Draft]:
    """The drafts without those of this dialog that were opened and left before the person gave them anything."""
    return {k: d for k, d in drafts.items() if d.turn or d.partial or d.suggested or dialog_name(k) != name}


# ---------------------------------------------------------------- asking


def question(dialogs: Dialogs, state: State, facts: Facts) -> SendMessage:
    """What the person is being asked; it closes every turn. The state must have arrived."""
    facts = _with_drafts(dialogs, state, facts)
    dialog, ask, draft = _here(dialogs, state)
    answers = view(state.key, draft)
    options = _options(ask, answers, draft, facts)
    shown = _page(tuple(option for option in options if not option.hidden), draft.page)
    further = () if shown == options else tuple(option for option in options if option not in shown)
    officer = bool(facts.person.memberships) and not dialog.form
    return SendMessage(
        (*_progress(dialog, ask, answers, facts), *_prompt(ask, answers, draft, facts)),
        shown,
        at=address(state.at, ask, draft),
        further=further,
        takes=VERBATIM if ask.verbatim else ask.accept.takes,
        free=not dialog.form and not ask.confirms,
        buttons=dialogs.buttons if officer else (),
        ways=dialogs.ways if dialog.form and dialog.name not in dialogs.desk else (),
        desk=officer and dialog.name in dialogs.desk,
        confirms=ask.confirms,
        exact=ask.confirms and not dialog.form,  # a form's review may be answered loosely: it is one's own
        ask_contact=ask.ask_contact,
        ask_location=ask.ask_location,
        takes_voice=ask.takes_voice,
        upload=ask.upload(answers, facts) if ask.upload is not None else None,
    )


def _here(dialogs: Dialogs, state: State) -> tuple[Dialog, Ask, Draft]:
    dialog = dialogs.by_name[dialog_name(state.key)]
    ask = dialog.ask(state.question)
    if ask is None:
        raise LookupError(state.at)
    return dialog, ask, state.drafts[state.key]


def _page(options: tuple[Option, ...], page: int) -> tuple[Option, ...]:
    own = tuple(option for option in options if option.value in (KEEP, SKIP))  # on every page
    listed = options[: len(options) - len(own)]
    if len(listed) <= PAGE + 2:
        return options
    pages = -(-len(listed) // PAGE)
    start = page % pages * PAGE
    return (*listed[start : start + PAGE], SHOW_MORE, *own)


def _options(ask: Ask, answers: Answers, draft: Draft, facts: Facts) -> tuple[Option, ...]:
    """All the options of a question, the engine's own ones among them."""
    options = ask.accept.options(answers, facts, unfinished(draft.partial))
    if draft.partial.startswith("?"):
        meant = draft.partial[1:].partition("|")[0].split(",")
        return tuple(replace(option, hidden=False) for option in options if option.value in meant)
    if draft.suggested and _own_words(ask):
        return (THAT_IS_IT, *options, NOT_THAT)
    if ask.name in draft.answers and ask.goto is None:
        return (*options, KEEP_IT)  # behind the others, whose numbers people remember
    skip = NO_PHOTO if ask.takes_files and not ask.accept.takes else SKIP_IT
    return (*options, skip) if ask.optional and not draft.partial else options


def _progress(dialog: Dialog, ask: Ask, answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """ "Question 2/9"; a question that belongs to the one before (its unit, its period) shares its number."""
    if not dialog.form:
        return ()
    asked = [a for a in dialog.steps if applies(a, answers, facts)]
    total = sum(a.counted for a in asked)
    place = next((n for n, a in enumerate(asked, 1) if a is ask), 0)
    number = sum(a.counted for a in asked[:place])
    if not number or (number == total and not ask.counted):
        return ()
    return (Text(N_("Question %(number)s/%(total)s"), {"number": number, "total": total}),)


def _prompt(ask: Ask, answers: Answers, draft: Draft, facts: Facts) -> tuple[Text, ...]:
    if draft.partial.startswith("?"):
        return (Text(N_("Which one do you mean?")),)
    if draft.suggested and _own_words(ask):
        return (Text(ask.confirm or _YOU_WROTE, {"answer": _as_kept(ask, answers, draft, facts)}),)
    texts = (Text(ask.prompt, answers),) if isinstance(ask.prompt, str) else ask.prompt(answers, facts)
    hint = (Text(ask.hint),) if ask.hint else ()
    if ask.name in draft.answers and ask.goto is None and draft.answers[ask.name]:
        shown = said(ask.accept.show(draft.answers[ask.name], answers, facts))
        return (*texts, Text(N_("Written so far: %(answer)s"), {"answer": shown}))
    return (*texts, *hint)


_YOU_WROTE = N_("You wrote “%(answer)s”. Is that the answer? You may also write it anew.")


def _as_kept(ask: Ask, answers: Answers, draft: Draft, facts: Facts) -> Text | str:
    """A suggestion as it would be kept, without the talk around it; as it was typed where it is no answer yet."""
    try:
        answer = ask.accept.read(TextReceived(draft.suggested), answers, facts, "")
    except InvalidAnswer:
        return draft.suggested
    whole = answer.complete and not (answer.leads or answer.belongs)
    return said(ask.accept.show(answer.value, answers, facts)) if whole else draft.suggested


def _own_words(ask: Ask) -> bool:
    """Whether a suggestion can be the answer: only where people write what they like."""
    return ask.accept.takes == "text"


def address(at: str, ask: Ask, draft: Draft) -> str:
    """Where a button stands: the question, and what it asked about as far as that can change under it.

    A button that says “send this” must not send something else that is asked for at the same place later.
    """
    doing = draft.partial if "|" in draft.partial else ""
    parts = (draft.suggested, doing, sorted(draft.answers.items()) if ask.confirms else ())
    return f"{at}#{zlib.crc32(repr(parts).encode()) & 0xFFFFF:x}" if any(parts) else at


def said(words: Sayable) -> Text | str:
    """Words as a value of another text."""
    return Text("%(words)s", {"words": words}) if not isinstance(words, Text | str) else words


# ---------------------------------------------------------------- stepping


def step(dialogs: Dialogs, state: State, event: Event, facts: Facts) -> Turn:
    """Move one conversation by one event. Every event is valid in every state and gets an answer."""
    facts = _with_drafts(dialogs, state, facts, event)
    state = replace(state, turn=state.turn + 1)
    match event:
        case OptionChosen():
            return _chosen(dialogs, state, event, facts)
        case TextReceived() | FileReceived() | ContactShared() | LocationShared():
            return _received(dialogs, state, event, facts)
        case Unclear(values):
            return Turn(_unclear(state, values))
        case Misplaced(words):
            return _misplaced(dialogs, state, words, facts)
        case NoSuchLine(number, most):
            return Turn(state, (SendMessage((Text(_NO_LINE, {"number": number, "most": most}),)),), slip=True)
        case LinkFollowed(target, answers):
            return _followed(dialogs, state, target, answers, facts)
        case CommandReceived(name, argument):
            return _commanded(dialogs, state, name, argument, facts)
        case QuestionAsked():
            return _asked(dialogs, state, event)
        case CaseNamed(code):
            go = dialogs.on_case(code, facts)
            return Turn(_gone(state, go), go.effects) if go is not None else _not_found(state)
        case UnsupportedReceived(kind):
            return Turn(state, (SendMessage((_unreadable(kind, facts),)),))
        case TimerFired(kind, subject, turn):
            return _fired(dialogs, state, kind, subject, turn, facts)
        case _:
            assert_never(event)


def _followed(dialogs: Dialogs, state: State, target: str, answers: Answers, facts: Facts) -> Turn:
    """A link leads to a dialog; to a question within it only when it comes from a page of ours, with its answers."""
    key = target.partition("/")[0]
    dialog = dialogs.by_name.get(dialog_name(key))
    if dialog is None or not dialog.linked or len(target) > _LONGEST_TARGET:
        return _stale(state)
    seen = {**answers, "subject": key.partition(".")[2]}
    may = dialog.allowed is None or dialog.allowed(seen, facts)
    effects = dialog.followed(seen, facts) if dialog.followed is not None and may else ()
    return Turn(_gone(state, Go(target if answers else key, answers)), effects)


_NO_LINE = N_("There is no number %(number)s here; please choose 1 to %(most)s.")
_UNREADABLE = {
    "sticker": Text(N_("What a nice sticker! I only read text, photos and files, though.")),
    "voice": Text(N_("I can't listen to voice messages yet. Please type it, or send a photo.")),
    "video": Text(N_("I can't watch videos. Please send a photo instead.")),
    "edited": Text(
        N_("I saw that you changed an earlier message. I keep what came first; to change an answer, type “back”.")
    ),
    "large": Text(N_("That file is over 20 MB, which is too much for me. Please send it in smaller parts.")),
    "other": Text(N_("I can't read that kind of message. Please type, or send a photo.")),
    "hidden": Text(
        N_(
            "That did not come through to me. Please type, or send photos of the pages. A file can be sent through the "
            "web page that I name when I ask for it."
        )
    ),
}


_HIDDEN = Text(N_("That did not come through to me. Please type, or send photos of the pages."))


_NO_FILES = Text(N_("What a nice sticker! I only read text and photos, though."))


def _unreadable(kind: str, facts: Facts) -> Text:
    if kind == "sticker" and not facts.receives_files:
        return _NO_FILES
    if kind == "hidden" and not facts.has_pages:
        return _HIDDEN
    return _UNREADABLE.get(kind, _UNREADABLE["other"])


def _stale(state: State) -> Turn:
    text = Text(N_("That belongs to an earlier message, so nothing has changed. Here is where we are."))
    return Turn(state, (SendMessage((text,)),))


def _not_found(state: State) -> Turn:
    text = Text(N_("I can't find that. Perhaps the code is not right yet, or it is for somebody else."))
    return Turn(state, (SendMessage((text,)),), slip=True)


_CHOOSE = Text(N_("Please choose one of the things below."))


def _misplaced(dialogs: Dialogs, state: State, words: str, facts: Facts) -> Turn:
    """What is written here goes to somebody: a button's words alone were hardly meant for them."""
    _, ask, draft = _here(dialogs, state)
    why = ask.not_now(words, view(state.key, draft), facts) if ask.not_now is not None else None
    text = why or _CHOOSE
    if ask.verbatim:
        text = Text(
            N_("“%(words)s” is one of the things to choose, so I have not taken it. Write it out, or type “back”."),
            {"words": words},
        )
    return Turn(state, (SendMessage((text,)),), slip=True)


def _unclear(state: State, values: tuple[str, ...]) -> State:
    """Ask which of these was meant; what has been collected so far (pages of a paper) waits behind the question."""
    return _with_draft(state, partial=f"?{','.join(values)}|{unfinished(state.drafts[state.key].partial)}")


def _with_draft(state: State, partial: str | None = None, suggested: str | None = None) -> State:
    draft = state.drafts[state.key]
    if partial is not None:
        draft = replace(draft, partial=partial)
    if suggested is not None:
        draft = replace(draft, suggested=suggested)
    return replace(state, drafts={**state.drafts, state.key: draft})


def _chosen(dialogs: Dialogs, state: State, event: OptionChosen, facts: Facts) -> Turn:
    dialog, ask, draft = _here(dialogs, state)
    at, value = event.at, event.value
    if at not in (state.at, address(state.at, ask, draft)):
        # what is being written or sent is not left by one tap
        settled = dialog.form or ask.verbatim or (ask.confirms and not ask.at_once)
        return (None if settled else _lasting(dialogs, state, event, facts)) or _stale(state)
    if value == MORE:
        return Turn(replace(state, drafts={**state.drafts, state.key: replace(draft, page=draft.page + 1)}))
    if value == KEEP and draft.suggested:
        return _received(dialogs, state, TextReceived(draft.suggested), facts)
    if value == ANEW and draft.suggested:
        return Turn(_with_draft(state, suggested=""))
    if value == KEEP and ask.name in draft.answers:
        return Turn(replace(_with_draft(state, suggested=""), at=f"{state.key}/"))
    if value == SKIP and ask.optional:
        return _stored(dialogs, state, Answer(""), facts)
    return _received(dialogs, state, replace(event, at=state.at), facts)


def _lasting(dialogs: Dialogs, state: State, event: OptionChosen, facts: Facts) -> Turn | None:
    """A button of an older message that still says all there is to know, pressed where it stood; None for others."""
    key, _, name = event.at.partition("#")[0].partition("/")
    known = dialogs.by_name.get(dialog_name(key))
    if known is None or not any(ask.name == name and ask.lasting and ask.lasting(event.value) for ask in known.steps):
        return None
    there, told = arrive(dialogs, _gone(state, Go(key)), facts)
    if told or there.at != f"{key}/{name}":
        return None
    turn = _received(dialogs, there, replace(event, at=there.at), facts)
    return None if turn.slip else turn


def _received(dialogs: Dialogs, state: State, event: Event, facts: Facts) -> Turn:
    """An answer, or what could be one, to the present question."""
    dialog, ask, draft = _here(dialogs, state)
    if isinstance(event, FileReceived) and not _asked_for(ask, event.file):
        return _unasked_file(dialogs, dialog, state, event.file, facts)
    answers = view(state.key, draft)
    try:
        answer = ask.accept.read(event, answers, facts, unfinished(draft.partial))
    except InvalidAnswer as invalid:
        return Turn(state, (SendMessage((invalid.text,)),), slip=True)
    if answer.leads:
        return Turn(_gone(_with_draft(state, partial=answer.value), Go(f"{state.key}/{answer.leads}")))
    if answer.belongs:
        # The draft moves along: what becomes of its answer there must not be shelved for the question here.
        moved = replace(state.drafts[state.key], partial="", suggested="", at=answer.belongs)
        drafts = {**state.drafts, state.key: moved}
        there = replace(state, at=f"{state.key}/{answer.belongs}", drafts=drafts)
        return _received(dialogs, there, event, facts)
    if not answer.complete:
        effects = tuple(replace(e, subject=state.key) if isinstance(e, StartTimer) else e for e in answer.effects)
        return Turn(_touched(_with_draft(state, partial=answer.value)), effects, answer.quiet)
    return _stored(dialogs, state, answer, facts, event.rest if isinstance(event, OptionChosen) else "")


def _asked_for(ask: Ask, file: FileRef) -> bool:
    return file.size_bytes <= MAX_FILE_BYTES and (ask.takes_voice if file.is_voice else ask.takes_files)


def _unasked_file(dialogs: Dialogs, dialog: Dialog, state: State, file: FileRef, facts: Facts) -> Turn:
    """A file that is too large, or that no question asked for: in a form its turn comes later.

    A voice note that nobody asked for is nothing to keep: nobody would hear it.
    """
    if file.is_voice and not _here(dialogs, state)[1].takes_voice:
        return Turn(state, (SendMessage((_UNREADABLE["voice"],)),))
    if file.size_bytes > MAX_FILE_BYTES:
        return Turn(state, (SendMessage((_UNREADABLE["large"],)),))
    if not dialog.form and (go := dialogs.on_file(file, facts)) is not None and not _before(dialogs, go, facts):
        return Turn(_gone(state, go), go.effects, quiet=any(isinstance(effect, StartTimer) for effect in go.effects))
    return Turn(state, (StartTimer("stray", state.key, _STRAY_PAUSE_S),), quiet=True)


def _before(dialogs: Dialogs, go: Go, facts: Facts) -> str:
    """The dialog that has to be gone through before this target; a file must not be kept before there is consent."""
    target = dialogs.by_name[dialog_name(go.target.partition("/")[0])]
    return target.before(facts) if target.before is not None else ""


def _touched(state: State) -> State:
    draft = replace(state.drafts[state.key], turn=state.turn)
    return replace(state, drafts={**state.drafts, state.key: draft})


def _stored(dialogs: Dialogs, state: State, answer: Answer, facts: Facts, rest: str = "") -> Turn:
    """The answer kept (or followed, if it is a way to go), what depended on it dropped, its effects given."""
    dialog, ask, draft = _here(dialogs, state)
    given: Answers = {**draft.answers, ask.name: answer.value, **answer.also}
    seen = view(state.key, draft, given)
    effects = (*answer.effects, *(ask.then(seen, facts) if ask.then is not None else ()))
    go = _way(ask, answer.value, seen, facts)
    if go is not None:
        left = _with_draft(state, partial="", suggested="")
        return Turn(_gone(left, replace(go, suggested=go.suggested or rest)), (*effects, *go.effects))
    changed = {name for name, value in given.items() if draft.answers.get(name, value) != value}
    given = _without_dependants(dialog, given, changed, set(answer.also))
    new = replace(draft, answers=given, partial="", suggested="", page=0, turn=state.turn, at="")
    return Turn(replace(state, at=f"{state.key}/", drafts={**state.drafts, state.key: new}), effects)


def _way(ask: Ask, value: str, answers: Answers, facts: Facts) -> Go | None:
    if ask.goto is None:
        return None
    if callable(ask.goto):
        return ask.goto(value, answers, facts)
    target = ask.goto.get(value)
    return Go(target) if target is not None else None


def _without_dependants(
    dialog: Dialog, answers: Answers, changed: set[str], given: AbstractSet[str] = frozenset()
) -> Answers:
    """Answers that hang on a changed one are void, and what hangs on those; but not what was given with it."""
    void = {ask.name for ask in dialog.steps if changed & set(ask.needs)} - changed - given
    if not void & set(answers):
        return answers
    return _without_dependants(dialog, {k: v for k, v in answers.items() if k not in void}, void)


def _commanded(dialogs: Dialogs, state: State, name: str, argument: str, facts: Facts) -> Turn:
    dialog, ask, draft = _here(dialogs, state)
    if name == "back":
        return Turn(_back(dialog, ask, state, facts))
    if name == "skip":
        if ask.optional or ask.name in draft.answers:
            value = KEEP if ask.name in draft.answers else SKIP
            return _chosen(dialogs, state, OptionChosen(state.at, value), facts)
        return Turn(state, (SendMessage((Text(N_("This one is needed, so I can't skip it.")),)),))
    if name == "unsure":
        return _unsure(dialogs, state, ask, facts)
    if name in ("pause", "cancel") and dialog.form:
        return Turn(_gone(state, Go(f"{name}.{state.key}")))
    if name == "resume" and dialog.form:
        return Turn(state)
    if name == "pause" and ask.confirms and not dialog.form:  # what was typed for it (a reason) is kept nowhere else
        return Turn(state, (SendMessage((_CHOOSE,)),), slip=True)
    if (talk := TALK.get(name)) is not None:
        greeted = name == "greeting" and state.turn == 1  # by the first question of all
        return Turn(state, () if greeted else (SendMessage((Text(talk.back),)),))
    between = dialogs.in_between.get(name)
    if between is not None and (dialog.kept or (dialog.form and not between.leads)):
        return Turn(state, between.tells(facts))
    command = dialogs.commands.get(name)
    if command is None:
        return Turn(state, (SendMessage((Text(N_("I do not know that command. Type “menu” to see what I can do.")),)),))
    go = command(argument, facts)
    return Turn(_gone(state, go), go.effects)


def _unsure(dialogs: Dialogs, state: State, ask: Ask, facts: Facts) -> Turn:
    """ "I don't know" is no answer and no shame: what may be left out is left out, else we ask again, kindly."""
    if ask.optional:
        return _stored(dialogs, state, Answer(""), facts)
    text = Text(N_("That is all right. Take what comes nearest; you can change it later, and the officer helps you."))
    return Turn(state, (SendMessage((text,)),))


def _back(dialog: Dialog, ask: Ask, state: State, facts: Facts) -> State:
    """To the question before, its answer still there; from the first one (or a menu) a level up, or to the review."""
    draft = state.drafts[state.key]
    answers = view(state.key, draft)
    if draft.partial.startswith("?"):
        return _with_draft(state, partial=unfinished(draft.partial) if "|" in draft.partial else "")
    names = [a.name for a in dialog.steps if applies(a, answers, facts)]
    index = names.index(ask.name) if ask.name in names else len(names)
    if index > 0:
        return replace(state, at=f"{state.key}/{names[index - 1]}")
    left = next(open_asks(dialog, answers, facts), None)
    if dialog.form and left is not None and left.confirms:  # it was looked over before: back to that
        return replace(state, at=f"{state.key}/")
    if not isinstance(dialog.up, str):
        return _gone(state, dialog.up(answers))
    return _gone(state, Go(dialog.up.replace("{subject}", answers["subject"])))


def _asked(dialogs: Dialogs, state: State, event: QuestionAsked) -> Turn:
    _, ask, draft = _here(dialogs, state)
    both: Effects = ()
    if event.statement and _own_words(ask) and ask.name not in draft.answers:
        state = _with_draft(state, suggested=event.statement)
        both = (SendMessage((Text(N_("You answered and asked something as well. First what you asked:")),)),)
    if event.article:
        return Turn(state, (*both, SendArticle(event.article)))
    text = Text(N_("I have no sure answer to that. Type “officer” to write to the commune officer."))
    return Turn(state, (SendMessage((text,)),))


def _fired(dialogs: Dialogs, state: State, kind: str, subject: str, turn: int, facts: Facts) -> Turn:
    """A timer that is still meant; one whose moment has passed changes nothing and says nothing."""
    before = replace(state, turn=state.turn - 1)
    if kind == "reminder":
        draft = state.drafts.get(subject)
        meant = draft is not None and draft.turn == turn and f"reminder.{subject}" != state.key
        meant = meant and facts.person.reminders
        return Turn(_gone(state, Go(f"reminder.{subject}"))) if meant else Turn(before, quiet=True)
    if kind == "leave":
        return Turn(before, (LeaveOver(),), quiet=True)
    if kind == "join":
        return Turn(_joining(state, before, subject), (TellJoin(subject),))
    if before.turn != turn or state.key != subject:
        return Turn(before, quiet=True)
    if kind == "stray":
        return Turn(before, (SendMessage((_NOT_NOW,)),))
    if any(f.status == FileStatus.PENDING and not f.tried for f in facts.files.values()):
        return Turn(before, (StartTimer("files", subject, _LOOK_AGAIN_S),), quiet=True)
    partial = state.drafts[state.key].partial
    told = getattr(_here(dialogs, state)[1].accept, "told", None)
    if partial and told is not None:  # the question that is put now speaks of every file in hand
        before = _with_draft(before, partial=told(partial))
    return Turn(before, quiet=not partial)


def _joining(state: State, before: State, news: str) -> State:
    """Who is asked has to answer; who waited is led on, and who does something else meanwhile goes on with it."""
    if news == "asked":
        return _gone(state, Go("join"))
    if news == "over" or dialog_name(state.key) != "join":
        return before
    return _gone(state, Go("reach" if news == "joined" else HOME))
