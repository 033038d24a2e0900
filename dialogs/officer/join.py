"""How officers come in: a one-time invitation, opened in any channel; and how they are invited."""

from dialogs.answers import one_of
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
    Text,
)
from dialogs.officer.desk import how_many
from dialogs.officer.rights import keeps_hours
from dialogs.places import territory
from dialogs.producer.menu import may_invite
from dialogs.producer.place import commune, place_name, province

ROLE_WORDS = {
    Role.COMMUNE_OFFICER: N_("commune officer"),
    Role.PROVINCE_OFFICER: N_("provincial officer"),
    Role.ADMINISTRATOR: N_("administrator"),
}


def membership_words(member: Membership) -> Text:
    place = place_name(member.territory.rpartition("/")[2]) if member.territory else Text(N_("the whole country"))
    return Text(N_("• %(role)s: %(place)s"), {"role": Text(ROLE_WORDS[member.role]), "place": place})


def who_you_are(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.person.memberships:
        return (
            Text(N_("This invitation is used up or too old. Please ask for a new one.")),
            Text(N_("Meanwhile I can show you what I do for producers.")),
        )
    return (
        Text(N_("Welcome! You are registered as:")),
        *(membership_words(member) for member in facts.person.memberships),
        Text(N_("New cases come here by themselves.")),
        *how_many(facts),
    )


def next_steps(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    menu = Option("menu", Text(N_("Main menu")), ("menu",))
    if not facts.person.memberships:
        return (menu,)
    invite = (Option("invite", Text(N_("Invite an officer")), ("mời cán bộ", "invite")),) if may_invite(facts) else ()
    desk = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))
    hours = (Option("hours", Text(N_("Office hours")), ("giờ làm việc",)),) if keeps_hours(answers, facts) else ()
    return (desk, *hours, *invite, menu)


JOINED = Dialog(
    "joined",
    steps=(
        Ask(
            "next",
            who_you_are,
            one_of(next_steps),
            goto={"desk": "desk", "hours": "office_hours", "invite": "invite", "menu": "menu"},
        ),
    ),
)


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
    return (membership_words(wanted(answers)), link)


def roles(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """One may invite only below one's own level."""
    below = Option("commune_officer", Text(N_("For a commune")), ("xã", "commune"))
    if not any(m.role is Role.ADMINISTRATOR for m in facts.person.memberships):
        return (below,)
    return (
        below,
        Option("province_officer", Text(N_("For a province")), ("tỉnh", "province")),
        Option("administrator", Text(N_("An administrator")), ("quản trị", "administrator")),
    )


def own_province(facts: Facts) -> str:
    """A provincial officer invites within her own province; an administrator is asked."""
    territories = {m.territory for m in facts.person.memberships if m.role is not Role.COMMUNE_OFFICER}
    return territories.pop() if len(territories) == 1 else ""


INVITE = Dialog(
    "invite",
    allowed=lambda answers, facts: may_invite(facts),
    steps=(
        Ask("role", N_("Whom do you want to invite?"), one_of(roles)),
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
            when=lambda answers, facts: answers.get("role") == "commune_officer",
            needs=("province",),
        ),
        Ask(
            "confirm",
            shall_i,
            one_of(
                (
                    Option("make", Text(N_("Make the link")), ("tạo", "make")),
                    Option("no", Text(N_("Not now")), ("thôi", "not now")),
                )
            ),
            then=invited,
            confirms=True,
            goto=lambda value, answers, facts: Go("menu"),
        ),
    ),
)
