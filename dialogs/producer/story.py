"""A product's story in its producer's own words: eight questions, a draft made of the answers, and what it still lacks.

Nothing is added to what was told: the draft is the answers in order, under short headings. What the score sheet asks of
a story is held beside it; what only people can judge says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dialogs.answers import one_of
from dialogs.messages import message, parts_of, refusals, so_far, usable
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Facts,
    Go,
    KeepStory,
    Option,
    Story,
    Text,
    Value,
)
from dialogs.paperwork import STORY_PARTS
from dialogs.producer.consent import consent_first
from dialogs.producer.own_score import case_of, sheet_of
from dialogs.producer.papers import story_paper
from dialogs.producer.upload import takes_papers
from dialogs.rules.lifecycle import STATUSES, Side, is_dossier
from dialogs.words import YES

MAX_CHARS = 1500
"""Of one answer: eight of them are some three pages."""
LONG_WORDS = 500
"""From here on a story is no longer short, as one reads it aloud in some three minutes; the sheets give no number."""

QUESTIONS: Mapping[str, str] = {
    "origin": N_("Where does it come from? Who made it first, and since when?"),
    "place": N_("What does your place have that others do not: soil, water, weather, customs?"),
    "people": N_("Who makes it now, and from whom did they learn it?"),
    "making": N_("How is it made, from beginning to end? Which step needs a practised hand?"),
    "special": N_("What is different about it when one eats or uses it?"),
    "memory": N_("Is there something about it that you will never forget?"),
    "village": N_("What does it bring to the people around you?"),
    "wish": N_("What shall somebody who buys it remember?"),
}
HEADINGS: Mapping[str, str] = {
    "origin": N_("Where it comes from"),
    "place": N_("Our place"),
    "people": N_("Who makes it"),
    "making": N_("How it is made"),
    "special": N_("What is different"),
    "memory": N_("A memory"),
    "village": N_("For our village"),
    "wish": N_("What we wish"),
}
DONE = Option("done", Text(N_("That is the answer")), ("xong", "xong câu này", "đủ rồi", "hết rồi", "done"))


def may_tell(case: CaseFacts) -> bool:
    """Whether a story can go with its papers now."""
    return takes_papers(case) and story_paper(case) is not None


# ---------------------------------------------------------------- one question


def _voices(part: str) -> str:
    """Beside which answer the voice notes stand."""
    return f"_{part}"


def _prompt(part: str, answers: Answers, facts: Facts) -> tuple[Text, ...]:
    words, parts = so_far(answers["~"])
    asked = Text(QUESTIONS[part])
    if not words and not parts:
        return (*(_how(facts) if part == "origin" else ()), asked)
    good = usable(parts, facts)
    here = (Text(N_("I have %(count)s voice note."), {"count": len(good)}, N_("I have %(count)s voice notes.")),)
    more = Text(N_("Is that all, or would you like to add something?"))
    return (*(here if good else ()), *refusals(parts, facts), more if good or words else asked)


def _how(facts: Facts) -> tuple[Text, ...]:
    """Said first; not every messenger carries voice notes."""
    how = N_("Speak as you would to a guest. You may type it or record it.")
    if not facts.receives_photos:
        how = N_("Tell it as you would to a guest.")
    return (Text(how), Text(N_("When you are tired, type “pause”: I keep everything.")))


def _question(part: str) -> Ask:
    return Ask(
        part,
        lambda answers, facts: _prompt(part, answers, facts),
        message(MAX_CHARS, beside=_voices(part), done=DONE),
        when=_is_told_now,
        optional=True,
        takes_voice=True,
        verbatim=True,
        title=HEADINGS[part],
    )


def _is_told_now(answers: Answers, facts: Facts) -> bool:
    """What was kept is shown first; it is told anew, or changed, when somebody wants that, and while that helps."""
    case = facts.case(answers["subject"])
    return case is None or (may_tell(case) and (case.story is None or bool(answers.get("_begun"))))


# ---------------------------------------------------------------- the draft


def told(answers: Answers) -> Story:
    """What the answers so far come to."""
    words = {part: answers[part] for part in STORY_PARTS if answers.get(part)}
    voices = {part: tuple(p.id for p in parts_of(answers.get(_voices(part), ""))) for part in STORY_PARTS}
    return Story(words, {part: ids for part, ids in voices.items() if ids})


def as_answers(story: Story) -> Answers:
    """A kept story to be changed; what was left out stays left out."""
    words = {part: story.told.get(part, "") for part in STORY_PARTS}
    return words | {_voices(part): ",".join(f"{i}:v" for i in ids) for part, ids in story.voices.items()}


def draft_lines(story: Story) -> tuple[Text, ...]:
    """The story as it will stand on paper: heading, words, and where a voice note stands for them."""
    return tuple(line for part in story.parts for line in _part_lines(story, part))


def _part_lines(story: Story, part: str) -> tuple[Text, ...]:
    heading = Text(HEADINGS[part])
    voices, words = len(story.voices.get(part, ())), story.told.get(part, "")
    spoken = Text(N_("%(count)s voice note"), {"count": voices}, N_("%(count)s voice notes"))
    if not words:
        return (Text("%(heading)s: (%(voices)s)", {"heading": heading, "voices": spoken}),)
    values: dict[str, Value] = {"heading": heading, "words": words, "voices": spoken}
    return (Text("%(heading)s: %(words)s (%(voices)s)" if voices else "%(heading)s: %(words)s", values),)


def read_back(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    story = told(answers)
    if not story.parts:
        return (Text(N_("You have not told anything yet. Which question would you like to begin with?")),)
    head = Text(N_("This is your story, in your own words:"))
    return (
        head,
        *draft_lines(story),
        *checklist(case_of(answers, facts), story),
        Text(N_("Shall I keep it like this?")),
    )


_CHANGE = Option("edit", Text(N_("Change an answer")), ("sửa", "sửa câu khác", "edit"))
_FILE = Option("case", Text(N_("Open my file")), ("mở hồ sơ", "open"))


def draft_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    keep = Option("keep", Text(N_("Keep this story")), ("giữ", "giữ bài này", "lưu", "keep", *YES))
    later = Option("later", Text(N_("Go on another day")), ("để sau", "để mai", "later"))
    return (*((keep,) if told(answers).parts else ()), _CHANGE, later)


def kept(answers: Answers, facts: Facts) -> Effects:
    if answers["draft"] != "keep":
        return ()
    return (KeepStory(answers["subject"], told(answers)),)


def after_draft(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    key = f"story.{code}"
    if value == "keep":
        return Go(f"upload.{code}", drop=key)
    return Go(f"{key}/edit" if value == "edit" else f"pause.{key}")


def parts_to_change(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(part, Text(HEADINGS[part])) for part in STORY_PARTS)


# ---------------------------------------------------------------- one that is kept


def kept_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    story = case.story or told(answers)
    kept = (Text(N_("This is the story I keep with your file:")), *draft_lines(story)) if story.parts else ()
    return (*kept, *checklist(case, story)) if may_tell(case) else (_not_now(case), *kept)


def _not_now(case: CaseFacts) -> Text:
    """Why nothing can be told: it is too early, or too late."""
    if not is_dossier(case.status):
        return Text(N_("The story goes with the dossier. You can tell it once the commune has accepted your plan."))
    if STATUSES[case.status].owner in (Side.NOBODY, Side.CALENDAR):
        return Text(N_("This file is closed, so its story can't be told or changed here any more."))
    return Text(N_("Your file is with %(desk)s now, so its story stays as it is."), {"desk": case.desk})


def kept_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    anew = Option("anew", Text(N_("Tell it anew")), ("kể lại", "kể lại từ đầu", "tell it anew"))
    return (_CHANGE, anew, _FILE) if may_tell(case_of(answers, facts)) else (_FILE,)


def after_kept(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    key = f"story.{case.code}"
    match value:
        case "edit" if case.story is not None:
            return Go(f"{key}/edit", {**as_answers(case.story), "_begun": "yes", "_product": case.product})
        case "anew":
            return Go(key, {"_begun": "yes", "_product": case.product})
    return Go(f"case.{case.code}")


# ---------------------------------------------------------------- what the score sheet asks of it


@dataclass(frozen=True, slots=True)
class Check:
    """Something that a criterion asks of a story. `parts`: telling one of them touches it; none: people judge it."""

    criterion: str
    words: str
    parts: tuple[str, ...] = ()


CHECKS = (
    Check("identity", N_("where the product comes from"), ("origin",)),
    Check("identity", N_("the land and its customs"), ("place",)),
    Check("identity", N_("people and a craft handed down"), ("people", "making")),
    Check("identity", N_("what sets it apart from others"), ("special",)),
    Check("identity", N_("that it is yours alone, and moves who hears it")),
    Check("telling", N_("that it reads as told by a person")),
    Check("story", N_("that it stands on leaflets, the website and behind the traceability code")),
)
"""Of sheets 1 to 25, criteria 5.1 to 5.3."""
CHECKS_OF_A_SERVICE = (
    Check("handbook", N_("what there is with you alone"), ("special",)),
    Check("handbook", N_("what your place is good at: land, people, crafts"), ("place", "people", "making")),
    Check("handbook", N_("that guests from abroad can read it, too")),
    Check("presentation_of_story", N_("that it is shown where guests are received, and at other destinations")),
)
"""Of sheet 26, criteria 5.1 and 5.2: what their options ask of a guide or story; 5.3 is about the commune."""


def checklist(case: CaseFacts, story: Story) -> tuple[Text, ...]:
    """Which points of the story's criteria the draft touches and which it lacks; what a machine can't judge."""
    codes = _codes(case)
    of_its_kind = CHECKS_OF_A_SERVICE if case.answers.get("product_group") == "tourism" else CHECKS
    checks = [check for check in of_its_kind if not codes or check.criterion in codes]
    if not any(check.parts for check in checks):
        return ()
    lines = tuple(_checked(check, story, codes.get(check.criterion, "")) for check in checks)
    return (Text(N_("Beside what the council looks at:")), *lines, *_length(story))


def _codes(case: CaseFacts) -> Mapping[str, str]:
    """Where the sheet of the case has each criterion; nothing where there is no sheet."""
    sheet = sheet_of(case)
    return {c.name: c.code for c in sheet.criteria} if sheet is not None else {}


def _checked(check: Check, story: Story, code: str) -> Text:
    words = Text(check.words)
    what: Value = Text("%(words)s (%(code)s)", {"words": words, "code": code}) if code else words
    if not check.parts:
        return Text(N_("? %(what)s: people judge that"), {"what": what})
    if {*check.parts} & {*story.parts}:
        return Text(N_("✓ %(what)s"), {"what": what})
    return Text(N_("– %(what)s: not told yet"), {"what": what})


def _length(story: Story) -> tuple[Text, ...]:
    if not story.words:
        return ()
    values: dict[str, Value] = {"count": story.words}
    if story.words > LONG_WORDS:
        return (Text(N_("It has %(count)s words, which is long: whoever listens likes it shorter."), values),)
    return (Text(N_("It has %(count)s word."), values, N_("It has %(count)s words.")),)


# ---------------------------------------------------------------- the dialog


def titled(answers: Answers) -> str:
    """Named once something was told."""
    return f"{answers.get('_product', answers['subject'])} (câu chuyện)" if told(answers).parts else ""


STORY = Dialog(
    "story",
    form=True,
    before=consent_first,
    allowed=lambda answers, facts: (case := facts.case(answers["subject"])) is not None and case.as_producer,
    linked=True,
    named=titled,
    up="case.{subject}",
    steps=(
        Ask(
            "kept",
            kept_prompt,
            one_of(kept_options),
            when=lambda answers, facts: not _is_told_now(answers, facts),
            goto=after_kept,
            counted=False,
        ),
        *map(_question, STORY_PARTS),
        Ask("draft", read_back, one_of(draft_options), then=kept, goto=after_draft, confirms=True, counted=False),
        Ask(
            "edit",
            N_("Which answer shall we change?"),
            one_of(parts_to_change),
            aside=True,
            goto=lambda value, answers, facts: Go(f"story.{answers['subject']}/{value}"),
            counted=False,
        ),
    ),
)
