"""Who works at a desk: invitations, names, leave and its cover, handing over, taking a role back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.turn import Turned, tell_officers
from dialogs import places
from dialogs.model import (
    N_,
    HandOver,
    Link,
    Membership,
    RemoveOfficer,
    Role,
    SendMessage,
    TakeLeave,
    Text,
    Value,
)
from dialogs.officer.join import NOT_YOURS, membership_words, territory_words
from dialogs.officer.rights import answers_for
from dialogs.officer.staff import LONGEST_LEAVE_DAYS, days_words, name_words
from dialogs.producer.place import place_name
from storage import mergers, people, staff
from storage.cases import NotPossible
from storage.models import cases as case_table
from storage.records import VIETNAM
from storage.rights import covers

OPEN_DESK = Link("desk", Text(N_("My desk")), "/desk")
OPEN_LEAVE = Link("leave", Text(N_("Leave")), "nghỉ phép")


def _said(turn: Turned, *texts: Text) -> None:
    turn.carried.said.append(SendMessage(texts))


async def _tell(turn: Turned, territory: str, person_ids: Sequence[int], texts: tuple[Text, ...], *links: Link) -> None:
    await tell_officers(turn, territory, person_ids, SendMessage(texts, links=links))


def _office(turn: Turned) -> str:
    """The first of this officer's territories, whose days off hold what is told."""
    return turn.conversation.person.memberships[0].territory


def _person(turn: Turned, person_id: int) -> int:
    """The person an effect means: 0 is the one of this turn."""
    return person_id or turn.conversation.person_id


async def _my_name(turn: Turned) -> Text | str:
    return name_words(turn.conversation.person.name)


# ---------------------------------------------------------------- coming in


async def set_name(turn: Turned, name: str) -> None:
    await people.set_person(turn.connection, turn.conversation.person_id, name=name)
    turn.conversation.person = replace(turn.conversation.person, name=name)
    turn.carried.changed = True


async def set_place(turn: Turned, commune: str) -> None:
    """Where a producer works; a commune that was merged since its poster was printed leads to the new one."""
    turn.carried.changed = True
    merger = await mergers.merger_of(turn.connection, commune)
    if merger is not None:
        _said(turn, _now_belongs(merger))
        commune = merger.into
    if turn.conversation.person.commune not in ("", commune):
        _said(turn, Text(N_("All right, you work in %(place)s now."), {"place": place_name(commune)}))
    await people.set_person(turn.connection, turn.conversation.person_id, commune=commune)
    turn.conversation.person = replace(turn.conversation.person, commune=commune)


def _now_belongs(merger: mergers.Merger) -> Text:
    return Text(N_("%(former)s now belongs to %(place)s."), {"former": merger.name, "place": place_name(merger.into)})


async def use_invitation(turn: Turned, token: str) -> None:
    turn.carried.changed = True
    invitation = await people.invitation_of(turn.connection, token)
    if invitation is not None and (gone := await _gone(turn, invitation.territory)) is not None:
        _said(turn, gone)
        return
    member = await people.use_invitation(turn.connection, token, turn.conversation.person_id, turn.now)
    if member is None:
        _said(turn, _why_not(turn, await people.invitation_of(turn.connection, token)))
        return
    found = await staff.memberships_of(turn.connection, [turn.conversation.person_id])
    mine = (*turn.conversation.person.memberships, *found[turn.conversation.person_id])
    turn.conversation.person = replace(turn.conversation.person, memberships=tuple(dict.fromkeys(mine)))
    turn.record("join", role=str(member.role), territory=member.territory)
    _said(turn, Text(N_("Welcome! You are registered as:")), membership_words(member))


async def _gone(turn: Turned, territory: str) -> Text | None:
    """What became of an invitation's commune, if there is none of that code any more."""
    code = territory.partition("/")[2]
    if not code:
        return None
    merger = await mergers.merger_of(turn.connection, code)
    if merger is not None:
        return Text(
            N_("%(former)s has merged into %(place)s, so this invitation can't be used. Please ask for a new link."),
            {"former": merger.name, "place": place_name(merger.into)},
        )
    if places.commune(code) is None:
        return Text(N_("The commune of this invitation is no more. Please ask for a new link."))
    return None


def _why_not(turn: Turned, invitation: Any) -> Text:
    if invitation is None:
        return Text(
            N_("I don't know this invitation; perhaps a part of the link is missing. Please ask for a new one.")
        )
    if invitation.used_by == turn.conversation.person_id:
        return Text(N_("You have used this invitation already."))
    if invitation.used_at is not None:
        return Text(N_("This invitation has been used already; each works once. Please ask for a new one."))
    day = invitation.expires_at.astimezone(VIETNAM).date()
    return Text(N_("This invitation ran out on %(day)s. Please ask for a new one."), {"day": day})


async def invite(turn: Turned, role: Role, territory: str) -> None:
    """The dialog offered only what this person may invite; the links open in each channel that is on."""
    code = territory.partition("/")[2]
    merger = await mergers.merger_of(turn.connection, code) if code else None
    if merger is not None:
        _said(turn, _now_belongs(merger))
        territory = await mergers.today_of(turn.connection, territory)
    if not answers_for(turn.conversation.person.memberships, Membership(role, territory)):
        _said(turn, NOT_YOURS)
        return
    token = await people.invite(turn.connection, role, territory, turn.now)
    turn.record("invite", role=str(role), territory=territory)
    links = "\n".join(turn.world.bot_link(f"i-{token}"))
    how = Text(N_("Send this to the new officer, who opens it, or pastes it into the chat with me:"))
    _said(turn, how, Text("%(links)s", {"links": links}))


# ---------------------------------------------------------------- leave


async def take_leave(turn: Turned, effect: TakeLeave) -> None:
    """The cover is one of those the dialog offers, and there on all of these days."""
    connection, me, today = turn.connection, turn.conversation.person_id, turn.facts.today
    own = await staff.own_memberships(connection, me)
    offered = {one.person_id for one in await staff.covers_for(connection, me, own)}
    days = (effect.last_on - effect.first_on).days
    if not (today <= effect.first_on and 0 <= days <= LONGEST_LEAVE_DAYS) or effect.cover_id not in offered:
        raise NotPossible("leave")
    await staff.locked_roles(connection, effect.cover_id)  # whoever takes it back now waits, and ends the leave
    name = name_words(await staff.name_of(connection, effect.cover_id))
    turn.carried.changed = True
    if await staff.is_away(connection, effect.cover_id, effect.first_on, effect.last_on):
        _said(turn, Text(N_("%(name)s is on leave then too. Please choose somebody else."), {"name": name}))
        return
    before = await staff.take_leave(connection, me, effect.cover_id, effect.first_on, effect.last_on, turn.now)
    await _give_back(turn, before)
    turn.carried.timers.append(_when_over(turn, effect.last_on))
    turn.record("leave", cover=effect.cover_id, first=str(effect.first_on), last=str(effect.last_on))
    days_away = days_words(effect.first_on, effect.last_on)
    values: dict[str, Value] = {"days": days_away, "name": await _my_name(turn)}
    told = Text(N_("%(name)s is on leave %(days)s, and you cover."), values)
    work = Text(N_("On these days the open and new cases come to you:"))
    await _tell(turn, own[0].territory, [effect.cover_id], (told, work, *map(membership_words, own)), OPEN_DESK)
    changed = Text(N_("%(name)s has changed their leave, so you do not cover for them any more."), values)
    await _tell(turn, own[0].territory, [one for one in before if one != effect.cover_id], (changed,), OPEN_DESK)
    _said(turn, Text(N_("✅ Noted. %(name)s has been told."), {"name": name}))


def _when_over(turn: Turned, last_on: date) -> dict[str, Any]:
    """The first moment of the day after."""
    due = datetime.combine(last_on + timedelta(days=1), time(), VIETNAM)
    return {
        "conversation_id": turn.conversation.id,
        "kind": "leave",
        "subject": str(last_on),
        "turn": turn.conversation.state.turn,
        "due_at": due,
    }


async def end_leave(turn: Turned) -> None:
    me = turn.conversation.person_id
    covers = await staff.end_leave(turn.connection, me, turn.facts.today, turn.now)
    turn.carried.changed = True
    if not covers:
        _said(turn, Text(N_("No leave of yours is noted, so nothing has changed.")))
        return
    await _give_back(turn, covers)
    turn.record("leave_end")
    told = Text(N_("%(name)s is back: their cases go to them again."), {"name": await _my_name(turn)})
    await _tell(turn, _office(turn), covers, (told,), OPEN_DESK)
    _said(turn, Text(N_("✅ Welcome back. Open and new cases come to you again.")))


async def leave_over(turn: Turned) -> None:
    """Also days late, when nothing ran at its moment."""
    await _give_back(turn, await staff.former_covers(turn.connection, turn.conversation.person_id, turn.facts.today))


async def _give_back(turn: Turned, covers: Sequence[int]) -> None:
    """What a cover has taken meanwhile and may not go on with any more comes into the hand of who was away."""
    me, connection = turn.conversation.person_id, turn.connection
    own = await staff.own_memberships(connection, me)
    places_ = [member.territory for member in own]
    for cover in covers:
        held = await staff.held_by(connection, cover, case_table.c.territory.in_(places_))
        keeps = {case.id for case in await staff.able_today(connection, cover, held, turn.facts.today)}
        back = await staff.able(connection, me, [case for case in held if case.id not in keeps])
        await staff.put_into_hand(connection, back, me, me, turn.conversation.channel, turn.now)


# ---------------------------------------------------------------- handing over, and leaving for good


async def hand_over(turn: Turned, effect: HandOver) -> None:
    """All open cases of a person that this one answers for, as far as the receiver may go on with them."""
    connection, me = turn.connection, turn.conversation.person_id
    from_id, to_id = _person(turn, effect.from_id), _person(turn, effect.to_id)
    roles = await staff.own_memberships(connection, from_id)
    mine = turn.conversation.person.memberships
    within = [role for role in roles if from_id == me or answers_for(mine, role)]
    if not within or from_id == to_id or not await staff.own_memberships(connection, to_id):
        raise NotPossible("hand over")
    held = [case for case in await staff.held_by(connection, from_id) if covers(within, case.territory)]
    given = await staff.able(connection, to_id, held)
    await staff.put_into_hand(connection, given, to_id, me, turn.conversation.channel, turn.now)
    turn.carried.changed = True
    for case in given:  # each for itself, so that the audit of a case tells it
        turn.record("hand_over", case.code, from_person=from_id, to_person=to_id)
    to = name_words(await staff.name_of(connection, to_id))
    _said(turn, _given(len(given), to))
    if len(given) < len(held):
        _said(turn, _stayed(len(held) - len(given), to))
    await _told_of_cases(turn, within[0].territory, from_id, to_id, len(given))
    if from_id != me and given:
        texts = (Text(N_("The cases in your hand were given to %(name)s."), {"name": to}),)
        await _tell(turn, within[0].territory, [from_id], texts, OPEN_DESK)


def _given(count: int, to: Text | str) -> Text:
    return Text(
        N_("✅ %(count)s case given to %(name)s."),
        {"count": count, "name": to},
        N_("✅ %(count)s cases given to %(name)s."),
    )


def _stayed(count: int, to: Text | str) -> Text:
    return Text(
        N_("%(count)s case stays where it is: %(name)s may not decide on it."),
        {"count": count, "name": to},
        N_("%(count)s cases stay where they are: %(name)s may not decide on them."),
    )


async def _told_of_cases(turn: Turned, territory: str, from_id: int, to_id: int, count: int) -> None:
    """The receiver hears how many there are, unless it was they who took them."""
    if not count or to_id == turn.conversation.person_id:
        return
    values: dict[str, Value] = {"count": count, "name": name_words(await staff.name_of(turn.connection, from_id))}
    told = Text(
        N_("%(count)s case of %(name)s is in your hand now."),
        values,
        N_("%(count)s cases of %(name)s are in your hand now."),
    )
    await _tell(turn, territory, [to_id], (told,), OPEN_DESK)


async def remove(turn: Turned, effect: RemoveOfficer) -> None:
    """End a person's roles in a territory; what they had in hand there goes to somebody, or is free again."""
    connection, me, now = turn.connection, turn.conversation.person_id, turn.now
    person = _person(turn, effect.person_id)
    mine = turn.conversation.person.memberships
    rows = await staff.locked_roles(connection, person, effect.territory)
    ended = [r for r in rows if r.person_id == person and (person == me or answers_for(mine, _role(r)))]
    if not ended:
        raise NotPossible("remove")
    turn.carried.changed = True
    if _is_last_administrator(rows, person):
        _said(turn, Text(N_("There is no other administrator. Please invite one first; nothing has changed.")))
        return
    held = await staff.held_by(connection, person)
    nothing_left = await staff.take_back(connection, [row.id for row in ended], person, now)
    await _free(turn, person, held, effect)
    if nothing_left:
        await _without_cover(turn, effect.territory, person)
    turn.record("remove", person=person, territory=effect.territory)
    place = territory_words(effect.territory)
    if person == me:
        await _forget_rights(turn)
        _said(turn, Text(N_("You have no role in %(place)s any more. Thank you for your work."), {"place": place}))
        return
    values: dict[str, Value] = {"name": name_words(await staff.name_of(connection, person)), "place": place}
    _said(turn, Text(N_("✅ %(name)s has no role in %(place)s any more, and has been told."), values))
    told = Text(N_("Your role in %(place)s has ended, so its cases do not come to you any more."), {"place": place})
    thanks = Text(N_("Thank you for your work. As a producer you may write to me at any time."))
    await _tell(turn, effect.territory, [person], (told, thanks))


def _role(row: Any) -> Membership:
    return Membership(Role(row.role), row.territory)


def _is_last_administrator(rows: Sequence[Any], person: int) -> bool:
    administrators = {row.person_id for row in rows if row.role == str(Role.ADMINISTRATOR)}
    return administrators == {person}


async def _free(turn: Turned, person: int, held: Sequence[Any], effect: RemoveOfficer) -> None:
    """Of what somebody had in hand that which they may not go on with now."""
    connection, channel = turn.connection, turn.conversation.channel
    keeps = {case.id for case in await staff.able(connection, person, held)}
    lost = [case for case in held if case.id not in keeps]
    given: list[Any] = []
    if effect.to_id is not None:
        to = _person(turn, effect.to_id)
        given = await staff.able(connection, to, lost) if to != person else []
        await staff.put_into_hand(connection, given, to, turn.conversation.person_id, channel, turn.now)
        await _told_of_cases(turn, effect.territory, person, to, len(given))
    taken = {case.id for case in given}
    free = [case for case in lost if case.id not in taken]
    await staff.put_into_hand(connection, free, None, turn.conversation.person_id, channel, turn.now)


async def _without_cover(turn: Turned, territory: str, person: int) -> None:
    """Who was to be covered by somebody without any role does the work again, and hears it at once."""
    alone = await staff.end_leaves_covered_by(turn.connection, person, turn.facts.today, turn.now)
    name = name_words(await staff.name_of(turn.connection, person))
    texts = (
        Text(N_("%(name)s can't cover for you any more, so the cases come to you again."), {"name": name}),
        Text(N_("Please choose somebody else for your leave.")),
    )
    await _tell(turn, territory, [one for one in alone if one != person], texts, OPEN_LEAVE)


async def _forget_rights(turn: Turned) -> None:
    me = turn.conversation.person_id
    left = await staff.memberships_of(turn.connection, [me])
    turn.conversation.person = replace(turn.conversation.person, memberships=left.get(me, ()))
