"""An officer notes what the machine can't read."""

from bot.turn import Turned, visible_case
from dialogs.model import N_, SendMessage, SetPaperDate, Text
from dialogs.officer.findings import paper_words
from storage import cases
from storage.findings import set_paper_date


async def note_date(turn: Turned, effect: SetPaperDate) -> None:
    """The last day of a paper; nothing in the case moves, so its producer is not told."""
    case = await visible_case(turn, effect.code)
    seen = turn.facts.case(effect.code)
    if seen is None or seen.own or not turn.conversation.person.memberships:
        raise cases.NotPossible(effect.code)
    if not await set_paper_date(turn.connection, case.id, effect.paper, effect.day):
        raise cases.NotPossible(effect.paper)
    turn.record("paper_date", effect.code, paper=effect.paper, day=f"{effect.day}")
    turn.carried.changed = True
    words = {"paper": paper_words(seen, effect.paper), "day": effect.day}
    turn.carried.said.append(SendMessage((Text(N_("Noted: %(paper)s is good until %(day)s."), words),)))
