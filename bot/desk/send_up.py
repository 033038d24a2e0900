"""Several checked dossiers go up at once; one that can't go does not keep the others."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from bot.desk.decisions import also_told, moved, offer_to_take_back, undoable
from bot.turn import Refused, Turned, fresh_case, tell_officers
from dialogs import places
from dialogs.model import N_, CaseFacts, DecideCase, Facts, SendMessage, SendUpAll, Text, Value
from dialogs.officer.alerts import alert_batch, approved_batch, named
from dialogs.officer.send_up import MOST, in_round
from dialogs.rules.lifecycle import STATUSES, Side
from storage import cases, people
from storage.records import VIETNAM, Wanted, facts_for


async def send_up_all(turn: Turned, effect: SendUpAll) -> None:
    """Each is a decision of its own, which can be taken back alone; the officers read of all in one message."""
    if len(effect.codes) > MOST:
        raise cases.NotPossible("too many")
    gone: list[CaseFacts] = []
    kept: list[Text] = []
    producers: dict[str, int] = {}
    for code in dict.fromkeys(effect.codes):
        try:
            async with turn.connection.begin_nested():
                producers[code] = await _send_up(turn, code)
        except cases.NotPossible as refused:
            why = refused.texts[0] if isinstance(refused, Refused) else _NOT_NOW
            kept.append(Text(N_("%(code)s stays here: %(why)s"), {"code": code, "why": why}))
        else:
            gone.append(await fresh_case(turn, code))
    turn.carried.changed = True
    told_before = len(turn.carried.notices)
    await _tell(turn, gone, producers)
    for case in gone:
        await also_told(turn, case.code, told_before)
    turn.carried.said.append(SendMessage((*_gone(gone), *kept)))
    if gone:
        turn.carried.said.append(offer_to_take_back(*(case.code for case in gone)))


_NOT_NOW = Text(N_("it can't be sent up now."))


async def _send_up(turn: Turned, code: str) -> int:
    """Its producer (person id), who has been told."""
    wanted, base = [Wanted(turn.conversation, code)], Facts(turn.facts.now)
    known = await facts_for(turn.connection, wanted, base, turn.world.days_off)
    turn.facts = replace(turn.facts, named=known[turn.conversation.id].named)
    told_before = len(turn.carried.notices)
    case, _, _ = await moved(turn, DecideCase(code, "forward", status="dossier_checked"))
    await undoable(turn, code, told_before, say=False)
    return int(case.person_id)


def _gone(batch: Sequence[CaseFacts]) -> tuple[Text, ...]:
    if not batch:
        return (Text(N_("Nothing was sent up.")),)
    values: dict[str, Value] = {"count": len(batch)}
    head = Text(N_("%(count)s dossier has gone up."), values, N_("%(count)s dossiers have gone up."))
    lines = (Text(N_("• %(code)s “%(product)s”"), named(case)) for case in batch)
    return (head, *in_round(batch[0].round), *lines, Text(N_("I have told the producers.")))


async def _tell(turn: Turned, batch: Sequence[CaseFacts], producers: dict[str, int]) -> None:
    """The office that has them now, and the commune's officers: each reads once a round of all that concern them."""
    rounds = {case.round: [one for one in batch if one.round == case.round] for case in batch}
    for of_round, (side, words) in product(rounds.values(), ((None, alert_batch), (Side.COMMUNE, approved_batch))):
        heard: dict[int, list[CaseFacts]] = {}
        for case in of_round:
            for officer in await _officers(turn, case, side or STATUSES[case.status].owner, producers[case.code]):
                heard.setdefault(officer, []).append(case)
        for together in _grouped(heard):
            territory = places.territory(heard[together[0]][0].commune)
            await tell_officers(turn, territory, together, words(*heard[together[0]]))


async def _officers(turn: Turned, case: CaseFacts, side: Side, producer: int) -> list[int]:
    territory, today = places.territory(case.commune), turn.now.astimezone(VIETNAM).date()
    found = await people.officers_of(turn.connection, territory, producer, side, today)
    return [officer for officer in found if officer != turn.conversation.person_id]


def _grouped(heard: dict[int, list[CaseFacts]]) -> list[list[int]]:
    """Officers who read the same."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for officer, batch in heard.items():
        groups.setdefault(tuple(case.code for case in batch), []).append(officer)
    return list(groups.values())
