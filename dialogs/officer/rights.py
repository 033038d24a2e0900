"""Who may see what at the desk; every dialog of an officer is guarded by one of these."""

from collections.abc import Iterable

from dialogs.model import Answers, CaseFacts, Facts, Membership, Role
from dialogs.model import case_of as case_of

OF_COMMUNE = (Role.COMMUNE_OFFICER, Role.COMMUNE_APPROVER)


def is_officer(answers: Answers, facts: Facts) -> bool:
    return bool(facts.person.memberships)


def keeps_hours(answers: Answers, facts: Facts) -> bool:
    """Office hours are a commune's."""
    return any(member.role in OF_COMMUNE for member in facts.person.memberships)


def may_invite(facts: Facts) -> bool:
    return any(member.role is not Role.COMMUNE_OFFICER for member in facts.person.memberships)


def answers_for(members: Iterable[Membership], other: Membership) -> bool:
    """Whether one of these answers for who holds such a role: invites, takes the role back, hands their cases over.

    A commune's approver does for its officers, a province for its communes' people, an administrator for everybody.
    """
    return any(
        member.role is Role.ADMINISTRATOR
        or (member.role is Role.PROVINCE_OFFICER and other.territory.startswith(f"{member.territory}/"))
        or (member.role is Role.COMMUNE_APPROVER and other == Membership(Role.COMMUNE_OFFICER, member.territory))
        for member in members
    )


def visible(answers: Answers, facts: Facts) -> bool:
    """A case of this officer's territory; one's own case is decided by somebody else."""
    return is_officer(answers, facts) and seen(answers, facts) is not None


def seen(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(answers["subject"])
    return case if case is not None and not case.own else None


def decidable(answers: Answers, facts: Facts) -> bool:
    case = seen(answers, facts)
    return is_officer(answers, facts) and case is not None and bool(case.may)
