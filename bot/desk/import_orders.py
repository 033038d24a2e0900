"""What a provincial officer orders about a list of certificates; the work itself is bot.imports'."""

from bot.desk.documents import carries_files, send
from bot.turn import Refused, Turned
from dialogs.model import N_, AskImport, Role, SendMessage, Text
from storage import cases, imports

FORM_NAME = "mau-danh-sach-giay-chung-nhan.xlsx"
OTHER_LIST = Text(N_("That list does not wait for a yes any more. Please send it again."))
CONFIRMED = Text(N_("I am taking the certificates over. I write as soon as all are here."))


def send_form(turn: Turned) -> None:
    if carries_files(turn):
        send(turn, Text(N_("Here is the form. One line is one product.")), {"made": "import form", "name": FORM_NAME})


async def ask(turn: Turned, effect: AskImport) -> None:
    """Raises NotPossible outside one's own province, and for a file that is not one's own."""
    _check_province(turn, effect.province)
    if not await cases.owned(turn.connection, turn.conversation.person_id, [[effect.file_id, 0]]):
        raise cases.NotPossible(effect.file_id)
    number = await imports.ask(turn.connection, effect.province, effect.file_id, turn.conversation.person_id, turn.now)
    turn.record("import_asked", territory=effect.province, list=number)


async def confirm(turn: Turned, number: int) -> None:
    found = await imports.list_of(turn.connection, number)
    if found is None:
        raise cases.NotPossible("list")
    _check_province(turn, found.province)
    if not await imports.confirm(turn.connection, number, turn.conversation.person_id):
        raise Refused(OTHER_LIST)
    turn.record("import_confirmed", territory=found.province, list=number, **found.found)
    turn.carried.said.append(SendMessage((CONFIRMED,)))


def _check_province(turn: Turned, province: str) -> None:
    members = turn.conversation.person.memberships
    if not any(m.role is Role.PROVINCE_OFFICER and m.territory == province for m in members):
        raise cases.NotPossible(province)
