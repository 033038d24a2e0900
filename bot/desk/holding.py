"""Who works on a case: an officer takes it, gives it back, or passes it on to a colleague."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.turn import Turned, tell_officers
from bot.world import World
from dialogs.model import N_, PassCase, ReleaseCase, SendMessage, TakeCase, Text, Value
from dialogs.officer.alerts import open_link
from dialogs.officer.desk import holder_words
from storage import cases, holding, staff
from storage.records import VIETNAM
from storage.rights import covers, present_at, sides_at


async def take(turn: Turned, effect: TakeCase) -> None:
    """The first one gets it; who comes later reads who has it, and a second tap of the same finger is nothing new."""
    case = await _at_hand(turn, effect.code)
    if case is None or case.holder_id in _hands(turn):
        return
    if not await holding.take(turn.connection, case.id, turn.conversation.person_id, turn.now):
        await _with_somebody_else(turn, case)
        return
    await cases.note_event(turn.connection, case, turn.actor, "take", turn.now)
    turn.record("take", case.code)
    _say(turn, N_("You have taken %(code)s “%(product)s”."), case)


async def release(turn: Turned, effect: ReleaseCase) -> None:
    case = await _at_hand(turn, effect.code)
    if case is None or await holding.is_free(turn.connection, case.id):
        return
    if case.holder_id not in _hands(turn):
        await _with_somebody_else(turn, case)
        return
    await _put_into_hand(turn, case, None)
    turn.record("release", case.code)
    _say(turn, N_("%(code)s “%(product)s” is free again; any of you can take it."), case)


async def pass_on(turn: Turned, effect: PassCase) -> None:
    """To a colleague who can go on with it now, who is told at once; also of a case that nobody has taken yet."""
    case = await _at_hand(turn, effect.code)
    if case is None:
        return
    if not await holding.may_work(turn.connection, case, turn.conversation.person_id, turn.conversation.covers):
        await _with_somebody_else(turn, case)
        return
    today = turn.now.astimezone(VIETNAM).date()
    could = await holding.successors(turn.connection, turn.conversation, case, today)
    to = next((colleague for colleague in could if colleague.person_id == effect.person_id), None)
    if to is None:
        _say(turn, N_("That colleague can't take %(code)s “%(product)s” at present, so it stays where it was."), case)
        return
    await _put_into_hand(turn, case, to.person_id)
    turn.record("pass", case.code, to=to.person_id)
    _say(turn, N_("%(code)s “%(product)s” is with %(by)s now; I tell them."), case, by=holder_words(to.name))
    await _tell(turn, case, to.person_id, effect.note)


async def _tell(turn: Turned, case: Any, person_id: int, note: str) -> None:
    by = holder_words(turn.conversation.person.name)
    head = Text(N_("%(by)s passes %(code)s “%(product)s” on to you."), {**_named(case), "by": by})
    words = (Text(N_("Their note: “%(words)s”"), {"words": note}),) if note else ()
    due = (Text(N_("Due: %(day)s."), {"day": case.due_on}),) if case.due_on is not None else ()
    said = SendMessage((head, *words, *due), links=(open_link(case.code),))
    await tell_officers(turn, case.territory, [person_id], said, case.code)


async def abandoned(connection: AsyncConnection, _: World, __: datetime) -> list[int]:
    return await holding.abandoned(connection)


async def set_free(_: World, now: datetime, connection: AsyncConnection, case_id: int) -> None:
    """A case that somebody was left with whose role is gone; nobody is told, it is on the desk like any free one."""
    await holding.set_free(connection, case_id, now)


async def _at_hand(turn: Turned, code: str) -> Any:
    """The locked row of a case that this officer may work on, or has in hand; None when that was refused in words.

    NotPossible for one's own, and for one outside the officer's territory, as for one that does not exist.
    """
    case = await cases.locked(turn.connection, code)
    members, me = turn.conversation.person.memberships, turn.conversation.person_id
    if case is None or case.person_id == me or not covers(members, case.territory):
        raise cases.NotPossible(code)
    turn.carried.changed = True
    levels = (case.territory, case.territory.partition("/")[0])
    present = await present_at(turn.connection, levels, but=case.person_id)
    if case.owner in sides_at(members, case.territory, present) or case.holder_id in _hands(turn):
        return case
    _say(turn, N_("%(code)s “%(product)s” is not yours to work on at its present step, so nothing was changed."), case)
    return None


async def _with_somebody_else(turn: Turned, case: Any) -> None:
    _, name = await holding.holder_of(turn.connection, case.code)
    _say(turn, N_("%(by)s has taken %(code)s “%(product)s”, so nothing was changed."), case, by=holder_words(name))


async def _put_into_hand(turn: Turned, case: Any, person_id: int | None) -> None:
    actor = turn.actor
    await staff.put_into_hand(turn.connection, [case], person_id, actor.person_id, actor.channel, turn.now)


def _hands(turn: Turned) -> frozenset[int]:
    return turn.conversation.covers | {turn.conversation.person_id}


def _named(case: Any) -> dict[str, Value]:
    return {"code": case.code, "product": case.product}


def _say(turn: Turned, msgid: str, case: Any, **more: Value) -> None:
    turn.carried.said.append(SendMessage((Text(msgid, {**_named(case), **more}),)))
