"""Lists and reports an officer takes along: the cases of an area for Excel, a month as PDF, the audit of a case."""

from datetime import date, timedelta

from dialogs import places
from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    ExportCases,
    Facts,
    Go,
    Option,
    Person,
    Role,
    SendReport,
    Text,
)
from dialogs.officer.imports import may_import
from dialogs.officer.rights import is_officer

COUNTRY = "all"
"""The whole country's territory is an empty path, which no button can carry."""


AUDITORS = (Role.COMMUNE_APPROVER, Role.PROVINCE_OFFICER, Role.ADMINISTRATOR)
"""Who answers for what others did; an officer's own doings are judged by somebody else."""
AUDIT = Option("audit", Text(N_("Who did what")), ("nhật ký", "xuất nhật ký", "audit"))


def may_audit(case: CaseFacts, person: Person) -> bool:
    """One of AUDITORS for the case's commune; nobody audits what was done to their own case."""
    where = f"{places.territory(case.commune)}/"
    around = (m for m in person.memberships if not m.territory or where.startswith(f"{m.territory}/"))
    return not case.own and any(member.role in AUDITORS for member in around)


def areas(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """One's own areas, each once."""
    territories = dict.fromkeys(member.territory for member in facts.person.memberships)
    return tuple(Option(territory or COUNTRY, _area(territory)) for territory in territories)


def _area(territory: str) -> Text | str:
    """A commune or province by its name; one that is not in the tables any more by its code."""
    if not territory:
        return Text(N_("The whole country"))
    unit = places.commune(territory.rpartition("/")[2]) or places.province(territory)
    name = unit.full_name if unit is not None else territory
    return name[:1].upper() + name[1:]


def several_areas(answers: Answers, facts: Facts) -> bool:
    return len(areas(answers, facts)) > 1


def territory_of(answers: Answers, facts: Facts) -> str:
    chosen = answers.get("area") or areas(answers, facts)[0].value
    return "" if chosen == COUNTRY else chosen


def what_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("%(area)s: what shall I make?"), {"area": _area(territory_of(answers, facts))}),)


def kinds(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """A button's month stays that month, also when the button is pressed in the next one."""
    this = facts.today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    return (
        Option("list", Text(N_("List for Excel")), ("excel", "danh sách", "list")),
        _month(last),
        _month(this),
        *((_IMPORT,) if may_import(answers, facts) else ()),
        Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk")),
    )


_IMPORT = Option("import", Text(N_("Take certificates over")), ("nhập danh sách", "nhập giấy chứng nhận", "import"))


def _month(first: date) -> Option:
    words = f"{first.month}/{first.year}"
    return Option(f"{first:%Y-%m}", Text(N_("Report for %(month)s"), {"month": words}), (words, f"tháng {first.month}"))


def ordered(answers: Answers, facts: Facts) -> Effects:
    territory = territory_of(answers, facts)
    match answers["what"]:
        case "list":
            return (ExportCases(territory),)
        case "desk" | "import":
            return ()
    return (SendReport(territory, date.fromisoformat(f"{answers['what']}-01")),)


REPORTS = Dialog(
    "reports",
    allowed=is_officer,
    linked=True,
    up="desk",
    steps=(
        Ask("area", N_("Which area?"), one_of(areas), when=several_areas),
        Ask(
            "what",
            what_words,
            one_of(kinds),
            then=ordered,
            goto=lambda value, answers, facts: Go("import" if value == "import" else "desk"),
        ),
    ),
)
