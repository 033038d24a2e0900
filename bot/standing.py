"""What follows a case: its producer stands again, goes on in a new round, or keeps a paper here until then."""

from dataclasses import replace

from bot import own_score
from bot.turn import Refused, Turned, alert_officers, fresh_case
from dialogs.model import (
    N_,
    ClaimCertificates,
    DropOwnPaper,
    KeepOwnPaper,
    ResumeCase,
    ReturnedItem,
    SendMessage,
    StandAgain,
    Text,
    UseOwnPaper,
)
from dialogs.officer.alerts import alert_again, alert_claimed
from dialogs.officer.findings import paper_words
from dialogs.producer.standing import RESUME, Brought, brought, ways
from dialogs.producer.upload import in_wallet, takes_papers
from dialogs.rules.certificate import moments
from dialogs.rules.ruleset import ruleset_on
from storage import cases, joining, own_papers
from storage.dossiers import carry_over
from storage.listed_makers import people_of
from storage.records import Row

MANY = Text(N_("You keep %(most)s papers here already. Please take one out first."), {"most": own_papers.MOST})
NOT_ALONE = Text(N_("This can't be found by the number any more. Please ask the officer of your commune."))
FOUND = Text(N_("✅ Found. I remind you before it ends."))
TAKEN = N_("✅ %(paper)s is in the file now.")
KEPT = (
    N_("✅ Noted until %(day)s. That is soon: please see to a new one in time."),
    N_("✅ Noted until %(day)s. I remind you 1 month before."),
    N_("✅ Noted until %(day)s. I remind you 3 and 1 months before."),
    N_("✅ Noted until %(day)s. I remind you 6, 3 and 1 months before."),
)
"""By how many reminders are still to come (dialogs.rules.certificate.MONTHS_BEFORE)."""
KEPT_QUIETLY = N_("✅ Noted until %(day)s. Reminders are off: in “My data” you can switch them on.")


async def stand_again(turn: Turned, effect: StandAgain) -> None:
    """What may be begun is asked of the record once more: a button may be old, or pressed twice."""
    former = await _own(turn, effect.code, effect.purpose)
    begun = await cases.follower(turn.connection, former.code)
    code = await cases.stand_again(
        turn.connection, former, turn.actor, effect.purpose, effect.answers, turn.now, turn.world.days_off
    )
    turn.conversation.case_count += begun is None
    before, opened = await fresh_case(turn, former.code), await cases.locked(turn.connection, code)
    there = {paper.id for paper in (await fresh_case(turn, code)).papers}
    kept = await own_papers.own_papers_of(turn.connection, former.person_id)
    today = turn.facts.today
    over = brought(before, kept, effect.answers, ruleset_on(today), today)
    await carry_over(
        turn.connection, former.id, opened.id, [_row(one) for one in over if one.paper.id not in there], turn.now
    )
    turn.carried.changed = True


def _row(one: Brought) -> tuple[str, str, int]:
    return one.paper.id, one.former, one.own


async def drop_begun(turn: Turned, code: str) -> None:
    """Of one's own, that no office was given."""
    case = await cases.locked(turn.connection, code)
    if case is None or case.person_id != turn.conversation.person_id:
        raise cases.NotPossible(code)
    await cases.drop_begun(turn.connection, case)
    turn.conversation.case_count -= 1
    turn.carried.changed = True


async def resume(turn: Turned, effect: ResumeCase) -> None:
    """As it stands it is the commune's at once; else all of it is open to its producer, with the old reason."""
    case = await _own(turn, effect.code, RESUME)
    case = await cases.follow_todays_rules(turn.connection, case, turn.now)
    turn.carried.changed = True
    if effect.rework:
        history = (await fresh_case(turn, effect.code)).history
        reason = next((line.reason for line in reversed(history) if line.action == "defer"), "")
        items = (ReturnedItem("all", reason, turn.facts.today),)
        moved = ("rework", turn.now, turn.world.days_off)
        await cases.move(turn.connection, case, turn.actor, *moved, items=items)
        return
    await cases.move(turn.connection, case, turn.actor, "resume", turn.now, turn.world.days_off)
    turn.carried.said.append(SendMessage((Text(N_("✅ Sent to the commune.")),)))
    await alert_officers(turn, effect.code, lambda facts: alert_again(facts, "resume"), case.person_id)


async def _own(turn: Turned, code: str, way: str) -> Row:
    """The locked row of one's own case with which this may be begun now; raises NotPossible."""
    row = await cases.locked(turn.connection, code)
    if row is None or row.person_id != turn.conversation.person_id:
        raise cases.NotPossible(code)
    case = replace(await fresh_case(turn, code), own=True)
    if way not in ways(case, turn.facts.cases, turn.facts.today):
        raise cases.NotPossible(way)
    return row


async def keep_paper(turn: Turned, effect: KeepOwnPaper) -> None:
    """Only photos of one's own; a day that has gone by is none to be reminded of."""
    today, me = turn.facts.today, turn.conversation.person_id
    if effect.valid_until < today:
        raise cases.NotPossible(effect.paper)
    pages = await cases.owned(turn.connection, me, [list(page) for page in effect.pages])
    if not await own_papers.keep(turn.connection, me, effect.paper, pages, effect.valid_until, turn.now, today):
        raise Refused(MANY)
    turn.carried.changed = True
    to_come = sum(moment.on > today for moment in moments(effect.valid_until))
    words = KEPT[to_come] if turn.conversation.person.reminders or not to_come else KEPT_QUIETLY
    turn.carried.said.append(SendMessage((Text(words, {"day": effect.valid_until}),)))


async def use_paper(turn: Turned, effect: UseOwnPaper) -> None:
    """As a paper that is not sent yet, with its last day; whether it is good for that is asked of the record again."""
    case = await cases.locked(turn.connection, effect.code)
    own = await own_papers.row_of(turn.connection, turn.conversation.person_id, effect.id)
    if case is None or own is None or case.person_id != turn.conversation.person_id:
        raise cases.NotPossible(effect.paper)
    found = replace(await fresh_case(turn, effect.code), own=True)
    kept = await own_papers.own_papers_of(turn.connection, case.person_id)
    meant = in_wallet(found, replace(turn.facts, own_papers=kept)).get(effect.paper)
    if meant is None or meant.id != effect.id or not takes_papers(found):
        raise cases.NotPossible(effect.paper)
    days = {"valid_until": own.valid_until, "look_on": own.look_on}
    await cases.keep_paper(turn.connection, case, effect.paper, own.pages, turn.now, days)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(TAKEN, {"paper": paper_words(found, effect.paper)}),)))
    await own_score.paper_kept(turn, case, effect.paper)


async def drop_paper(turn: Turned, effect: DropOwnPaper) -> None:
    if not await own_papers.drop(turn.connection, turn.conversation.person_id, effect.id):
        raise cases.NotPossible("own paper")
    turn.carried.changed = True


async def claim(turn: Turned, effect: ClaimCertificates) -> None:
    """Of one maker of the commune where this person is, who alone has the number: who has it is asked once more."""
    me = turn.conversation
    codes: list[str] = []
    for person_id in await people_of(turn.connection, me.person.commune, effect.phone, effect.maker):
        codes += await joining.join(turn.connection, me.person_id, person_id, turn.now)
    if not codes:
        raise Refused(NOT_ALONE)
    found = []
    for code in codes:
        row = await cases.locked(turn.connection, code)
        await cases.note_event(turn.connection, row, turn.actor, "claim", turn.now)
        turn.record("claim", code)
        found.append(await fresh_case(turn, code))
    me.case_count += len(codes)
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((FOUND,)))
    await alert_officers(turn, codes[0], lambda first: alert_claimed(first, *found[1:]))
