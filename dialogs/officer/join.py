"""How officers come in: a one-time invitation, opened in any channel; and how they are invited."""

from dialogs.answers import one_of, text
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    Go,
    Invite,
    Membership,
    Option,
    Role,
    SetName,
    Text,
)
from dialogs.officer.desk import how_many
from dialogs.officer.rights import OF_COMMUNE, answers_for, is_officer, keeps_hours, may_invite
from dialogs.places import territory
from dialogs.producer.place import commune, place_name, province
from dialogs.words import YES

ROLE_WORDS = {
    Role.COMMUNE_OFFICER: N_("commune officer"),
    Role.COMMUNE_APPROVER: N_("commune approver"),
    Role.PROVINCE_OFFICER: N_("provincial officer"),
    Role.ADMINISTRATOR: N_("administrator"),
}
NAME_CHARS = 60


def territory_words(path: str) -> Text | str:
    return place_name(path.rpartition("/")[2]) if path else Text(N_("the whole country"))


def membership_words(member: Membership) -> Text:
    values = {"role": Text(ROLE_WORDS[member.role]), "place": territory_words(member.territory)}
    return Text(N_("• %(role)s: %(place)s"), values)


# ---------------------------------------------------------------- coming in


def nameless(answers: Answers, facts: Facts) -> bool:
    return is_officer(answers, facts) and not facts.person.name


def named(answers: Answers, facts: Facts) -> Effects:
    return (SetName(answers["name"]),)


def what_now(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.person.memberships:
        return (Text(N_("Meanwhile I can show you what I do for producers.")),)
    return (Text(N_("New cases come here by themselves.")), *how_many(facts))


def next_steps(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    menu = Option("menu", Text(N_("Main menu")), ("menu",))
    if not facts.person.memberships:
        return (menu,)
    invite = (Option("invite", Text(N_("Invite an officer")), ("mời cán bộ", "invite")),) if may_invite(facts) else ()
    desk = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))
    hours = (Option("hours", Text(N_("Office hours")), ("giờ làm việc",)),) if keeps_hours(answers, facts) else ()
    return (desk, *hours, *invite, menu)


ASK_NAME = Ask(
    "name",
    N_("What is your name, for your colleagues and the producers?"),
    text(NAME_CHARS, name=True),
    when=nameless,
    then=named,
)
JOINED = Dialog(
    "joined",
    steps=(
        ASK_NAME,
        Ask(
            "next",
            what_now,
            one_of(next_steps),
            goto={"desk": "desk", "hours": "office_hours", "invite": "invite", "menu": "menu"},
        ),
    ),
)


# ---------------------------------------------------------------- inviting


def wanted(answers: Answers) -> Membership:
    role = Role(answers["role"])
    if role is Role.ADMINISTRATOR:
        return Membership(role, "")
    if role is Role.PROVINCE_OFFICER:
        return Membership(role, answers["province"])
    return Membership(role, territory(answers["commune"]))


def invited(answers: Answers, facts: Facts) -> Effects:
    member = wanted(answers)
    return (Invite(member.role, member.territory),) if answers["confirm"] == "make" else ()


def shall_i(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    link = Text(N_("Shall I make a link? It works once, for seven days. Send it to that person only."))
    if not answers_for(facts.person.memberships, wanted(answers)):
        return (membership_words(wanted(answers)), NOT_YOURS)
    return (membership_words(wanted(answers)), link)


NOT_YOURS = Text(N_("You can invite officers only for your own commune or province."))
_ROLES = (
    Option("commune_officer", Text(N_("A commune officer")), ("xã", "cán bộ xã", "commune")),
    Option("commune_approver", Text(N_("A commune approver")), ("lãnh đạo", "người duyệt", "approver")),
    Option("province_officer", Text(N_("A provincial officer")), ("tỉnh", "province")),
    Option("administrator", Text(N_("An administrator")), ("quản trị", "administrator")),
)


def roles(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """One may invite only below one's own level; an administrator whom they like."""
    held = {member.role for member in facts.person.memberships}
    count = 4 if Role.ADMINISTRATOR in held else 2 if Role.PROVINCE_OFFICER in held else 1
    return _ROLES[:count]


def only_role(facts: Facts) -> str:
    """Who may invite only one kind of officer is not asked which."""
    offered = roles({}, facts)
    return offered[0].value if len(offered) == 1 else ""


def own_province(facts: Facts) -> str:
    """Where an officer of one province or commune invites; others are asked."""
    found = {m.territory.partition("/")[0] for m in facts.person.memberships if m.role is not Role.COMMUNE_OFFICER}
    return found.pop() if len(found) == 1 else ""


def own_commune(facts: Facts) -> str:
    """An approver's commune; who invites for more than one is asked."""
    found = {m.territory for m in facts.person.memberships if m.role is not Role.COMMUNE_OFFICER}
    return found.pop().partition("/")[2] if len(found) == 1 else ""


def confirmable(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    no = Option("no", Text(N_("Not now")), ("thôi", "not now"))
    if not answers_for(facts.person.memberships, wanted(answers)):
        return (no,)
    return (Option("make", Text(N_("Make the link")), ("tạo", "make", *YES)), no)


def after_inviting(value: str, answers: Answers, facts: Facts) -> Go | None:
    """The link stands alone: a list of colleagues below it would be copied with it."""
    return None if value == "make" else Go("menu")


_AFTER = (
    Option("invite", Text(N_("Invite somebody else")), ("mời thêm", "mời nữa", "mời người khác", "again")),
    Option("staff", Text(N_("All officers")), ("danh sách", "mọi cán bộ", "list")),
    Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk")),
)
INVITE = Dialog(
    "invite",
    allowed=lambda answers, facts: may_invite(facts),
    up="staff",
    steps=(
        Ask("role", N_("Whom do you want to invite?"), one_of(roles), prefill=only_role),
        Ask(
            "province",
            N_("For which province?"),
            province(),
            when=lambda answers, facts: answers.get("role") != "administrator",
            prefill=own_province,
        ),
        Ask(
            "commune",
            N_("For which commune or ward?"),
            commune(),
            when=lambda answers, facts: answers.get("role") in OF_COMMUNE,
            prefill=own_commune,
            needs=("province",),
        ),
        Ask("confirm", shall_i, one_of(confirmable), then=invited, confirms=True, goto=after_inviting),
        Ask(
            "next",
            N_("What would you like to do?"),
            one_of(_AFTER),
            goto={"invite": "invite", "staff": "staff", "desk": "desk"},
        ),
    ),
)
