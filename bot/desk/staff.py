"""Who works at a desk, and when: invitations, office hours."""

from dataclasses import replace

from bot.turn import Turned
from dialogs.model import N_, Role, SendMessage, Text
from storage import people


async def set_hours(turn: Turned, text: str) -> None:
    for member in turn.conversation.person.memberships:
        if member.role is Role.COMMUNE_OFFICER:
            await people.set_hours(turn.connection, member.territory, text)
    turn.carried.changed = True


async def use_invitation(turn: Turned, token: str) -> None:
    member = await people.use_invitation(turn.connection, token, turn.conversation.person_id, turn.now)
    turn.carried.changed = True
    if member is not None:
        person = turn.conversation.person
        turn.conversation.person = replace(person, memberships=(*person.memberships, member))


async def invite(turn: Turned, role: Role, territory: str) -> None:
    """The dialog offered only what this person may invite; the links open in each channel that is on."""
    may = any(
        m.role is Role.ADMINISTRATOR or (m.role is Role.PROVINCE_OFFICER and territory.startswith(f"{m.territory}/"))
        for m in turn.conversation.person.memberships
    )
    if not may:
        turn.carried.said.append(SendMessage((Text(N_("You can invite officers only within your own province.")),)))
        return
    token = await people.invite(turn.connection, role, territory, turn.now)
    links = "\n".join(turn.world.bot_link(f"i-{token}"))
    turn.carried.said.append(
        SendMessage((Text(N_("Send this to the new officer:")), Text("%(links)s", {"links": links})))
    )
