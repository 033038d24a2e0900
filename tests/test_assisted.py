"""Registration for a producer without a phone: filed by an officer, confirmed by a code or a signed sheet."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import Catalog
from bot.channels.base import Update
from bot.desk.assisted import TRIES_PER_HOUR
from bot.doctor import sample_case
from bot.effects import carry_out
from bot.turn import Carried, Turned, tell_producer
from dialogs.model import (
    AnswerQuestion,
    CaseFacts,
    ConfirmAssisted,
    CorrectAnswers,
    DecideCase,
    Draft,
    Effect,
    KeepPaper,
    LinkFollowed,
    MarkItem,
    Membership,
    OptionChosen,
    Person,
    RenewCode,
    RevealPhone,
    Role,
    SendMessage,
    SendReview,
    SendToCommune,
    State,
    SubmitAssisted,
    Text,
    TextReceived,
)
from dialogs.officer.assisted import CODE_DAYS, OFFICERS_DO_NOT, WRONG, assisted_lines, both_codes, own_communes
from dialogs.officer.check import seen
from dialogs.officer.findings import finding_lines
from dialogs.officer.review import card
from dialogs.officer.words import who_and_when
from storage.assisted import Outcome
from storage.models import audit as audit_table
from storage.models import (
    case_events,
    cases,
    confirmations,
    consents,
    conversations,
    files,
    memberships,
    papers,
    people,
)
from storage.on_behalf import acts_for
from storage.people import set_person
from storage.records import Conversation, Wanted, conversations_of, facts_for
from tests.facts import Chat, desk_facts, facts
from tests.heart import ANSWERS, COMMUNE, beside, chat, count, keep_files, officer, rows, say, submit, world_at
from tests.transcripts import Clock

FILLED_IN = {**ANSWERS, "product_group": "food", "producer_kind": "household", "photos": ""}
CODE = "TL12-26-0001"


class Village:
    """An officer of Tân Lĩnh, and what the bot does for the people there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.clock = engine, Clock()
        self.came = Carried()

    async def does(self, who: str, *effects: Effect, code: str = CODE, engine: AsyncEngine | None = None) -> Carried:
        """The effects as the bot carries them out in one turn of this person's chat, before the audit is written."""
        world = world_at(self.clock)
        async with (engine or self.engine).begin() as connection:
            known = await conversations_of(connection, {("telegram", who): "vi"}, self.clock())
            person = known["telegram", who]
            found = await facts_for(
                connection, [Wanted(person, code)], replace(world.facts(), now=self.clock()), world.days_off
            )
            heard = Update("telegram", f"k{who}", who, TextReceived(""), "vi")
            turn = Turned(connection, person, heard, found[person.id], world, self.clock())
            await carry_out(turn, effects)
        self.came = turn.carried
        return turn.carried

    async def files_for_somebody(self, **answers: str) -> str:
        """Returns the digits that confirm it."""
        await officer(self.engine, self.clock, "officer")
        came = await self.does("officer", SubmitAssisted({**FILLED_IN, **answers, "commune": COMMUNE}))
        return digits_in(came)

    async def confirms(self, who: str, digits: str, code: str = CODE, engine: AsyncEngine | None = None) -> Outcome:
        await self.does(who, ConfirmAssisted(code, digits=digits), code=code, engine=engine)
        (entry,) = [entry for entry in self.came.audit if entry.action == "confirm_by_code"]
        return Outcome(entry.details["outcome"])

    async def case(self) -> Any:
        (row,) = await rows(self.engine, cases, cases.c.code == CODE)
        return row

    async def seen(self, who: str) -> Any:
        person = await self.person(who)
        async with self.engine.begin() as connection:
            base = replace(world_at(self.clock).facts(), now=self.clock())
            found = await facts_for(connection, [Wanted(person, CODE)], base)
        return found[person.id].case(CODE)

    async def person(self, who: str) -> Conversation:
        async with self.engine.begin() as connection:
            known = await conversations_of(connection, {("telegram", who): "vi"}, self.clock())
        return known["telegram", who]

    async def named(self, who: str, name: str) -> None:
        person = await self.person(who)
        async with self.engine.begin() as connection:
            await set_person(connection, person.person_id, name=name)

    async def notices(self, who: str) -> list[str]:
        """What the last turn sends to this chat."""
        chat_id = (await self.person(who)).id
        return [row["body"]["text"] for row in self.came.notices if row["conversation_id"] == chat_id]


@pytest.fixture
def village(engine: AsyncEngine) -> Village:
    return Village(engine)


def digits_in(came: Carried) -> str:
    shown = [text for said in came.said if not isinstance(said, str) for text in said.texts]
    (digits,) = {str(text.values["digits"]).replace(" ", "") for text in shown if "digits" in text.values}
    assert len(digits) == 6
    return digits


def words(came: Carried) -> str:
    return "\n".join(text.msgid for said in came.said if not isinstance(said, str) for text in said.texts)


# ---------------------------------------------------------------- filing


async def test_both_persons_are_recorded(village: Village) -> None:
    await village.files_for_somebody()
    case = await village.case()
    filer = await village.person("officer")
    assert case.filed_by == filer.person_id != case.person_id
    assert (case.confirmed, case.territory, case.product) == ("", "15/04336", "Chuối sấy dẻo")
    (producer,) = await rows(village.engine, people, people.c.id == case.person_id)
    assert (producer.producer_name, producer.phone, producer.consent) == ("Lý Thị Mẩy", "+84912345678", "")
    assert not await rows(village.engine, conversations, conversations.c.person_id == producer.id)
    events = [(e.action, e.actor_id) for e in await rows(village.engine, case_events)]
    assert events == [("submit", producer.id), ("submit_for", filer.person_id)]
    (entry,) = [entry for entry in village.came.audit if entry.action == "submit_for"]
    assert (entry.actor_id, entry.details) == (filer.person_id, {"producer": producer.id})


async def test_colleagues_are_told_and_the_officer_is_not(village: Village) -> None:
    await officer(village.engine, village.clock, "colleague")
    await village.files_for_somebody()
    assert len(await village.notices("colleague")) == 1
    assert not await village.notices("officer")


async def test_photos_go_over_to_the_producer(village: Village) -> None:
    filer = await officer(village.engine, village.clock, "officer")
    await keep_files(village.engine, village.clock, filer, "a", "b")
    await village.files_for_somebody(photos="a")
    case = await village.case()
    owners = {row.id: row.person_id for row in await rows(village.engine, files)}
    assert owners == {"a": case.person_id, "b": filer.person_id}
    assert [row.pages for row in await rows(village.engine, papers)] == [[["a", 0]]]


@pytest.mark.parametrize(("territory", "commune"), [("15/04336", "03253"), ("15", COMMUNE), ("", COMMUNE)])
async def test_one_files_only_for_ones_own_commune(village: Village, territory: str, commune: str) -> None:
    await officer(village.engine, village.clock, "officer", territory)
    await village.does("officer", SubmitAssisted({**FILLED_IN, "commune": commune}))
    assert await count(village.engine, cases) == 0
    assert await count(village.engine, people) == 1


async def test_a_producer_files_for_nobody(village: Village) -> None:
    await chat(village.engine, village.clock, "anna")
    await village.does("anna", SubmitAssisted({**FILLED_IN, "commune": COMMUNE}))
    assert await count(village.engine, cases) == 0


# ---------------------------------------------------------------- until it is confirmed


async def test_it_is_on_the_desk_but_nobody_can_accept_it(village: Village) -> None:
    digits = await village.files_for_somebody()
    seen = await village.seen("officer")
    assert seen.assisted == "waiting"
    assert not seen.own
    assert "accept" not in seen.may
    assert "return" in seen.may
    came = await village.does("officer", DecideCase(CODE, "accept"))
    assert "not confirmed" in words(came)
    assert (await village.case()).status == "idea_submitted"
    await chat(village.engine, village.clock, "son")
    assert await village.confirms("son", digits) is Outcome.CONFIRMED
    assert "accept" in (await village.seen("officer")).may
    await village.does("officer", DecideCase(CODE, "accept"))
    assert (await village.case()).status == "idea_accepted"


async def test_other_cases_need_no_confirmation(village: Village) -> None:
    await officer(village.engine, village.clock, "officer")
    await submit(village.engine, await chat(village.engine, village.clock, "anna"), village.clock(), FILLED_IN)
    assert (await village.seen("officer")).assisted == ""
    await village.does("officer", DecideCase(CODE, "accept"))
    assert (await village.case()).status == "idea_accepted"


async def test_who_filed_it_is_told_in_place_of_a_producer_without_a_chat(village: Village) -> None:
    await officer(village.engine, village.clock, "colleague")
    digits = await village.files_for_somebody()
    await tell(village, "colleague")
    (told,) = await village.notices("officer")
    assert "Lý Thị Mẩy" not in told  # the person who is called by name
    assert told.startswith("Mẩy")
    assert "Tin mới" in told
    await chat(village.engine, village.clock, "son")
    await village.confirms("son", digits)
    await tell(village, "colleague")
    assert await village.notices("officer") == []
    assert len(await village.notices("son")) == 1


async def test_when_who_filed_it_has_gone_the_colleagues_are_told(village: Village) -> None:
    await village.files_for_somebody()
    await officer(village.engine, village.clock, "colleague")
    gone = (await village.person("officer")).person_id
    async with village.engine.begin() as connection:
        removed = update(memberships).where(memberships.c.person_id == gone)
        await connection.execute(removed.values(removed_at=village.clock()))
    await tell(village, "colleague")
    assert len(await village.notices("colleague")) == 1
    assert await village.notices("officer") == []


async def test_what_is_told_a_producer_who_has_blocked_the_bot_is_nobodys_errand(village: Village) -> None:
    """It waits in their own chat; that they were not reached the ladder tells whoever can telephone."""
    await officer(village.engine, village.clock, "officer")
    anna = await chat(village.engine, village.clock, "anna")
    await submit(village.engine, anna, village.clock(), FILLED_IN)
    async with village.engine.begin() as connection:
        blocked = update(conversations).where(conversations.c.chat_id == "anna").values(status="blocked")
        await connection.execute(blocked)
    await tell(village, "officer")
    assert [notice["conversation_id"] for notice in village.came.notices] == [anna.id]


async def tell(village: Village, who: str) -> None:
    """Something that an officer's turn says to the producer."""
    world = world_at(village.clock)
    case = await village.case()
    async with village.engine.begin() as connection:
        known = await conversations_of(connection, {("telegram", who): "vi"}, village.clock())
        person = known["telegram", who]
        heard = Update("telegram", "k", who, TextReceived(""), "vi")
        turn = Turned(connection, person, heard, facts(), world, village.clock())
        await tell_producer(turn, case.person_id, (Text("Tin mới"),), CODE)
    village.came = turn.carried


# ---------------------------------------------------------------- by the code


async def test_the_digits_bring_the_case_to_the_chat_they_are_typed_in(village: Village) -> None:
    filer = await officer(village.engine, village.clock, "officer")
    await keep_files(village.engine, village.clock, filer, "a")
    digits = await village.files_for_somebody(photos="a")
    before = (await village.case()).person_id
    son = await village.person("son")
    assert await village.confirms("son", digits) is Outcome.CONFIRMED
    case = await village.case()
    assert (case.person_id, case.confirmed, case.filed_by) == (son.person_id, "code", filer.person_id)
    (mine,) = await rows(village.engine, people, people.c.id == son.person_id)
    assert (mine.case_count, mine.commune) == (1, COMMUNE)
    (left,) = await rows(village.engine, people, people.c.id == before)
    assert (left.name, left.phone, left.producer_name, left.case_count) == ("Mẩy", "", "", 0)
    assert [row.person_id for row in await rows(village.engine, files)] == [son.person_id]
    assert [e.action for e in await rows(village.engine, case_events)] == ["submit", "submit_for", "confirm"]
    assert len(await village.notices("officer")) == 1
    assert (await village.seen("son")).own
    assert (await village.seen("officer")).assisted == "code"


@pytest.mark.parametrize("code", [CODE, "TL12-26-9999"])
async def test_wrong_digits_say_the_same_of_every_code(village: Village, code: str) -> None:
    await village.files_for_somebody()
    assert await village.confirms("son", "000000", code) is Outcome.WRONG
    assert village.came.said == [SendMessage((WRONG,))]
    assert village.came.notices == []
    assert (await village.case()).confirmed == ""


async def test_a_case_that_nobody_filed_for_another_has_no_code(village: Village) -> None:
    await submit(village.engine, await chat(village.engine, village.clock, "anna"), village.clock(), FILLED_IN)
    assert await village.confirms("son", "123456") is Outcome.WRONG


async def test_five_wrong_tries_lock_it_and_the_officer_makes_a_new_one(village: Village) -> None:
    digits = await village.files_for_somebody()
    tries = [await village.confirms(f"p{n % 2}", "000000") for n in range(7)]
    assert tries == [Outcome.WRONG] * 4 + [Outcome.LAST_WRONG] + [Outcome.WRONG] * 2
    assert await village.confirms("son", digits) is Outcome.LOCKED
    assert (await village.case()).confirmed == ""
    again = digits_in(await village.does("officer", RenewCode(CODE)))
    if again != digits:
        assert await village.confirms("son", digits) is Outcome.WRONG
    assert await village.confirms("son", again) is Outcome.CONFIRMED


async def test_the_fifth_wrong_try_is_told_to_who_filed_it(village: Village) -> None:
    await village.files_for_somebody()
    told = []
    for _ in range(6):
        await village.confirms("son", "000000")
        told.append(len(await village.notices("officer")))
    assert told == [0, 0, 0, 0, 1, 0]


async def test_it_is_good_for_fourteen_days(village: Village) -> None:
    digits = await village.files_for_somebody()
    village.clock.now += timedelta(days=CODE_DAYS)
    assert await village.confirms("son", digits) is Outcome.EXPIRED
    village.clock.now -= timedelta(seconds=1)
    assert await village.confirms("son", digits) is Outcome.CONFIRMED


async def test_it_is_used_once(village: Village) -> None:
    digits = await village.files_for_somebody()
    assert await village.confirms("son", digits) is Outcome.CONFIRMED
    assert await village.confirms("son", digits) is Outcome.USED
    assert await village.confirms("daughter", digits) is Outcome.USED
    assert (await village.case()).person_id == (await village.person("son")).person_id


async def test_of_two_at_the_same_instant_one_gets_it(village: Village) -> None:
    digits = await village.files_for_somebody()
    for who in ("son", "daughter"):
        await village.person(who)

    async def confirm(who: str, engine: AsyncEngine) -> Outcome:
        own = Village(engine)
        own.clock = village.clock
        return await own.confirms(who, digits)

    async with beside(village.engine) as other:
        came = await asyncio.gather(confirm("son", village.engine), confirm("daughter", other))
    assert sorted(came) == [Outcome.CONFIRMED, Outcome.USED]


@pytest.mark.parametrize("sheet", [False, True])
async def test_a_merger_of_communes_and_a_confirmation_do_not_wait_for_each_other(
    village: Village, *, sheet: bool
) -> None:
    """Both lock people before cases: in two orders PostgreSQL would break one of them off."""
    digits = await village.files_for_somebody()
    filer, _ = await village.person("officer"), await village.person("son")
    await keep_files(village.engine, village.clock, filer, "s1")
    async with village.engine.begin() as connection:
        await set_person(connection, filer.person_id, commune="")  # who registers nothing of their own has none
    who = "officer" if sheet else "son"
    effect = ConfirmAssisted(CODE, pages=(("s1", 0),)) if sheet else ConfirmAssisted(CODE, digits=digits)
    async with beside(village.engine) as other:
        async with other.begin() as merging:  # as bot.merge: producers, officers, cases
            await merging.execute(update(people).where(people.c.commune == COMMUNE).values(commune="04303"))
            await merging.execute(update(memberships).values(territory="15/04303"))
            confirming = asyncio.create_task(village.does(who, effect))
            await asyncio.sleep(0.3)
            await merging.execute(update(cases).values(commune="04303", territory="15/04303"))
        await confirming
    case = await village.case()
    assert (case.commune, case.confirmed) == ("04303", "sheet" if sheet else "code")


async def test_wrong_tries_at_the_same_instant_are_all_counted(village: Village) -> None:
    await village.files_for_somebody()

    async def guess(who: str, engine: AsyncEngine) -> Outcome:
        own = Village(engine)
        own.clock = village.clock
        return await own.confirms(who, "000000")

    async with beside(village.engine) as other:
        came = await asyncio.gather(*(guess(f"p{n}", (village.engine, other)[n % 2]) for n in range(6)))
    assert sorted(came) == sorted([Outcome.WRONG] * 5 + [Outcome.LAST_WRONG])
    assert [row.tries for row in await rows(village.engine, confirmations)] == [5]


async def test_who_filed_it_does_not_confirm_it(village: Village) -> None:
    digits = await village.files_for_somebody()
    assert await village.confirms("officer", digits) is Outcome.NOT_YOURSELF
    assert (await village.case()).confirmed == ""


async def test_an_officer_of_the_territory_confirms_for_nobody_and_is_not_counted(village: Village) -> None:
    digits = await village.files_for_somebody()
    await officer(village.engine, village.clock, "colleague")
    await officer(village.engine, village.clock, "province", "15")
    for who, typed in (("colleague", digits), ("colleague", "000000"), ("province", digits)):
        assert await village.confirms(who, typed) is Outcome.OFFICER
        assert village.came.said == [SendMessage((OFFICERS_DO_NOT,))]
    (row,) = await rows(village.engine, confirmations)
    assert (row.tries, row.used_at) == (0, None)
    await officer(village.engine, village.clock, "stranger", "11/03253")
    assert await village.confirms("stranger", digits) is Outcome.CONFIRMED  # a son may be an officer elsewhere


async def test_only_a_hash_of_the_digits_is_kept(village: Village) -> None:
    digits = await village.files_for_somebody()
    (row,) = await rows(village.engine, confirmations)
    assert digits not in str(row)
    assert len(row.code_sha256) == 64


# ---------------------------------------------------------------- by the sheet


async def test_a_signed_sheet_confirms_and_stays_with_the_case(village: Village) -> None:
    await village.files_for_somebody()
    filer = await village.person("officer")
    await keep_files(village.engine, village.clock, filer, "sheet")
    await village.does("officer", ConfirmAssisted(CODE, pages=(("sheet", 90),)))
    case = await village.case()
    assert case.confirmed == "sheet"
    (paper,) = await rows(village.engine, papers)
    assert (paper.paper, paper.pages) == ("signed_sheet", [["sheet", 90]])
    assert paper.sent_at is not None
    (consent,) = await rows(village.engine, consents)
    assert (consent.person_id, consent.given, consent.channel) == (case.person_id, True, "sheet")
    (producer,) = await rows(village.engine, people, people.c.id == case.person_id)
    assert producer.consent == "yes"
    assert [row.person_id for row in await rows(village.engine, files)] == [case.person_id]
    assert "accept" in (await village.seen("officer")).may
    last = (await rows(village.engine, case_events))[-1]
    assert (last.action, last.actor_id) == ("confirm_sheet", filer.person_id)


async def test_a_second_sheet_or_none_or_a_foreign_page_is_refused(village: Village) -> None:
    await village.files_for_somebody()
    anna = await chat(village.engine, village.clock, "anna")
    await keep_files(village.engine, village.clock, anna, "hers")
    for pages in ((), (("hers", 0),), (("nothing", 0),)):
        await village.does("officer", ConfirmAssisted(CODE, pages=pages))
        assert (await village.case()).confirmed == ""
    await keep_files(village.engine, village.clock, await village.person("officer"), "one", "two")
    await village.does("officer", ConfirmAssisted(CODE, pages=(("one", 0),)))
    await village.does("officer", ConfirmAssisted(CODE, pages=(("two", 0),)))
    assert [row.pages for row in await rows(village.engine, papers)] == [[["one", 0]]]
    assert await count(village.engine, consents) == 1


async def test_strangers_confirm_by_no_sheet(village: Village) -> None:
    await village.files_for_somebody()
    stranger = await officer(village.engine, village.clock, "stranger", "11/03253")
    await keep_files(village.engine, village.clock, stranger, "one")
    await village.does("stranger", ConfirmAssisted(CODE, pages=(("one", 0),)))
    await village.does("stranger", RenewCode(CODE))
    assert (await village.case()).confirmed == ""
    assert not [entry for entry in village.came.audit if entry.action == "new_code"]


async def test_after_the_sheet_a_code_still_brings_the_case_to_a_chat(village: Village) -> None:
    digits = await village.files_for_somebody()
    await keep_files(village.engine, village.clock, await village.person("officer"), "one")
    await village.does("officer", ConfirmAssisted(CODE, pages=(("one", 0),)))
    await village.named("son", "Giàng A Sình")
    assert await village.confirms("son", digits) is Outcome.LINKED
    (told,) = await village.notices("officer")
    assert "theo máy của Giàng A Sình" in told
    assert "xác nhận" not in told
    assert (await village.seen("son")).own
    came = await village.does("officer", RenewCode(CODE))
    assert not [entry for entry in came.audit if entry.action == "new_code"]  # a chat follows it already
    assert await village.confirms("daughter", digits) is Outcome.USED


async def test_who_confirms_what_they_filed_is_shown_it_before_they_accept(village: Village) -> None:
    await village.files_for_somebody()
    filed = [entry.actor_id for entry in village.came.audit if entry.action == "submit_for"]
    await officer(village.engine, village.clock, "colleague")
    assert not (await village.seen("officer")).confirmed_alone
    await keep_files(village.engine, village.clock, await village.person("officer"), "one")
    await village.does("officer", ConfirmAssisted(CODE, pages=(("one", 0),)))
    assert filed == [entry.actor_id for entry in village.came.audit if entry.action == "confirm_by_sheet"] != []
    assert (await village.seen("officer")).confirmed_alone
    assert not (await village.seen("colleague")).confirmed_alone


async def test_a_sheet_that_a_colleague_took_is_not_confirmed_alone(village: Village) -> None:
    await village.files_for_somebody()
    await keep_files(village.engine, village.clock, await officer(village.engine, village.clock, "colleague"), "one")
    await village.does("colleague", ConfirmAssisted(CODE, pages=(("one", 0),)))
    assert [(await village.seen(who)).confirmed_alone for who in ("officer", "colleague")] == [False, False]


# ---------------------------------------------------------------- in the producer's place


async def returned(village: Village) -> str:
    """Filed by the officer, returned by a colleague for one answer and with one question; returns the digits."""
    digits = await village.files_for_somebody()
    await officer(village.engine, village.clock, "colleague")
    marks = (MarkItem(CODE, "answer:materials", "return", "more"), MarkItem(CODE, "answer:special", "ask", "Ở đâu?"))
    await village.does("colleague", *marks)
    found = (await village.seen("colleague")).marks
    await village.does("colleague", SendReview(CODE, seen(found)))
    return digits


async def test_who_filed_it_answers_what_came_back(village: Village) -> None:
    await returned(village)
    case = await village.seen("officer")
    assert (case.own, case.for_producer, case.reachable) == (False, True, False)
    number = next(item.number for item in case.returned if item.question)
    await village.does("officer", AnswerQuestion(CODE, number, "Trên núi"))
    filer, producer = (await village.person("officer")).person_id, (await village.case()).person_id
    assert [(e.action, e.actor_id, e.details) for e in village.came.audit if e.action == "send_for"] == [
        ("send_for", filer, {"producer": producer, "sent": "answer"})
    ]
    await village.does("officer", CorrectAnswers(CODE, {**case.answers, "materials": "Mật của rừng Tân Lĩnh"}))
    assert (await village.case()).status == "idea_submitted"
    events = [(e.action, e.actor_id) for e in await rows(village.engine, case_events)]
    assert events[-4:] == [("answer", producer), ("send_for", filer), ("resubmit", producer), ("send_for", filer)]
    assert len(await village.notices("colleague")) == 1
    english = [Catalog("en").say(line) for line in who_and_when(await village.seen("officer"))]
    assert english[-1].endswith("sent it for Lý Thị Mẩy")


async def test_pages_that_the_officer_sends_are_the_producers(village: Village) -> None:
    filer = await files_and_confirms(village)
    await village.does("officer", DecideCase(CODE, "accept"))
    await keep_files(village.engine, village.clock, filer, "plan")
    await village.does("officer", KeepPaper(CODE, "business_plan", (("plan", 0),)))
    await village.does("officer", SendToCommune(CODE))
    case = await village.case()
    assert case.status == "plan_submitted"
    (page,) = await rows(village.engine, files, files.c.id == "plan")
    assert page.person_id == case.person_id
    assert "accept" in (await village.seen("officer")).may  # whoever filed it decides as before
    await village.does("officer", DecideCase(CODE, "accept"))
    assert (await village.case()).status == "plan_accepted"


async def files_and_confirms(village: Village) -> Conversation:
    await village.files_for_somebody()
    filer = await village.person("officer")
    await keep_files(village.engine, village.clock, filer, "sheet")
    await village.does("officer", ConfirmAssisted(CODE, pages=(("sheet", 0),)))
    return filer


async def test_a_chat_of_the_producers_ends_it(village: Village) -> None:
    digits = await returned(village)
    assert (await village.seen("officer")).for_producer
    await village.confirms("son", digits)
    case = await village.seen("officer")
    assert not case.for_producer
    await village.does("officer", CorrectAnswers(CODE, {**case.answers, "materials": "Mật của rừng"}))
    assert (await village.case()).answers == case.answers
    await set_status(village, "son", "blocked")
    assert not (await village.seen("officer")).for_producer  # out of reach, but the case has its own chat


async def set_status(village: Village, who: str, status: str) -> None:
    async with village.engine.begin() as connection:
        of = update(conversations).where(conversations.c.chat_id == who)
        await connection.execute(of.values(status=status))


async def test_colleagues_act_for_the_producer_only_once_who_filed_it_is_gone(village: Village) -> None:
    await returned(village)
    await officer(village.engine, village.clock, "province", "15")
    case = await village.seen("colleague")
    assert not case.for_producer
    better = CorrectAnswers(CODE, {**case.answers, "materials": "Mật của rừng"})
    await village.does("colleague", better)
    assert (await village.case()).answers == case.answers
    await leaves(village, "officer")
    assert [(await village.seen(who)).for_producer for who in ("colleague", "province")] == [True, False]
    await village.does("province", better)
    assert (await village.case()).answers == case.answers
    await village.does("colleague", better)
    assert (await village.case()).answers == better.answers
    await village.does("officer", CorrectAnswers(CODE, case.answers))  # no officer any more
    assert (await village.case()).answers == better.answers


async def test_who_covers_for_the_filer_acts_for_the_producer(village: Village) -> None:
    await returned(village)
    filer, colleague = await village.person("officer"), await village.person("colleague")
    async with village.engine.begin() as connection:
        for covered in (frozenset[int](), frozenset({filer.person_id})):
            may = await acts_for(connection, CODE, colleague.person_id, covered, colleague.person.memberships)
            assert may is bool(covered)


async def leaves(village: Village, who: str) -> None:
    gone = (await village.person(who)).person_id
    async with village.engine.begin() as connection:
        removed = update(memberships).where(memberships.c.person_id == gone)
        await connection.execute(removed.values(removed_at=village.clock()))


async def test_nobody_acts_for_a_producer_who_filed_it_themselves(village: Village) -> None:
    await officer(village.engine, village.clock, "officer")
    await submit(village.engine, await chat(village.engine, village.clock, "anna"), village.clock(), FILLED_IN)
    assert not (await village.seen("officer")).for_producer


# ---------------------------------------------------------------- without a number


async def test_no_number_is_said_and_nothing_is_logged(village: Village) -> None:
    await village.files_for_somebody(phone="")
    came = await village.does("officer", RevealPhone(CODE))
    assert words(came) == "No telephone number was given in this file."
    assert not [entry for entry in came.audit if entry.action == "view_phone"]
    assert not await rows(village.engine, case_events, case_events.c.action == "view_phone")
    await village.does("officer", RevealPhone("TL12-26-0002"))
    await village.files_for_somebody()
    came = await village.does("officer", RevealPhone("TL12-26-0002"), code="TL12-26-0002")
    assert [entry.action for entry in came.audit] == ["view_phone"]


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("typed", "both"),
    [
        ("mã 482913 TL12-26-0001", "482913 TL12-26-0001"),
        ("482 913 tl12-26-0001", "482913 TL12-26-0001"),
        ("TL12-26-0001 mã 482913", "482913 TL12-26-0001"),
        ("tl12 26 0001, 482913", "482913 TL12-26-0001"),
        ("482913", ""),
        ("TL12-26-0001", ""),
        ("TL12-26-482913", ""),
        ("mã 4829130 TL12-26-0001", ""),
        ("0912 345 678 TL12-26-0001", ""),
    ],
)
def test_both_codes_as_people_type_them(typed: str, both: str) -> None:
    assert both_codes(typed) == both


def test_officers_of_communes_only() -> None:
    person = Person(
        "vi",
        memberships=(
            Membership(Role.PROVINCE_OFFICER, "15"),
            Membership(Role.COMMUNE_OFFICER, "15/04336"),
            Membership(Role.COMMUNE_APPROVER, "15/04336"),
            Membership(Role.COMMUNE_APPROVER, "15/04321"),
        ),
    )
    assert own_communes(facts(person)) == ("04336", "04321")


@pytest.mark.parametrize("state", ["waiting", "code", "sheet"])
def test_the_card_says_who_filled_it_in(state: str) -> None:
    case = sample_case(CODE, "idea_submitted", "food", "household", own=False)
    assert assisted_lines(case) == ()
    assert len(finding_lines(case)) == 1
    by, how = assisted_lines(replace(case, assisted=state, filed_by="Hùng"))
    assert by.values == {"by": "Hùng"}
    assert len(finding_lines(replace(case, assisted=state, filed_by="Hùng"))) == 1  # said once, by the card
    assert ("can't be accepted" in how.msgid) == (state == "waiting")


def unconfirmed(**also: Any) -> CaseFacts:
    case = sample_case(CODE, "idea_submitted", "food", "household", own=False)
    waits: dict[str, Any] = {"assisted": "waiting", "filed_by": "Hùng", "reachable": False, "may": ("return", "defer")}
    return replace(case, **waits, **also)


@pytest.mark.parametrize("typed", ["chấp nhận", "chap nhan", "accept"])
def test_who_wants_to_accept_it_reads_why_not_yet(typed: str) -> None:
    known = desk_facts()
    chat_ = Chat(replace(known, named=(unconfirmed(),)), State(at=f"review.{CODE}/next"))
    chat_.does(TextReceived(typed))
    assert "has not confirmed it yet" in chat_.words
    assert "Other things" in chat_.words


def test_the_card_and_the_question_say_that_one_confirmed_it_alone() -> None:
    case = replace(unconfirmed(), assisted="sheet", confirmed_alone=True, marks=(), may=("accept", "return", "defer"))
    chat_ = Chat(replace(desk_facts(), named=(case,)))
    shown = [Catalog("en").say(text) for text in card({"subject": CODE}, chat_.facts)]
    assert [line for line in shown if "both yourself" in line] != []
    assert len(shown) == len(set(shown))
    chat_.state = State(at=f"accept.{CODE}/confirm", drafts={f"accept.{CODE}": Draft({"_status": case.status})})
    assert "both yourself" in "\n".join(Catalog("en").say(text) for text in chat_.asked.texts)


def test_the_card_leads_to_the_producers_own_dialogs() -> None:
    case = replace(unconfirmed(), status="idea_accepted", assisted="sheet", for_producer=True, may=())
    chat_ = Chat(replace(desk_facts(), named=(case,)), State(at=f"review.{CODE}/next"))
    chat_.does(OptionChosen(f"review.{CODE}/next", "for_producer"))
    assert chat_.at == "case/next"
    assert [option.value for option in chat_.asked.options] == ["papers", "prepare", "answers", "history", "review"]
    chat_.does(OptionChosen(f"case.{CODE}/next", "papers"))
    assert chat_.at == "upload/paper"
    chat_.does(LinkFollowed(f"case.{CODE}"), OptionChosen(f"case.{CODE}/next", "review"))
    assert chat_.at == "review/next"


def test_without_a_number_no_call_is_promised() -> None:
    answers = {**unconfirmed().answers, "phone": ""}
    chat_ = Chat(replace(desk_facts(), named=(unconfirmed(answers=answers),)), State(at=f"note.{CODE}/call"))
    assert "has no telephone number" in (told := "\n".join(Catalog("en").say(text) for text in chat_.asked.texts))
    assert "call" not in told
    assert [option.value for option in chat_.asked.options] == ["back"]


# ---------------------------------------------------------------- the form


def filled_in(chat_: Chat) -> Chat:
    return chat_.does(
        "đăng ký hộ", "hộ gia đình", "Giàng A Páo", "Páo", "bỏ qua", "Mật ong rừng", "Thực phẩm", "1", "Đang bán",
        "ong tự nhiên", "mật ong rừng", "hai vợ chồng", "50 lít mỗi năm", "Chợ", "Nhãn và bao bì", "bỏ qua",
        "bản Phìn Hồ",
    )  # fmt: skip


def test_the_form_asks_who_first_and_takes_nothing_from_the_officers_own_record() -> None:
    known = desk_facts()
    officer_ = replace(known.person, name="Hùng", phone="+84987654321", producer_name="HTX Hùng")
    chat_ = filled_in(Chat(replace(known, person=officer_)))
    assert chat_.at == "assist/review"
    assert chat_.answers["contact_name"] == "Páo"
    assert chat_.answers["phone"] == ""
    chat_.does("gửi cho xã")
    (effect,) = chat_.effects
    assert isinstance(effect, SubmitAssisted)
    sent: Mapping[str, str] = effect.answers
    assert (sent["producer_name"], sent["product"], sent["commune"]) == ("Giàng A Páo", "Mật ong rừng", COMMUNE)
    assert not [name for name in sent if name.startswith("_")]
    assert chat_.at == "menu/choice"


def test_an_answer_can_be_changed_at_the_end() -> None:
    chat_ = filled_in(Chat(desk_facts())).does("sửa", "Tên sản phẩm", "Mật ong bạc hà")
    assert chat_.at == "assist/review"
    assert chat_.answers["product"] == "Mật ong bạc hà"


def test_an_officer_of_two_communes_is_asked_which() -> None:
    known = desk_facts()
    second = Membership(Role.COMMUNE_OFFICER, "15/04321")
    person = replace(known.person, memberships=(*known.person.memberships, second))
    chat_ = Chat(replace(known, person=person)).does("đăng ký hộ")
    assert chat_.at == "assist/commune"
    assert len(chat_.asked.options) == 2


def test_who_is_no_officer_registers_for_themselves() -> None:
    assert Chat(facts()).does("đăng ký hộ").at.startswith("register_idea/")


def test_before_consent_nothing_is_confirmed() -> None:
    chat_ = Chat(facts(Person("vi"))).does("mã 482913 TL12-26-0001")
    assert chat_.at == "consent/agree"
    chat_.does("đồng ý", "không cần nhắc")
    assert chat_.at == "confirm/agree"
    assert "follows this chat" in chat_.words
    chat_.does("chưa")
    assert not [effect for effect in chat_.effects if isinstance(effect, ConfirmAssisted)]
    chat_.does("mã 482913 TL12-26-0001", "xác nhận")
    assert chat_.effects == (ConfirmAssisted("TL12-26-0001", digits="482913"),)


def test_without_the_codes_they_are_asked_for() -> None:
    chat_ = Chat(facts()).does("nhập mã xác nhận")
    assert chat_.at == "confirm/codes"
    chat_.does("482913")
    assert "both codes" in chat_.words
    chat_.does("mã 482913 TL12-26-0001")
    assert chat_.at == "confirm/agree"


async def test_one_chat_can_not_try_codes_without_end(engine: AsyncEngine) -> None:
    """Neither lock other people's files one after the other, nor fill the audit."""
    clock, world = Clock(), world_at(Clock())
    await chat(engine, clock, "nobody")
    for n in range(TRIES_PER_HOUR + 5):
        await say(engine, world, "nobody", f"mã 12345{n % 10} TL12-26-{n:04}")
        await say(engine, world, "nobody", f"xác nhận{' ' * n}")
    tried = await rows(engine, audit_table, audit_table.c.action == "confirm_by_code")
    assert len(tried) == TRIES_PER_HOUR
