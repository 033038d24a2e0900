"""Everything that is kept about one person, table by table, and what of it is left out and why.

Both lists together name every table: a new one has to be put into one of them, or a test fails.
Source: law 91/2025/QH15, the right to see one's data.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import (
    absences,
    address_codes,
    assessments,
    audit,
    ballots,
    case_events,
    cases,
    confirmations,
    consents,
    conversations,
    council_seats,
    council_sessions,
    days_off,
    deliveries,
    digests,
    download_links,
    files,
    imports,
    invitations,
    join_codes,
    memberships,
    metadata,
    notes,
    notices,
    outbox,
    own_papers,
    papers,
    people,
    push_subscriptions,
    reason_templates,
    requests,
    results,
    returned_items,
    rounds,
    self_scores,
    star_steps,
    stories,
    timers,
    upload_links,
    web_messages,
    wrong_codes,
)

Rows = dict[str, list[dict[str, Any]]]
"""By table; a row by column."""


def _chats(person_id: int) -> Any:
    return select(conversations.c.id).where(conversations.c.person_id == person_id)


def _in_own_chats(column: Any) -> Callable[[int], ColumnElement[bool]]:
    return lambda person_id: column.in_(_chats(person_id))


def _of_own_cases(column: Any) -> Callable[[int], ColumnElement[bool]]:
    return lambda person_id: column.in_(select(cases.c.id).where(cases.c.person_id == person_id))


def _theirs(column: Any) -> Callable[[int], ColumnElement[bool]]:
    return lambda person_id: column == person_id


def _results(person_id: int) -> ColumnElement[bool]:
    """Nobody reads a result before it is published."""
    return _of_own_cases(results.c.case_id)(person_id) & results.c.published_at.is_not(None)


def _assessments(person_id: int) -> ColumnElement[bool]:
    """What the commune found is read with the result, not before."""
    return assessments.c.case_id.in_(select(results.c.case_id).where(_results(person_id)))


def _codes(person_id: int) -> Any:
    return select(cases.c.code).where(cases.c.person_id == person_id)


def _of_own_files(person_id: int) -> ColumnElement[bool]:
    """Without what happens in a council: who sat there and whom it concerned is the council's own, also afterwards."""
    return audit.c.case_code.in_(_codes(person_id)) & audit.c.action.not_like("council%")


def _web_chats(person_id: int) -> Any:
    web = (conversations.c.person_id == person_id, conversations.c.channel == "web")
    return select(conversations.c.chat_id).where(*web)


SHOWN: Mapping[str, Callable[[int], ColumnElement[bool]]] = {
    "people": _theirs(people.c.id),
    "conversations": _theirs(conversations.c.person_id),
    "consents": _theirs(consents.c.person_id),
    "cases": _theirs(cases.c.person_id),
    "case_events": _of_own_cases(case_events.c.case_id),
    "returned_items": _of_own_cases(returned_items.c.case_id),
    "papers": _of_own_cases(papers.c.case_id),
    "own_papers": _theirs(own_papers.c.person_id),
    "files": _theirs(files.c.person_id),
    "self_scores": _of_own_cases(self_scores.c.case_id),
    "stories": _of_own_cases(stories.c.case_id),
    "star_steps": _of_own_cases(star_steps.c.case_id),
    "assessments": _assessments,
    "results": _results,
    "confirmations": _of_own_cases(confirmations.c.case_id),
    "notes": lambda person_id: or_(notes.c.author_id == person_id, _of_own_cases(notes.c.case_id)(person_id)),
    "notices": _theirs(notices.c.person_id),
    "deliveries": lambda person_id: deliveries.c.notice_id.in_(
        select(notices.c.id).where(notices.c.person_id == person_id)
    ),
    "outbox": _in_own_chats(outbox.c.conversation_id),
    "web_messages": lambda person_id: web_messages.c.chat_id.in_(_web_chats(person_id)),
    "timers": _in_own_chats(timers.c.conversation_id),
    "upload_links": _in_own_chats(upload_links.c.conversation_id),
    "download_links": _in_own_chats(download_links.c.conversation_id),
    "join_codes": _in_own_chats(join_codes.c.conversation_id),
    "wrong_codes": _in_own_chats(wrong_codes.c.conversation_id),
    "address_codes": _in_own_chats(address_codes.c.conversation_id),
    "push_subscriptions": _in_own_chats(push_subscriptions.c.conversation_id),
    "requests": _theirs(requests.c.person_id),
    "memberships": _theirs(memberships.c.person_id),
    "invitations": _theirs(invitations.c.used_by),
    "absences": _theirs(absences.c.person_id),
    "digests": _theirs(digests.c.person_id),
    "days_off": _theirs(days_off.c.author_id),
    "rounds": _theirs(rounds.c.author_id),
    "council_sessions": _theirs(council_sessions.c.opened_by),
    "council_seats": _theirs(council_seats.c.person_id),
    "ballots": lambda person_id: ballots.c.seat_id.in_(
        select(council_seats.c.id).where(council_seats.c.person_id == person_id)
    ),
    "imports": _theirs(imports.c.author_id),
    "reason_templates": _theirs(reason_templates.c.author_id),
    "audit": lambda person_id: or_(audit.c.actor_id == person_id, _of_own_files(person_id)),
}
"""Which rows of a table are about a person: what they said, what was said to them, what became of their cases."""

LEFT_OUT: Mapping[str, str] = {
    "council_cases": "what a council came to, before it is published; published, it is in results",
    "marks": "an officer's verdicts before they are sent; sent, they are in returned_items",
    "sent_messages": "the platform's numbers of messages, by which its receipts come back; deliveries has the rest",
    "updates": "numbers of what came in, by which nothing is done twice; no column says from whom",
    "offices": "hours of offices",
    "serials": "counters of case codes",
    "product_serials": "counters of official product codes",
    "budgets": "from when on the next call to a platform may be made",
    "counts": "how often in the last minutes, by a hash with this installation's key; it names nobody",
    "deletions": "how many rows were deleted by which rule; it names nobody",
    "secrets": "what other services have entrusted to this server",
    "settings": "what this installation made for itself",
}

HIDDEN = frozenset({
    "token_sha256", "code_sha256", "endpoint", "endpoint_sha256", "p256dh", "auth",  # secrets, and what opens nothing
    "actor_id", "author_id", "holder_id", "entered_by", "filed_by", "cover_id",  # other people
    "opened_by", "closed_by",
    "before", "hash", "previous", "place", "claimed_until", "typed", "check_at",  # how the program works
    "product_folded", "producer_folded", "urgent_on", "delivery_id", "look_on", "waits_since",
    "import_key", "held_until",
})  # fmt: skip
"""Columns that are left out of rows that are shown."""


async def of(connection: AsyncConnection, person_id: int) -> Rows:
    """All there is, in the order in which tables refer to each other; tables without rows are left out."""
    found: Rows = {}
    for name, which in SHOWN.items():
        table = metadata.tables[name]
        columns = [column for column in table.columns if column.name not in HIDDEN]
        statement = select(*columns).where(which(person_id)).order_by(*table.primary_key.columns)
        if rows := [dict(row) for row in (await connection.execute(statement)).mappings()]:
            found[name] = rows
    return found
