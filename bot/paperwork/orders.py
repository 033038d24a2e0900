"""What producers order about their papers: a form filled in, their story kept, what papers hang on."""

from dataclasses import replace
from typing import Any

from bot import own_score
from bot.desk.documents import NO_FILE_HERE, carries_files, send
from bot.paperwork import content, delivery
from bot.turn import Turned, fresh_case, own_case
from dialogs.model import N_, KeepCondition, KeepStory, SendForm, SendMessage, Story, Text, Value
from dialogs.producer.papers import STORY, conditions_of, story_paper
from dialogs.producer.prepare import WHOLE, forms_of
from dialogs.producer.upload import takes_papers
from storage import cases
from storage.assisted import hand_files
from storage.correspondence import own_files
from storage.stories import keep_story as keep
from storage.stories import to_be_made

HERE = Text(N_("Here it is, as Word and as PDF. Print it, complete it by hand and sign it."))
WHOLE_HERE = Text(N_("Here is your whole dossier as it stands, with a list of contents. What you sent is in it."))
KEPT = Text(N_("✅ I keep your story with your file. It goes to the commune with your papers."))
UNKNOWN = N_("I left lines for what I don't know: %(labels)s.")
MOST_NAMED = 8
"""Labels that are said by name; a plan has more that only its producer knows."""


async def note_condition(turn: Turned, effect: KeepCondition) -> None:
    case = await own_case(turn, effect.code)
    if effect.condition not in {condition.id for condition in conditions_of(await fresh_case(turn, effect.code))}:
        raise cases.NotPossible(effect.condition)
    await cases.note_condition(turn.connection, case, effect.condition, effect.holds, turn.now)
    turn.carried.changed = True


async def keep_story(turn: Turned, effect: KeepStory) -> None:
    """As told, and as a paper: a file that a worker makes of the words, with the voice notes behind it."""
    case = await own_case(turn, effect.code)
    now = await fresh_case(turn, effect.code)
    paper = story_paper(now)
    if paper is None or not takes_papers(now) or not effect.story.parts:
        raise cases.NotPossible(effect.code)
    ids = [file_id for part in effect.story.parts for file_id in effect.story.voices.get(part, ())]
    await hand_files(turn.connection, turn.conversation.person_id, case.person_id, ids)
    here = await own_files(turn.connection, case.person_id, ids)
    story = _with_voices(effect.story, here)
    if not story.parts:
        raise cases.NotPossible(effect.code)
    await keep(turn.connection, case.id, story, turn.now)
    made = await to_be_made(turn.connection, turn.conversation, case, turn.now)
    pages: list[list[Any]] = [[file_id, 0] for file_id in (made, *dict.fromkeys(i for i in ids if i in here))]
    await cases.keep_paper(turn.connection, case, paper.id, pages, turn.now)
    turn.carried.said.append(SendMessage((KEPT,)))
    await own_score.paper_kept(turn, case, paper.id)
    turn.carried.changed = True


def _with_voices(story: Story, here: dict[str, bool]) -> Story:
    """Without voice notes that were lost, refused, or are somebody else's."""
    voices = {part: tuple(i for i in ids if here.get(i)) for part, ids in story.voices.items()}
    return replace(story, voices={part: ids for part, ids in voices.items() if ids})


async def send_form(turn: Turned, effect: SendForm) -> None:
    """To its producer, or who acts for them; what is not known is named."""
    case = await own_case(turn, effect.code)
    now = await delivery.with_what_was_told(turn.connection, await fresh_case(turn, effect.code))
    if effect.form not in (*forms_of(now), WHOLE) or effect.form == STORY:
        raise cases.NotPossible(effect.form)
    if not carries_files(turn, NO_FILE_HERE):
        return
    if case.person_id != turn.conversation.person_id:
        turn.record("make_form", effect.code, form=effect.form)
    words = FILE_WORDS[effect.form]
    made = {"made": "form", "form": effect.form, "code": now.code}
    if effect.form == WHOLE:
        send(turn, WHOLE_HERE, {**made, "as": "pdf", "name": f"{now.code} {words}.pdf"})
        return
    form = content.form(effect.form, now, turn.world.catalog("vi"), turn.now, now.code)
    send(turn, HERE, *({**made, "as": kind, "name": f"{now.code} {words}.{kind}"} for kind in ("docx", "pdf")))
    turn.carried.said.extend(_unknown(form.unknown))


FILE_WORDS = {
    "idea": "phieu-y-tuong",
    "plan": "phuong-an",
    "form_01": "mau-01",
    "form_02": "mau-02",
    WHOLE: "bo-ho-so",
}
"""Names of files: without marks, as not every messenger keeps them."""


def _unknown(labels: tuple[str, ...]) -> list[SendMessage | str]:
    if not labels:
        return []
    named = ", ".join(labels[:MOST_NAMED])
    values: dict[str, Value] = {"labels": named, "count": len(labels) - MOST_NAMED}
    if len(labels) <= MOST_NAMED:
        return [SendMessage((Text(UNKNOWN, values),))]
    return [SendMessage((Text(N_("I left lines for what I don't know: %(labels)s, and %(count)s more."), values),))]
