"""A province sets a round of its own beside those of the law, or drops it again."""

from bot.turn import Refused, Turned
from dialogs.model import N_, DropRound, Role, SendMessage, SetRound, Text
from dialogs.officer.rounds import in_the_way, round_words
from dialogs.rules.rounds import WrongRound
from dialogs.rules.ruleset import ruleset_on
from storage import cases, rounds

TOO_LATE = Text(N_("Dossiers for it would have been due already, so it was not noted."))
IN_USE = Text(N_("There is a dossier in this round already, so it stays."))


async def set_round(turn: Turned, effect: SetRound) -> None:
    _check_province(turn, effect.province)
    today = turn.facts.today
    if effect.proposals_before <= today:
        raise Refused(TOO_LATE)
    days = (effect.proposals_before, effect.results_before)
    me = turn.conversation.person_id
    try:
        new = await rounds.set_round(turn.connection, effect.province, ruleset_on(today), *days, me, turn.now)
    except WrongRound as wrong:
        raise Refused(*in_the_way(wrong)) from wrong
    turn.record("set_round", territory=effect.province, round=new.name)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("Noted: %(round)s"), {"round": round_words(new)}),)))


async def drop_round(turn: Turned, effect: DropRound) -> None:
    _check_province(turn, effect.province)
    if not await rounds.drop_round(turn.connection, effect.province, effect.name, turn.facts.today):
        raise Refused(IN_USE)
    turn.record("drop_round", territory=effect.province, round=effect.name)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("Round %(round)s is dropped."), {"round": effect.name}),)))


def _check_province(turn: Turned, province: str) -> None:
    members = turn.conversation.person.memberships
    if not any(m.role is Role.PROVINCE_OFFICER and m.territory == province for m in members):
        raise cases.NotPossible(province)
