"""Registration for a producer without a phone: an officer files it, the producer confirms it."""

from dataclasses import replace
from typing import Any

from bot.turn import Turned, alert_officers, fresh_case, tell_filer, visible_case
from dialogs.model import N_, ConfirmAssisted, DecideCase, Link, RenewCode, SendMessage, SubmitAssisted, Text
from dialogs.officer.alerts import alert_new, open_link
from dialogs.officer.assisted import (
    EXPIRED,
    LOCKED,
    NOT_YOURSELF,
    OFFICERS_DO_NOT,
    USED,
    WRONG,
    code_words,
    confirmed_words,
    own_communes,
)
from dialogs.producer.consent import TEXT_VERSION
from storage import assisted, audit, cases
from storage.assisted import Outcome


def _sheet_link(code: str) -> Link:
    return Link(f"assisted.{code}", Text(N_("Confirm or new code")))


async def submit(turn: Turned, effect: SubmitAssisted) -> None:
    """Only for producers of a commune in which this person is an officer."""
    answers = dict(effect.answers)
    commune = answers.pop("commune")
    if commune not in own_communes(turn.facts):
        raise cases.NotPossible(commune)
    filed = await assisted.file_for(turn.connection, turn.conversation, commune, answers, turn.now, turn.world.days_off)
    turn.record("submit_for", filed.code, producer=filed.producer_id)
    turn.carried.changed = True
    head = Text(N_("✅ Handed in for %(by)s. The commune has it now."), {"by": answers["producer_name"]})
    words = (head, *code_words(filed.code, filed.digits))
    turn.carried.said.append(SendMessage(words, links=(_sheet_link(filed.code), open_link(filed.code))))
    await alert_officers(turn, filed.code, alert_new, filed.producer_id)


async def renew(turn: Turned, effect: RenewCode) -> None:
    """New digits for a case that no chat of its producer follows yet; the old ones are void."""
    case = await visible_case(turn, effect.code)
    if not _for_somebody(turn, case) or case.confirmed == "code":
        raise cases.NotPossible(effect.code)
    digits = await assisted.new_digits(turn.connection, case, turn.now)
    turn.record("new_code", effect.code)
    turn.carried.said.append(SendMessage(code_words(effect.code, digits)))


def _for_somebody(turn: Turned, case: Any) -> bool:
    me = turn.conversation
    return bool(me.person.memberships) and case.filed_by is not None and case.person_id != me.person_id


async def confirm(turn: Turned, effect: ConfirmAssisted) -> None:
    if effect.digits:
        await _by_digits(turn, effect)
    else:
        await _by_sheet(turn, effect)


_REFUSED = {
    Outcome.WRONG: WRONG,
    Outcome.LAST_WRONG: WRONG,
    Outcome.LOCKED: LOCKED,
    Outcome.EXPIRED: EXPIRED,
    Outcome.USED: USED,
    Outcome.NOT_YOURSELF: NOT_YOURSELF,
    Outcome.OFFICER: OFFICERS_DO_NOT,
}


TRIES_PER_HOUR = 10
"""Codes that one chat may try: a stranger must not lock other people's, nor fill the audit."""
TOO_OFTEN = Text(N_("These were many codes in a short time. Please try again in an hour."))


async def _by_digits(turn: Turned, effect: ConfirmAssisted) -> None:
    conversation = turn.conversation
    if await audit.lately(turn.connection, conversation.person_id, "confirm_by_code", turn.now) >= TRIES_PER_HOUR:
        turn.carried.said.append(SendMessage((TOO_OFTEN,)))
        return
    came_to = await assisted.confirm_by_digits(turn.connection, effect.code, effect.digits, conversation, turn.now)
    turn.record("confirm_by_code", effect.code, outcome=str(came_to))
    if came_to is Outcome.LAST_WRONG:
        await _tell_filer(turn, effect.code, LOCKED_FOR)
    if came_to in _REFUSED:
        turn.carried.said.append(SendMessage((_REFUSED[came_to],)))
        return
    conversation.case_count += 1
    turn.carried.changed = True
    case = await fresh_case(turn, effect.code)
    person = conversation.person
    conversation.person = replace(person, commune=person.commune or case.commune)
    turn.carried.said.append(SendMessage(confirmed_words(case, turn.facts)))
    await _tell_filer(turn, effect.code, FOLLOWS if came_to is Outcome.LINKED else CONFIRMED_FOR)


CONFIRMED_FOR = N_("%(by)s has confirmed %(code)s “%(product)s” with the code.")
FOLLOWS = N_("%(code)s “%(product)s” follows %(name)s's phone now: all news of it goes there.")
LOCKED_FOR = N_("Somebody typed a wrong code for %(code)s “%(product)s” 5 times, so I have locked it.")


async def _tell_filer(turn: Turned, code: str, words: str) -> None:
    case = await fresh_case(turn, code)
    name = turn.conversation.person.name or Text(N_("another person"))
    text = Text(words, {"by": case.by, "code": code, "product": case.product, "name": name})
    link = _sheet_link(code) if words == LOCKED_FOR else open_link(code)
    await tell_filer(turn, code, SendMessage((text,), links=(link,)))


async def _by_sheet(turn: Turned, effect: ConfirmAssisted) -> None:
    await assisted.hold_producer(turn.connection, effect.code)
    case = await visible_case(turn, effect.code)
    if not _for_somebody(turn, case):
        raise cases.NotPossible(effect.code)
    await assisted.confirm_by_sheet(turn.connection, case, turn.conversation, effect.pages, TEXT_VERSION, turn.now)
    turn.record("confirm_by_sheet", effect.code, pages=len(effect.pages))
    turn.carried.changed = True
    turn.carried.said.append(SendMessage((Text(N_("✅ Noted: the producer has confirmed it on the sheet.")),)))


# ---------------------------------------------------------------- until it is confirmed


async def unconfirmed(turn: Turned, effect: DecideCase) -> bool:
    """Whether this would accept what its producer has not confirmed; says so, and nothing is decided."""
    if effect.action != "accept" or (await fresh_case(turn, effect.code)).assisted != "waiting":
        return False
    turn.carried.changed = True
    words = Text(N_("The producer has not confirmed it yet, so it can't be accepted."))
    turn.carried.said.append(SendMessage((words,), links=(_sheet_link(effect.code),)))
    return True
