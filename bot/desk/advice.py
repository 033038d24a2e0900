"""The advisory group of a council: it is given dossiers to read, remarks on them, and says when it is through."""

from typing import Any

from bot.desk.council import ELSEWHERE, OPEN_MINE, READ_MINE, own_ballot, own_session, say, tell_members
from bot.turn import Refused, Turned
from dialogs.council.facts import SCORING
from dialogs.model import N_, FinishReading, GiveToRead, KeepRemark, Text, Value
from dialogs.producer.own_score import SCORED, set_of
from storage import advice, cases, council

GIVEN = "council_give"
"""In the history of a case and in the audit: the province has given it to the advisory group."""


HAS_IT = Text(N_("The advisory group has that already, so nothing was changed."))


async def give(turn: Turned, effect: GiveToRead) -> None:
    """All of these dossiers or none; those that were with the group already stay as they were."""
    row = await own_session(turn, effect.session)
    before = await council.council_of(turn.connection, row, turn.now, in_full=False)
    given = [case for code in effect.codes if (case := await _to_give(turn, row, before, code)) is not None]
    if not given:
        raise Refused(HAS_IT)
    added = [case for case in given if before.product(case.code) is None]
    for case in given:
        if case in added:
            await council.table_case(turn.connection, row.id, case.id)
            turn.record("council_add", case.code, session=row.id)
        await advice.hand_over(turn.connection, row.id, case.id, turn.now, effect.until)
        await cases.note_event(turn.connection, case, turn.actor, GIVEN, turn.now)
        turn.record(GIVEN, case.code, session=row.id)
    values: dict[str, Value] = {"count": len(given)}
    if effect.until is not None:
        values["day"] = effect.until
    told = await tell_members(turn, before, [s.number for s in before.group], *_asked(values), links=(READ_MINE,))
    if added:
        more = {"count": len(added)}
        one, many = N_("The council has %(count)s more product."), N_("The council has %(count)s more products.")
        await tell_members(turn, before, [s.number for s in before.seats], Text(one, more, many), links=(OPEN_MINE,))
    say(turn, *_done(values, told))


async def _to_give(turn: Turned, row: Any, session: Any, code: str) -> Any:
    """The locked row of a case; None where the group has it. Raises NotPossible, or Refused, as what is put before it.

    Only of this province, and only what the province has taken up.
    """
    case = await cases.locked(turn.connection, code)
    if case is None or case.province != row.province:
        raise cases.NotPossible(code)
    here = session.product(code)
    if here is not None and here.handed_over is not None:
        return None
    known = case.ruleset in SCORED and set_of(case.ruleset, case.answers)
    if case.status != SCORING or not known or (here is None and await council.in_session(turn.connection, case.id)):
        raise Refused(ELSEWHERE)
    return case


def _asked(values: dict[str, Value]) -> tuple[Text, ...]:
    if "day" not in values:
        one = N_("The advisory group has %(count)s dossier to read.")
        return (Text(one, values, N_("The advisory group has %(count)s dossiers to read.")),)
    one = N_("The advisory group has %(count)s dossier to read by %(day)s.")
    return (Text(one, values, N_("The advisory group has %(count)s dossiers to read by %(day)s.")),)


def _done(values: dict[str, Value], told: int) -> tuple[Text, ...]:
    one = N_("✅ %(count)s dossier is with the advisory group.")
    given = Text(one, values, N_("✅ %(count)s dossiers are with the advisory group."))
    if not told:
        return (given, Text(N_("Nobody of the group has come in yet; whoever does finds them.")))
    heard = {"count": told}
    return (given, Text(N_("%(count)s member of it is told."), heard, N_("%(count)s members of it are told.")))


async def keep_remark(turn: Turned, effect: KeepRemark) -> None:
    """What it says stands in the ballot; the audit has only that something was said."""
    row = await own_ballot(turn, effect.code, advisory=(True,))
    await council.keep_ballot(turn.connection, row, remark=effect.text)
    turn.record("council_remark", effect.code, session=row.session_id)
    kept = Text(N_("✅ Your remark is kept. The council and its secretary read it."))
    say(turn, kept if effect.text else Text(N_("Your remark is taken out.")))


async def finish(turn: Turned, effect: FinishReading) -> None:
    row = await own_ballot(turn, effect.code, advisory=(True,))
    await council.keep_ballot(turn.connection, row, submitted_at=None if effect.back else turn.now)
    turn.record("council_read_on" if effect.back else "council_read", effect.code, session=row.session_id)
    turn.carried.changed = True
    if not effect.back:
        say(turn, Text(N_("✅ You have read “%(product)s” through. Thank you."), {"product": row.product}))
