"""The rounds that provinces hold beside those of the law, and into which a dossier goes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Membership, Role
from dialogs.rules.lifecycle import limit_of
from dialogs.rules.rounds import Round, next_round, of_year, planned
from dialogs.rules.ruleset import Ruleset, ruleset
from storage.models import cases, rounds
from storage.waiting import wait_again

if TYPE_CHECKING:
    from storage.records import Conversation


DIALOG = "rounds"


def shows_rounds(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) == DIALOG


async def rounds_at(connection: AsyncConnection, members: Iterable[Membership]) -> tuple[Round, ...]:
    """A provincial officer's province's own, in order."""
    found = await own_rounds(connection, [m.territory for m in members if m.role is Role.PROVINCE_OFFICER][:1])
    return tuple(sorted(one for ones in found.values() for one in ones))


async def own_rounds(
    connection: AsyncConnection, provinces: Collection[str], *, held: bool = False
) -> Mapping[str, tuple[Round, ...]]:
    """By province; each of those asked for has an entry. `held`: none is dropped before this transaction ends."""
    found: dict[str, tuple[Round, ...]] = dict.fromkeys(provinces, ())
    statement = select(rounds).where(rounds.c.province.in_(found))
    for row in await connection.execute(statement.with_for_update(read=True) if held else statement):
        one = Round(row.proposals_before, row.results_before, row.number, own=True)
        found[row.province] = (*found[row.province], one)
    return found


async def round_now(connection: AsyncConnection, province: str, rules: Ruleset, day: date) -> Round | None:
    """Into which a dossier of this province goes that is sent up on this day; it stays until that is committed."""
    return next_round(rules, day, (await own_rounds(connection, [province], held=True))[province])


def outside_rounds(row: Any) -> bool:
    """Whether the rules of a case give its rating days of its own, counted from when it is sent up."""
    limit = limit_of(ruleset(row.ruleset), "forwarded", row.purpose)
    return limit is not None and limit.days is not None


def _goes_into_one(row: Any) -> bool:
    return row.status == "dossier_checked" and not outside_rounds(row)


async def rounds_of(connection: AsyncConnection, rows: Iterable[Any], today: date) -> Mapping[int, Round]:
    """By id of the case: the round it was sent up for, or would be today if that is what comes next."""
    known = {row.id: laws for row in rows if row.round and (laws := _law_s(row))}
    asked = [row for row in rows if row.id not in known and (row.round or _goes_into_one(row))]
    if not asked:
        return known
    own = await own_rounds(connection, {row.province for row in asked})
    found = {row.id: _own_or_next(row, own[row.province], today) for row in asked}
    return known | {case_id: one for case_id, one in found.items() if one is not None}


def _law_s(row: Any) -> Round | None:
    year = int(row.round.partition("/")[2])
    return next((one for one in of_year(ruleset(row.ruleset), year) if one.name == row.round), None)


def _own_or_next(row: Any, own: Iterable[Round], today: date) -> Round | None:
    if row.round:
        return next((one for one in own if one.name == row.round), None)
    return next_round(ruleset(row.ruleset), today, own)


async def set_round(
    connection: AsyncConnection,
    province: str,
    rules: Ruleset,
    proposals_before: date,
    results_before: date,
    author_id: int,
    now: datetime,
) -> Round:
    """Raises dialogs.rules.rounds.WrongRound. Of two at the same moment the second finds its number taken and fails."""
    known = (await own_rounds(connection, [province]))[province]
    new = planned(rules, proposals_before, results_before, known)
    row = {
        "province": province,
        "year": proposals_before.year,
        "number": new.number,
        "proposals_before": proposals_before,
        "results_before": results_before,
        "author_id": author_id,
        "made_at": now,
    }
    await connection.execute(insert(rounds).values(row))
    return new


async def drop_round(connection: AsyncConnection, province: str, name: str, today: date) -> bool:
    """Whether there was one of this name ("3/2026") in which no dossier is. Who was asked because of it waits again.

    Locked first: only a statement that begins after the lock sees the dossier of whoever held the round before.
    """
    number, _, year = name.partition("/")
    which = (rounds.c.province == province, rounds.c.year == int(year), rounds.c.number == int(number))
    await connection.execute(select(rounds.c.number).where(*which).with_for_update())
    used = exists().where(cases.c.province == province, cases.c.round == name)
    dropped = bool((await connection.execute(delete(rounds).where(*which, ~used))).rowcount)
    if dropped:
        await wait_again(connection, province, today)
    return dropped
