"""Communes that merge: their cases, officers and producers move to the new one, in one transaction.

Case codes stay as they are: people have them on paper. What a conversation stands at stays too, since it names cases
and people by codes and numbers that do not change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.desk.staff import OPEN_DESK
from bot.turn import notice
from bot.world import World
from dialogs import places
from dialogs.model import N_, SendMessage, Text
from dialogs.producer.place import place_name
from storage import audit, people, staff
from storage.calendar import days_off_of
from storage.database import writing
from storage.mergers import merger_of, merger_row
from storage.models import case_events, cases, days_off, memberships, notes, notices, offices, requests, settings
from storage.models import people as people_table
from storage.outbox import post
from storage.records import upsert


class NotMergeable(Exception):
    """Why these communes can't be merged so, in one line for whoever runs the command."""


class _OnlyLooked(Exception):
    """Takes a trial run back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one former commune brought along, by kind."""

    code: str
    name: str
    counts: Mapping[str, int]


async def merge(
    engine: AsyncEngine, world: World, old: Sequence[str], new: str, *, dry_run: bool = False
) -> tuple[Moved, ...]:
    """Move what the old communes have to the new one, and tell the officers of all of them.

    Raises NotMergeable, having changed nothing. A second run moves only what came in between; where that is nothing
    it changes nothing and tells nobody.
    """
    moved: tuple[Moved, ...] = ()
    try:
        async with writing(engine) as connection:
            moved = await _merged(connection, world, tuple(dict.fromkeys(old)), new)
            if dry_run:
                raise _OnlyLooked
    except _OnlyLooked:
        pass
    return moved


async def _merged(connection: AsyncConnection, world: World, old: Sequence[str], new: str) -> tuple[Moved, ...]:
    names = [await _checked(connection, code, new) for code in old]
    now, path = world.clock(), places.territory(new)
    moved = []
    for code, name in zip(old, names, strict=True):
        counts = await _move(connection, code, new, now)
        moved.append(Moved(code, name, counts))
    await _free_what_nobody_there_can_do(connection, path, now)
    if any(any(one.counts.values()) for one in moved):
        await _tell(connection, world, moved, new)
        details = {"into": new, **{one.code: dict(one.counts) for one in moved}}
        await audit.record(connection, [audit.Entry("merge", None, "", details=details)], now)
    return tuple(moved)


async def _checked(connection: AsyncConnection, code: str, new: str) -> str:
    """What the old commune is called."""
    if places.commune(new) is None:
        raise NotMergeable(f"There is no commune {new}. Codes are in dialogs/rules/communes.tsv.")
    if code == new:
        raise NotMergeable(f"{code} can't be merged into itself.")
    if (gone := await merger_of(connection, new)) is not None:
        raise NotMergeable(f"{new} itself has merged into {gone.into}.")
    before = await merger_of(connection, code)
    if before is not None and before.into != new:
        raise NotMergeable(f"{code} has merged into {before.into} already.")
    unit = places.commune(code)
    if unit is None and before is None and not await _is_about(connection, code):
        raise NotMergeable(f"There is no commune {code}: neither in dialogs/rules/communes.tsv nor in the database.")
    return unit.full_name if unit is not None else before.name if before is not None else code


async def _is_about(connection: AsyncConnection, code: str) -> bool:
    """Whether anything here has the code of a commune that a later release does not know any more."""
    found = (
        select(literal(1)).where(cases.c.commune == code).exists(),
        select(literal(1)).where(_of(memberships, code)).exists(),
        select(literal(1)).where(people_table.c.commune == code).exists(),
    )
    return bool((await connection.execute(select(or_(*found)))).scalar_one())


def _of(table: Any, code: str) -> Any:
    """Rows of a commune's path, whatever province it was in."""
    return table.c.territory.like(f"__/{code}")


async def _move(connection: AsyncConnection, code: str, new: str, now: datetime) -> dict[str, int]:
    """In this order: who is just handing something in holds their own row of people, and is waited for with it.

    What they hand in is then there when the cases move.
    """
    row = merger_row(code, new)
    remember = upsert(connection, settings).values(row).on_conflict_do_nothing()
    await connection.execute(remember)
    producers = await connection.execute(update(people_table).where(people_table.c.commune == code).values(commune=new))
    officers = await _move_officers(connection, code, new, now)
    told = update(notices).where(_of(notices, code)).values(territory=places.territory(new))
    await connection.execute(told)  # of those that can't be delivered the next in charge is looked for there
    await connection.execute(update(requests).where(requests.c.commune == code).values(commune=new))
    return {
        "cases": await _move_cases(connection, code, new, now),
        "officers": officers,
        "producers": producers.rowcount,
        "notes": (await connection.execute(update(notes).where(notes.c.commune == code).values(commune=new))).rowcount,
        "office hours": await _move_rows(connection, offices, code, new),
        "days off": await _move_rows(connection, days_off, code, new),
    }


async def _move_cases(connection: AsyncConnection, code: str, new: str, now: datetime) -> int:
    line = select(
        cases.c.id,
        literal("move"),
        cases.c.status,
        cases.c.status,
        literal(place_name(new)),
        literal(now, type_=_MOMENT),
    ).where(cases.c.commune == code)
    columns = ["case_id", "action", "from_status", "to_status", "reason", "happened_at"]
    await connection.execute(insert(case_events).from_select(columns, line))
    path = places.territory(new)
    values = {"commune": new, "territory": path, "province": path.partition("/")[0], "updated_at": now}
    values["product_serial"] = None  # its numbers are the new commune's from now on
    return (await connection.execute(update(cases).where(cases.c.commune == code).values(values))).rowcount


_MOMENT = case_events.c.happened_at.type


async def _move_officers(connection: AsyncConnection, code: str, new: str, now: datetime) -> int:
    """Who has the same role in both has it once."""
    path, there = places.territory(new), memberships.alias("there")
    has_it = exists().where(
        there.c.person_id == memberships.c.person_id,
        there.c.role == memberships.c.role,
        there.c.territory == path,
        there.c.removed_at.is_(None),
    )
    standing = (_of(memberships, code), memberships.c.removed_at.is_(None))
    twice = await connection.execute(update(memberships).where(*standing, has_it).values(removed_at=now))
    moved = await connection.execute(update(memberships).where(*standing).values(territory=path))
    return twice.rowcount + moved.rowcount


async def _move_rows(connection: AsyncConnection, table: Any, code: str, new: str) -> int:
    """Office hours and days off; where the new commune has its own, those hold."""
    gone = await connection.execute(delete(table).where(_of(table, code)).returning(*table.c))
    rows = [{**row._mapping, "territory": places.territory(new)} for row in gone]
    if rows:
        await connection.execute(upsert(connection, table).on_conflict_do_nothing(), rows)
    return len(rows)


async def _free_what_nobody_there_can_do(connection: AsyncConnection, path: str, now: datetime) -> None:
    """A case in the hand of another province's officer would wait for nobody."""
    statement = select(cases.c.holder_id).where(cases.c.territory == path, cases.c.holder_id.is_not(None)).distinct()
    for holder in (await connection.execute(statement.order_by(cases.c.holder_id))).scalars().all():
        held = await staff.held_by(connection, holder, cases.c.territory == path)
        keeps = {case.id for case in await staff.able(connection, holder, held)}
        await staff.put_into_hand(connection, [case for case in held if case.id not in keeps], None, None, "", now)


async def _tell(connection: AsyncConnection, world: World, moved: Collection[Moved], new: str) -> None:
    """To everybody who works in the new commune now."""
    path = places.territory(new)
    which = (memberships.c.territory == path, memberships.c.removed_at.is_(None))
    officers = (await connection.execute(select(memberships.c.person_id).where(*which).distinct())).scalars().all()
    values = {
        "former": ", ".join(one.name for one in moved),
        "place": place_name(new),
        "count": sum(one.counts["cases"] for one in moved),
    }
    texts = (
        Text(N_("%(former)s has merged into %(place)s."), values),
        Text(
            N_("%(count)s case has moved along, with its code as before."),
            values,
            N_("%(count)s cases have moved along, with their codes as before."),
        ),
        Text(N_("You find them on your desk; officers of both communes see the same from now on.")),
    )
    said = [SendMessage(texts, links=(OPEN_DESK,))]
    closed = (await days_off_of(connection, [path]))[path]
    due_at = world.awake_at(world.clock(), closed)
    chats = await people.chats_of(connection, officers)
    await post(connection, [notice(world, chat, said, due_at) for chat in chats])


def report(moved: Sequence[Moved], new: str, *, dry_run: bool) -> list[str]:
    """For the terminal: one line a commune, then what that means."""
    lines = [f"{one.code} {one.name} -> {new} {place_name(new)}: {_counted(one.counts)}." for one in moved]
    if dry_run:
        return [*lines, "A trial run: nothing was changed. Run it without --dry-run to move all this."]
    if not any(any(one.counts.values()) for one in moved):
        return [*lines, "There was nothing to move. Posters of the former communes lead to the new one."]
    return [*lines, "Open invitations of the former communes are void. The officers have been told."]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to move"
