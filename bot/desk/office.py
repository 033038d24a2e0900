"""An office's calendar: its hours and its days off, kept by whoever works there."""

from bot.turn import Turned
from dialogs.model import N_, SendMessage, SetDayOff, SetHours, Text, Value
from storage import offices
from storage.cases import NotPossible


async def set_hours(turn: Turned, effect: SetHours) -> None:
    _works_in(turn, effect.territory)
    await offices.set_hours(turn.connection, effect.territory, effect.text, effect.sessions)
    turn.record("set_hours", territory=effect.territory, sessions=effect.sessions)
    turn.carried.changed = True


async def set_day_off(turn: Turned, effect: SetDayOff) -> None:
    """Says what came of it; a colleague may have declared the same a moment before, which is no reason to refuse."""
    _works_in(turn, effect.territory)
    everywhere = turn.world.days_off
    if effect.closed:
        me = turn.conversation.person_id
        moved = await offices.set_day_off(turn.connection, effect.territory, effect.day, effect.reason, me, everywhere)
    else:
        moved = await offices.remove_day_off(turn.connection, effect.territory, effect.day, everywhere)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((_noted(effect, moved),)))
    if moved is not None:
        action = "close_day" if effect.closed else "open_day"
        turn.record(action, territory=effect.territory, day=effect.day, deadlines=moved)


def _works_in(turn: Turned, territory: str) -> None:
    """Raises NotPossible for an office of somebody else, or one that this person has left meanwhile."""
    if not territory or all(member.territory != territory for member in turn.conversation.person.memberships):
        raise NotPossible(territory)


def _noted(effect: SetDayOff, moved: int | None) -> Text:
    day: dict[str, Value] = {"day": effect.day, "count": moved or 0}
    if moved is None and effect.closed:
        return Text(N_("%(day)s was a day off already."), day)
    if moved is None:
        return Text(N_("%(day)s was a working day already."), day)
    if effect.closed:
        return Text(
            N_("Noted: closed on %(day)s. %(count)s deadline moves on."),
            day,
            N_("Noted: closed on %(day)s. %(count)s deadlines move on."),
        )
    return Text(
        N_("Noted: open on %(day)s. %(count)s deadline comes back."),
        day,
        N_("Noted: open on %(day)s. %(count)s deadlines come back."),
    )
