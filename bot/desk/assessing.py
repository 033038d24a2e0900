"""The commune's part of a dossier is kept, and made into papers."""

from bot.desk.decisions import decidable
from bot.desk.documents import carries_files, send
from bot.turn import Refused, Turned, facts_of, fresh_case
from dialogs.model import N_, AssessTopic, MakeReport, SendMessage, Text
from dialogs.officer.assess import fits, has_report, is_asked, items, number_of
from dialogs.producer.own_score import sheet_of
from dialogs.rules.lifecycle import moves_from
from dialogs.rules.ruleset import ruleset
from storage import assessments, cases

OTHER_SHEET = Text(
    N_("The kind of product has changed meanwhile, so its sheet has other choices. Please look at the topic again.")
)
MADE = Text(N_("Here are report form 03, the proposal letter and the bound dossier. Sign them on paper as usual."))


async def assess(turn: Turned, effect: AssessTopic) -> None:
    """What the dialog has read is checked once more: who may, and that the option is one of this case's sheet."""
    before = facts_of(turn, effect.code)
    if not is_asked(before):
        raise cases.NotPossible(effect.code)
    passing = next(m for m in moves_from(before.status, ruleset(before.ruleset).levels) if m.assessed)
    case = await decidable(turn, effect.code, passing.action, before.status)
    now, said = await fresh_case(turn, effect.code), effect.assessed
    sheet = sheet_of(now)
    if said.product_set != number_of(sheet):
        raise Refused(OTHER_SHEET)
    item = next((item for item in items(now) if item.topic == said.topic), None)
    if item is None or not fits(said, sheet, item.criterion):
        raise cases.NotPossible(effect.code)
    await assessments.assess(turn.connection, case.id, turn.conversation.person_id, said, turn.now)
    turn.record("assess", effect.code, topic=said.topic)  # not the option: the producer may read the audit
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("Noted.")),)))


def make_report(turn: Turned, effect: MakeReport) -> None:
    """For whoever may see what the commune found, once all of it is there; each is a file of its own."""
    case = facts_of(turn, effect.code)
    if case.own or not has_report(case):
        raise cases.NotPossible(effect.code)
    if not carries_files(turn):
        return
    turn.record("make_report", effect.code)
    names = {"report_03": "bao-cao-mau-03.docx", "letter": "to-trinh.docx", "dossier": "bo-ho-so.pdf"}
    specs = ({"made": made, "code": case.code, "name": f"{case.code} {name}"} for made, name in names.items())
    send(turn, MADE, *specs)
