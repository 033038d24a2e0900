"""The officer's inbox: exactly what one can act on, most urgent first; finding a case; in whose hand one is."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update, option_data, pressed
from bot.desk.holding import pass_on
from bot.handle import handle
from bot.turn import Turned
from dialogs import places
from dialogs.codes import read_code, read_serial
from dialogs.matching import fold
from dialogs.model import DeskFacts, DeskLine, Draft, Facts, Membership, PassCase, Role, State
from dialogs.officer.desk import MANY, desk_of, left_words, short_codes
from dialogs.rules.lifecycle import STATUSES, Side
from dialogs.state import dump
from storage import search
from storage.cases import FIRST_OF_ALL, NOT_URGENT, NotPossible, locked
from storage.desk import LINES, SILENT_DAYS, counts_for, scopes_of
from storage.holding import may_work, take
from storage.models import absences, audit, case_events, cases, conversations, memberships, outbox
from storage.models import people as people_table
from storage.records import VIETNAM, Conversation, Wanted, facts_for
from storage.rights import present_at, sides_at
from storage.search import HITS, hits_of
from tests.heart import TERRITORY, beside, chat, officer, rows, submit, watched, world_at
from tests.transcripts import Clock, Play

ELSEWHERE = "15/04303"
"""Another commune of the same province, Lào Cai."""
ANOTHER_PROVINCE = "11/03253"


ANSWERS = {
    "product": "Chuối sấy dẻo", "product_group": "food", "product_set": "1", "producer_kind": "household",
    "producer_name": "Lý Thị Mẩy",
}  # fmt: skip


async def desk(engine: AsyncEngine, clock: Clock, who: Conversation, key: str = "desk", **answers: str) -> DeskFacts:
    """What an officer sees who stands there; read anew, with the roles of this moment."""
    now = await chat(engine, clock, who.chat_id, who.channel)
    standing = replace(now, state=State(f"{key}/", {key: Draft(answers)}))
    async with engine.begin() as connection:
        found = await facts_for(connection, [Wanted(standing)], Facts(clock().astimezone(VIETNAM)))
    return found[standing.id].desk


def codes(shown: DeskFacts) -> list[str]:
    return [line.code for line in shown.lines]


async def filed(engine: AsyncEngine, clock: Clock, who: Conversation, **values: Any) -> str:
    """A case of this producer, and then as it is said; `status` brings its owner along."""
    code = await submit(engine, who, clock(), ANSWERS)
    if "status" in values:
        values.setdefault("owner", str(STATUSES[values["status"]].owner))
    if "due_on" in values:
        values.setdefault("urgent_on", values["due_on"] or NOT_URGENT)
    if "territory" in values:
        values |= {"province": values["territory"][:2], "commune": values["territory"][3:]}
    if "product" in values:
        values["product_folded"] = fold(values["product"])
    if "producer" in values:
        values["producer_folded"] = fold(values.pop("producer"))
    if values:
        async with engine.begin() as connection:
            await connection.execute(update(cases).where(cases.c.code == code).values(**values))
    return code


async def post(engine: AsyncEngine, clock: Clock, who: str, role: Role, territory: str) -> Conversation:
    found = await chat(engine, clock, who, officer=True, name=who.capitalize())
    async with engine.begin() as connection:
        row = {"person_id": found.person_id, "role": role, "territory": territory, "since": clock()}
        await connection.execute(insert(memberships), row)
    return await chat(engine, clock, who, officer=True)


def today(clock: Clock) -> date:
    return clock().astimezone(VIETNAM).date()


# ---------------------------------------------------------------- what one can act on


PROVINCE = places.communes_of("15")
STAFF = (
    ("of both roles", Role.COMMUNE_OFFICER, TERRITORY),
    ("of both roles", Role.COMMUNE_APPROVER, TERRITORY),
    ("colleague", Role.COMMUNE_OFFICER, TERRITORY),
    ("alone", Role.COMMUNE_OFFICER, ELSEWHERE),
    ("province", Role.PROVINCE_OFFICER, "15"),
    ("administrator", Role.ADMINISTRATOR, ""),
)
"""Officers of a commune with everybody, of one with an officer only, of a province; the other provinces have nobody."""
WHERE = (TERRITORY, ELSEWHERE, f"15/{PROVINCE[-1].code}", ANOTHER_PROVINCE)


async def everything(engine: AsyncEngine, clock: Clock) -> tuple[list[Conversation], list[Any]]:
    """A case of every kind everywhere, free and in each hand; every third of an officer who is its producer."""
    people: dict[str, Conversation] = {}
    for name, role, territory in STAFF:
        people[name] = await post(engine, clock, name, role, territory)
    producer = await chat(engine, clock, "anna")
    producers = (producer, people["of both roles"], people["alone"], people["province"])
    hands = (None, people["colleague"].person_id, people["province"].person_id)
    for n, (territory, status) in enumerate(product(WHERE, STATUSES)):
        for k, holder in enumerate(hands):
            who = producers[(n + k) % len(producers)]
            await filed(engine, clock, who, status=status, territory=territory, holder_id=holder)
    return list(people.values()), await rows(engine, cases)


async def can_act(engine: AsyncEngine, who: Conversation, case: Any) -> bool:
    """By the rule of storage.rights, one case at a time."""
    async with engine.begin() as connection:
        levels = (case.territory, case.territory[:2])
        present = await present_at(connection, levels, but=case.person_id)
    mine_or_free = case.holder_id in (None, who.person_id)
    sides = sides_at(who.person.memberships, case.territory, present)
    return case.owner in sides and mine_or_free and case.person_id != who.person_id


async def all_pages(engine: AsyncEngine, clock: Clock, who: Conversation, key: str = "desk") -> list[str]:
    listed: list[str] = []
    after, more = "", True
    while more:
        shown = await desk(engine, clock, who, key, _after=after)
        assert len(shown.lines) <= LINES
        listed += codes(shown)
        after, more = shown.after, bool(shown.after)
    return listed


async def test_everybody_sees_exactly_what_the_rights_let_them_act_on(engine: AsyncEngine) -> None:
    clock = Clock()
    people, filed_ones = await everything(engine, clock)
    seen_by = {}
    for who in people:
        expected = {case.code for case in filed_ones if await can_act(engine, who, case)}
        listed = await all_pages(engine, clock, who)
        shown = await desk(engine, clock, who)
        assert sorted(listed) == sorted(expected)
        assert shown.counts["act"] == shown.total == len(expected)
        seen_by[who.chat_id] = len(expected)
    assert all(seen_by.values())  # nobody's list is empty, or the test would say little
    assert len(set(seen_by.values())) > 3


async def test_scopes_are_few_however_many_communes_there_are(engine: AsyncEngine) -> None:
    clock = Clock()
    who = await officer(engine, clock, "province", "15")
    await officer(engine, clock, "officer")
    async with engine.begin() as connection:
        scopes = await scopes_of(connection, who.person.memberships, who.person_id)
    assert [scope.kind for scope in scopes] == ["province", "communes"]
    assert TERRITORY not in scopes[1].territories or Side.COMMUNE not in scopes[1].sides
    assert scopes[0].sides == {Side.DISTRICT, Side.PROVINCE, Side.CENTRE, Side.APPROVER}
    assert len(scopes[1].territories) == len(PROVINCE) - 1


async def test_only_the_open_page_is_read_however_much_waits(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who = await chat(engine, clock, "anna"), await officer(engine, clock, "officer")
    for _ in range(LINES + 2):
        await filed(engine, clock, anna)
    with watched(engine, "before_cursor_execute") as statements:
        shown = await desk(engine, clock, who)
    assert (len(shown.lines), shown.total) == (LINES, LINES + 2)
    assert (
        len([s for s in statements if "FROM cases" in s]) == 4
    )  # counts, the page's ids, its lines, whom to telephone


# ---------------------------------------------------------------- order and filters


async def test_what_came_back_is_first_then_the_nearest_deadline_then_what_has_none(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who, day = await chat(engine, clock, "anna"), await officer(engine, clock, "officer"), today(clock)
    no_limit = await filed(engine, clock, anna, due_on=None)
    later = await filed(engine, clock, anna, due_on=day + timedelta(days=9))
    late = await filed(engine, clock, anna, due_on=day - timedelta(days=4))
    back = await filed(engine, clock, anna, due_on=day + timedelta(days=5), resubmitted=True, urgent_on=FIRST_OF_ALL)
    soon = await filed(engine, clock, anna, due_on=day)
    soon_too = await filed(engine, clock, anna, due_on=day)
    assert await all_pages(engine, clock, who) == [back, late, soon, soon_too, later, no_limit]


async def test_pages_neither_skip_nor_repeat_when_one_of_the_list_is_gone(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who = await chat(engine, clock, "anna"), await officer(engine, clock, "officer")
    all_of_them = [await filed(engine, clock, anna) for _ in range(2 * LINES + 1)]
    first = await desk(engine, clock, who)
    async with engine.begin() as connection:
        await connection.execute(update(cases).where(cases.c.code == codes(first)[0]).values(status="idea_returned"))
    second = await desk(engine, clock, who, _after=first.after)
    assert codes(first) + codes(second) == all_of_them[: 2 * LINES]
    assert codes(await desk(engine, clock, who, _after=second.after)) == all_of_them[2 * LINES :]


@pytest.mark.parametrize("after", ["x", "/", "2026-11-23/", "2026-13-01/1", "7"])
async def test_a_place_in_the_list_that_is_none_is_its_beginning(sqlite_engine: AsyncEngine, after: str) -> None:
    clock = Clock()
    anna, who = await chat(sqlite_engine, clock, "anna"), await officer(sqlite_engine, clock, "officer")
    code = await filed(sqlite_engine, clock, anna)
    assert codes(await desk(sqlite_engine, clock, who, _after=after)) == [code]


async def test_each_filter_lists_what_it_counts(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who, day = await chat(engine, clock, "anna"), await officer(engine, clock, "officer"), today(clock)
    friday = date(2026, 11, 27)
    assert day == date(2026, 11, 23)
    clock.now += timedelta(days=4)  # Friday: the next working day is Monday
    monday = friday + timedelta(days=3)
    made = {
        "late": await filed(engine, clock, anna, due_on=friday - timedelta(days=1)),
        "today": await filed(engine, clock, anna, due_on=friday, holder_id=who.person_id),
        "monday": await filed(engine, clock, anna, due_on=monday),
        "tuesday": await filed(engine, clock, anna, due_on=monday + timedelta(days=1)),
        "back": await filed(engine, clock, anna, due_on=None, resubmitted=True, urgent_on=FIRST_OF_ALL),
        "late and back": await filed(
            engine, clock, anna, due_on=friday - timedelta(days=2), resubmitted=True, urgent_on=FIRST_OF_ALL
        ),
        "with anna": await filed(engine, clock, anna, status="plan_returned", due_on=None),
        "with anna, to be begun": await filed(engine, clock, anna, status="idea_accepted", due_on=None),
        "done": await filed(engine, clock, anna, status="certified", due_on=None),
    }
    expected = {
        "act": ["back", "late and back", "late", "today", "monday", "tuesday"],
        "urgent": ["late and back", "late", "today", "monday"],
        "overdue": ["late and back", "late"],
        "due": ["today", "monday"],
        "resubmitted": ["back", "late and back"],
        "new": ["late", "monday", "tuesday"],
        "mine": ["today"],
        "waiting": ["with anna"],
        "drafts": [],
        "asked": [],
        "ends": [],
    }
    counts = (await desk(engine, clock, who)).counts
    assert counts == {name: len(those) for name, those in expected.items()}
    for name, those in expected.items():
        assert await all_pages(engine, clock, who, desk_of(name)) == [made[one] for one in those], name


async def test_a_province_waits_only_for_what_comes_back_to_it(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who = await chat(engine, clock, "anna"), await officer(engine, clock, "province", "15")
    await officer(engine, clock, "officer")
    await filed(engine, clock, anna, status="dossier_returned")
    theirs = await filed(engine, clock, anna, status="returned_by_province", since=today(clock) - timedelta(days=3))
    shown = await desk(engine, clock, who, "desk.waiting")
    assert (codes(shown), shown.counts["waiting"]) == ([theirs], 1)
    assert shown.lines[0].silent_days == 3


async def test_the_digest_counts_the_same_and_a_cover_s_hands_are_two(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    away, cover = await officer(engine, clock, "away"), await officer(engine, clock, "cover")
    code = await filed(engine, clock, anna, holder_id=away.person_id)
    assert (await desk(engine, clock, cover)).counts["act"] == 0
    async with engine.begin() as connection:
        leave = {"person_id": away.person_id, "cover_id": cover.person_id, "created_at": clock()}
        day = today(clock)
        await connection.execute(insert(absences).values(**leave, first_on=day, last_on=day))
    shown = await desk(engine, clock, cover)
    assert (codes(shown), shown.lines[0].held_by_me, shown.counts["mine"]) == ([code], True, 1)
    async with engine.begin() as connection:
        members = cover.person.memberships
        assert await counts_for(connection, cover.person_id, members, clock(), frozenset()) == shown.counts


# ---------------------------------------------------------------- silent drafts


async def begin(engine: AsyncEngine, clock: Clock, who: Conversation, days_ago: int, **draft: Any) -> None:
    """A form of this person's that was last touched so many days ago."""
    key = draft.pop("key", "register_idea.1")
    state = State("menu/choice", {key: Draft(**{"answers": {"product": "Trà dây"}, "turn": 2, **draft})})
    values = {"state": dump(state), "updated_at": clock() - timedelta(days=days_ago)}
    async with engine.begin() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == who.id).values(**values))


async def silent(engine: AsyncEngine, clock: Clock, who: Conversation) -> list[DeskLine]:
    shown = await desk(engine, clock, who, "desk.drafts")
    assert shown.counts["drafts"] == shown.total == len(shown.lines)
    return list(shown.lines)


async def test_a_form_that_nobody_goes_on_with_is_seen_after_ten_days(engine: AsyncEngine) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna", name="Lý Thị Mẩy")
    await begin(engine, clock, anna, SILENT_DAYS - 1)
    assert await silent(engine, clock, who) == []
    await begin(engine, clock, anna, SILENT_DAYS + 2)
    assert await silent(engine, clock, who) == [
        DeskLine(f"p{anna.person_id}", "Trà dây", "Lý Thị Mẩy", silent_days=SILENT_DAYS + 2)
    ]


@pytest.mark.parametrize(
    ("draft", "seen"),
    [
        ({"answers": {}, "turn": 0}, False),  # opened and left before anything was said
        ({"answers": {}, "turn": 0, "partial": "f1:0"}, True),
        ({"key": "upload.TL12-26-0001"}, False),  # stays when all has been sent
        ({"key": "upload.TL12-26-0001", "partial": "f1:0"}, True),
        ({"key": "office_hours"}, False),
    ],
)
async def test_only_forms_in_which_something_was_begun_are_drafts(
    sqlite_engine: AsyncEngine, draft: dict[str, Any], seen: bool
) -> None:
    clock = Clock()
    who, anna = await officer(sqlite_engine, clock, "officer"), await chat(sqlite_engine, clock, "anna")
    await begin(sqlite_engine, clock, anna, 20, **draft)
    assert bool(await silent(sqlite_engine, clock, who)) == seen


async def test_drafts_are_shown_only_to_their_commune_and_with_consent(engine: AsyncEngine) -> None:
    clock = Clock()
    who, province = await officer(engine, clock, "officer"), await officer(engine, clock, "province", "15")
    stranger = await officer(engine, clock, "stranger", ELSEWHERE)
    anna = await chat(engine, clock, "anna")
    await begin(engine, clock, anna, 20)
    seen = [len(await silent(engine, clock, one)) for one in (who, province, stranger)]
    assert seen == [1, 0, 0]
    async with engine.begin() as connection:
        refused = update(people_table).where(people_table.c.id == anna.person_id).values(consent="no")
        await connection.execute(refused)
    assert await silent(engine, clock, who) == []


async def test_who_spoke_on_another_channel_is_not_silent_and_is_listed_once(engine: AsyncEngine) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna")
    page = await chat(engine, clock, "anna-on-the-web", "web")
    async with engine.begin() as connection:
        joined = update(conversations).where(conversations.c.id == page.id).values(person_id=anna.person_id)
        await connection.execute(joined)
    await begin(engine, clock, anna, 20)
    await begin(engine, clock, page, 15)
    assert [line.silent_days for line in await silent(engine, clock, who)] == [20]
    await begin(engine, clock, page, 1)
    assert await silent(engine, clock, who) == []


# ---------------------------------------------------------------- finding a case


async def found(engine: AsyncEngine, clock: Clock, who: Conversation, words: str) -> list[str]:
    return codes(await desk(engine, clock, who, "find", _words=words))


@pytest.mark.parametrize(
    "words",
    ["Miến dong", "mien dong", "MIEN DONG BINH LU", "miến", "bình lư", "lu", "Vàng A Páo", "vang a pao", "pao",
     "pao mien", "TL12-26-0001", "tl12 26 1", "tl12260001", "TL12.26.0001", "26 1", "0001", "1", "#0001"],
)  # fmt: skip
async def test_a_case_is_found_by_what_one_remembers(sqlite_engine: AsyncEngine, words: str) -> None:
    await _found_so(sqlite_engine, words)


@pytest.mark.parametrize("words", ["miến dong", "páo", "tl12 26 1", "1"])
async def test_and_on_either_database(engine: AsyncEngine, words: str) -> None:
    await _found_so(engine, words)


async def _found_so(engine: AsyncEngine, words: str) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    code = await filed(engine, clock, anna, status="certified", product="Miến dong Bình Lư", producer="Vàng A Páo")
    await filed(engine, clock, anna, product="Gạo nếp", producer="Lò Thị Hoa")
    for who in (await officer(engine, clock, "officer"), await officer(engine, clock, "province", "15")):
        assert await found(engine, clock, who, words) == [code]


@pytest.mark.parametrize("words", ["", " ", "%", "_", "mien%", "\\", "'", "TL12-26-0009", "cá kho", "p1", "x" * 200])
async def test_nothing_is_found_by_words_that_no_case_has(engine: AsyncEngine, words: str) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna")
    await filed(engine, clock, anna, product="Miến dong", producer="Páo")
    if fold(words) == "mien":  # punctuation is no letter: "mien%" is "mien"
        assert len(await found(engine, clock, who, words)) == 1
    else:
        assert await found(engine, clock, who, words) == []


async def test_nobody_finds_what_lies_elsewhere_or_is_their_own(engine: AsyncEngine) -> None:
    clock = Clock()
    who = await officer(engine, clock, "officer")
    await filed(engine, clock, who, product="Miến dong")
    anna = await chat(engine, clock, "anna")
    await filed(engine, clock, anna, product="Miến dong", territory=ELSEWHERE)
    away = await filed(engine, clock, anna, product="Miến dong", territory=ANOTHER_PROVINCE)
    for words in ("mien dong", away, "1", "2", "3"):
        assert await found(engine, clock, who, words) == []
    province = await officer(engine, clock, "province", "15")
    assert len(await found(engine, clock, province, "mien dong")) == 2
    administrator = await officer(engine, clock, "administrator", "")
    assert len(await found(engine, clock, administrator, "mien dong")) == 3


async def test_names_that_begin_so_come_first_then_the_newest(engine: AsyncEngine) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna")
    inside = await filed(engine, clock, anna, product="Bánh gạo", producer="Hoa")
    old = await filed(engine, clock, anna, product="Gạo nếp", producer="Hoa")
    new = await filed(engine, clock, anna, product="Gạo tẻ", producer="Hoa")
    assert await found(engine, clock, who, "gạo") == [new, old, inside]


async def test_what_was_found_has_pages_up_to_a_hundred(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna")
    made = [await filed(engine, clock, anna) for _ in range(HITS + 2)]
    first = await desk(engine, clock, who, "find", _words="chuoi")
    second = await desk(engine, clock, who, "find", _words="chuoi", _after=first.after)
    assert (len(first.lines), first.total, second.after) == (HITS, HITS + 2, "")
    assert codes(first) + codes(second) == made[::-1]
    monkeypatch.setattr(search, "MOST_HITS", 3)
    assert (await desk(engine, clock, who, "find", _words="chuoi")).total == 3
    assert search.MOST_HITS == 3
    monkeypatch.undo()
    assert search.MOST_HITS == MANY


async def test_of_very_many_the_newest_are_looked_through(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    who, anna = await officer(engine, clock, "officer"), await chat(engine, clock, "anna")
    first, last = [await filed(engine, clock, anna) for _ in range(2)]
    monkeypatch.setattr(search, "LOOKED_THROUGH", 1)
    assert await found(engine, clock, who, "sấy") == [last]
    assert await found(engine, clock, who, "chuối") == [last, first]  # a name that begins so is always found


async def test_a_commune_inside_one_s_province_is_not_looked_at_twice(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(sqlite_engine, clock, "anna")
    await filed(sqlite_engine, clock, anna)
    members = (Membership(Role.COMMUNE_OFFICER, TERRITORY), Membership(Role.PROVINCE_OFFICER, "15"))
    async with sqlite_engine.begin() as connection:
        hits = await hits_of(connection, members, 0, "chuoi", today(clock))
    assert hits.total == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("TL12-26-0001", "TL12-26-0001"),
        ("tl12260001", "TL12-26-0001"),
        ("TL12 26 1", "TL12-26-0001"),
        ("tl12-26-1", "TL12-26-0001"),
        ("tl 12 26 0001", "TL12-26-0001"),
        ("TL12.26.0147", "TL12-26-0147"),
        ("tl12 26 12345", "TL12-26-12345"),
        ("tl122612345", "TL12-26-12345"),
        ("TL12-26-OOO2", "TL12-26-0002"),
        ("tl1226ooo2", "TL12-26-0002"),
        ("tl12 26 l", ""),
        ("chi loi", ""),
        ("xx12260001", ""),
        ("300 chai", ""),
        ("0912345678", ""),
        ("26 1", ""),
        ("TL12", ""),
        ("bán 26 1", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str, code: str) -> None:
    assert places.commune_by_prefix("TL12") is not None
    assert read_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "figures"), [("0004", "0004"), ("OOO2", "0002"), ("oil1", "0111"), ("loi", ""), ("hoi 1", ""), ("12", "")]
)
def test_letters_stand_for_the_figures_they_look_like(typed: str, figures: str) -> None:
    assert read_serial(typed) == figures


def test_a_code_is_said_as_briefly_as_it_is_the_only_one() -> None:
    assert short_codes(["TL12-26-0001", "TL12-26-0002"]) == {"TL12-26-0001": "0001", "TL12-26-0002": "0002"}
    alike = short_codes(["TL12-26-0001", "VC-26-0001", "VC-26-0002", "VC-25-0002"])
    assert [*alike.values()] == ["TL12-0001", "VC-0001", "VC-26-0002", "VC-25-0002"]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "less than one working hour left"),
        (59, "less than one working hour left"),
        (60, "%(count)s working hour left/1"),
        (449, "%(count)s working hour left/7"),
        (450, "%(count)s working day left/1"),
        (1349, "%(count)s working day left/2"),
        (-1, "%(count)s working day overdue/1"),
        (-450, "%(count)s working day overdue/1"),
        (-451, "%(count)s working day overdue/2"),
    ],
)
def test_time_left_is_said_in_whole_days_or_hours(minutes: int, words: str) -> None:
    text = left_words(minutes)
    assert "/".join([text.msgid, *map(str, text.values.values())]) == words


# ---------------------------------------------------------------- taking, giving back, passing on


def tap(who: str, code: str, key: str) -> Update:
    return Update("telegram", key, who, pressed(option_data("desk/case", f"take-{code}")), "vi")


async def at_desk(engine: AsyncEngine, clock: Clock, *names: str) -> None:
    """Each stands at the desk; what was said so far is gone."""
    async with engine.begin() as connection:
        standing = dump(State("desk/case", {"desk": Draft({}, at="case")}))
        for name in names:
            await connection.execute(
                update(conversations).where(conversations.c.chat_id == name).values(state=standing)
            )
        await connection.execute(update(outbox).values(status="sent"))


async def read_by(engine: AsyncEngine, *names: str) -> dict[str, str]:
    """What waits to be read, by person."""
    statement = (
        select(conversations.c.chat_id, outbox.c.body)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .where(outbox.c.status == "waiting")
        .order_by(outbox.c.id)
    )
    async with engine.begin() as connection:
        found = [(row.chat_id, row.body["text"]) for row in await connection.execute(statement)]
    return {name: "\n".join(text for who, text in found if who == name) for name in names}


async def holder(engine: AsyncEngine, code: str) -> int | None:
    (case,) = await rows(engine, cases, cases.c.code == code)
    return None if case.holder_id is None else int(case.holder_id)


TAKEN, HAS_TAKEN = "Anh/chị đã nhận {}", "đã nhận {}"


async def test_of_two_officers_who_tap_at_the_same_instant_one_gets_it(engine: AsyncEngine) -> None:
    """In two processes: each has its own engine, and on PostgreSQL they run side by side."""
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    who = {name: await post(engine, clock, name, Role.COMMUNE_OFFICER, TERRITORY) for name in ("hung", "hanh")}
    winners = set()
    for n in range(6):
        code = await filed(engine, clock, anna)
        await at_desk(engine, clock, *who)
        async with AsyncExitStack() as stack:
            processes = [await stack.enter_async_context(beside(engine)) for _ in who]
            taps = [tap(name, code, f"{name}-{n}") for name in (who if n % 2 else reversed(who))]
            await asyncio.gather(*(handle(p, world_at(clock), [t]) for p, t in zip(processes, taps, strict=True)))
        said = await read_by(engine, *who)
        got_it = await holder(engine, code)
        winner = next(name for name in who if who[name].person_id == got_it)
        loser = next(name for name in who if name != winner)
        assert TAKEN.format(code) in said[winner]
        assert f"{winner.capitalize()} {HAS_TAKEN.format(code)}" in said[loser]
        assert TAKEN.format(code) not in said[loser]
        winners.add(winner)
    taken = [row for row in await rows(engine, case_events) if row.action == "take"]
    assert len(taken) == len({row.case_id for row in taken}) == 6
    recorded = [row for row in await rows(engine, audit) if row.action == "take"]
    assert [row.actor_id for row in recorded] == [row.actor_id for row in taken]


async def test_of_two_who_take_by_hand_one_gets_it(engine: AsyncEngine) -> None:
    """Also where neither has locked the row before."""
    clock = Clock()
    anna, people = await chat(engine, clock, "anna"), [await officer(engine, clock, name) for name in ("a", "b", "c")]
    await filed(engine, clock, anna)

    async def taken(process: AsyncEngine, who: Conversation) -> bool:
        async with process.begin() as connection:
            return await take(connection, 1, who.person_id, clock())

    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(beside(engine)) for _ in people]
        got = await asyncio.gather(*(taken(p, who) for p, who in zip(processes, people, strict=True)))
    assert sorted(got) == [False, False, True]


async def test_the_second_tap_of_the_same_finger_is_quiet(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, who = await chat(engine, clock, "anna"), await officer(engine, clock, "officer")
    code = await filed(engine, clock, anna)
    await at_desk(engine, clock, "officer")
    await handle(engine, world_at(clock), [tap("officer", code, "1")])
    held_at = (await rows(engine, cases))[0].held_at
    await at_desk(engine, clock, "officer")
    clock.now += timedelta(seconds=4)
    await handle(engine, world_at(clock), [tap("officer", code, "2")])
    said = (await read_by(engine, "officer"))["officer"]
    assert TAKEN.format(code) not in said
    assert said.startswith("1 hồ sơ")
    assert [(row.holder_id, row.held_at) for row in await rows(engine, cases)] == [(who.person_id, held_at)]
    assert [row.action for row in await rows(engine, case_events)] == ["submit", "take"]


@pytest.mark.parametrize("status", ["forwarded", "certified", "idea_returned"])
async def test_what_is_not_one_s_turn_is_not_taken(sqlite_engine: AsyncEngine, status: str) -> None:
    clock, engine = Clock(), sqlite_engine
    anna = await chat(engine, clock, "anna")
    await officer(engine, clock, "officer")
    await officer(engine, clock, "province", "15")
    code = await filed(engine, clock, anna, status=status)
    await at_desk(engine, clock, "officer")
    await handle(engine, world_at(clock), [tap("officer", code, "1")])
    assert await holder(engine, code) is None
    assert "bước của người khác" in (await read_by(engine, "officer"))["officer"]


@pytest.mark.parametrize("territory", [ELSEWHERE, ANOTHER_PROVINCE])
async def test_a_strange_case_is_taken_like_one_that_does_not_exist(sqlite_engine: AsyncEngine, territory: str) -> None:
    clock, engine = Clock(), sqlite_engine
    anna = await chat(engine, clock, "anna")
    await officer(engine, clock, "officer")
    code = await filed(engine, clock, anna, territory=territory)
    said = []
    for n, one in enumerate((code, "TL12-26-9999")):
        await at_desk(engine, clock, "officer")
        await handle(engine, world_at(clock), [tap("officer", one, str(n))])
        said.append((await read_by(engine, "officer"))["officer"])
    assert said[0] == said[1] != ""
    assert await holder(engine, code) is None


async def test_one_s_own_case_is_not_taken(sqlite_engine: AsyncEngine) -> None:
    clock, engine = Clock(), sqlite_engine
    who = await officer(engine, clock, "officer")
    code = await filed(engine, clock, who)
    await at_desk(engine, clock, "officer")
    await handle(engine, world_at(clock), [tap("officer", code, "1")])
    assert await holder(engine, code) is None


async def test_somebody_who_has_been_removed_takes_nothing_with_an_old_button(sqlite_engine: AsyncEngine) -> None:
    clock, engine = Clock(), sqlite_engine
    anna = await chat(engine, clock, "anna")
    await officer(engine, clock, "officer")
    code = await filed(engine, clock, anna)
    await at_desk(engine, clock, "officer")
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=clock()))
    await handle(engine, world_at(clock), [tap("officer", code, "1")])
    assert await holder(engine, code) is None


async def test_who_may_work_on_a_case(engine: AsyncEngine) -> None:
    clock = Clock()
    me, other = await officer(engine, clock, "me"), await officer(engine, clock, "other")
    code = await filed(engine, clock, await chat(engine, clock, "anna"))

    async def may(holder_id: int | None, *covered: int) -> bool:
        async with engine.begin() as connection:
            await connection.execute(update(cases).values(holder_id=holder_id))
            return await may_work(connection, await locked(connection, code), me.person_id, covered)

    assert await may(None)
    assert await may(me.person_id)
    assert not await may(other.person_id)
    assert await may(other.person_id, other.person_id)
    async with engine.begin() as connection:
        gone = memberships.c.person_id == other.person_id
        await connection.execute(update(memberships).where(gone).values(removed_at=clock()))
    assert await may(other.person_id), "in the hand of nobody who could go on with it"


# ---------------------------------------------------------------- passing on


async def passes(engine: AsyncEngine, clock: Clock, who: str, code: str, to: Conversation, note: str = "") -> Turned:
    """Passed on as the effect does it; the turn with what was said."""
    conversation = await chat(engine, clock, who)
    async with engine.begin() as connection:
        facts = Facts(clock().astimezone(VIETNAM))
        turn = Turned(connection, conversation, tap(who, code, "t"), facts, world_at(clock), clock())
        await pass_on(turn, PassCase(code, to.person_id, note))
    return turn


def said_in(turn: Turned) -> list[str]:
    return [text.msgid for message in turn.carried.said for text in message.texts]  # type: ignore[union-attr]


async def test_a_case_is_passed_on_and_the_colleague_is_told_at_once(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    await post(engine, clock, "hung", Role.COMMUNE_OFFICER, TERRITORY)
    hanh = await post(engine, clock, "hanh", Role.COMMUNE_OFFICER, TERRITORY)
    code = await filed(engine, clock, anna)
    turn = await passes(engine, clock, "hung", code, hanh, "Chị xem giúp em")
    assert await holder(engine, code) == hanh.person_id
    (notice,) = turn.carried.notices
    assert notice["conversation_id"] == hanh.id
    assert f"Hung chuyển cho anh/chị hồ sơ {code}" in notice["body"]["text"]
    assert "“Chị xem giúp em”" in notice["body"]["text"]
    assert notice["body"]["buttons"][0][0] == f"l:review.{code}"
    assert [(entry.action, entry.details) for entry in turn.carried.audit] == [("pass", {"to": hanh.person_id})]
    assert [row.action for row in await rows(engine, case_events)] == ["submit", "pass"]


async def test_a_case_stays_where_it_was_when_it_can_t_be_passed_on(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    hung = await post(engine, clock, "hung", Role.COMMUNE_OFFICER, TERRITORY)
    hanh = await post(engine, clock, "hanh", Role.COMMUNE_OFFICER, TERRITORY)
    stranger = await officer(engine, clock, "stranger", ELSEWHERE)
    province = await officer(engine, clock, "province", "15")
    mine = await filed(engine, clock, anna, holder_id=hung.person_id)
    for to in (stranger, province, anna, hung):
        turn = await passes(engine, clock, "hung", mine, to)
        assert said_in(turn)
        assert not turn.carried.notices
        assert await holder(engine, mine) == hung.person_id
    hers = await filed(engine, clock, anna, holder_id=hanh.person_id)
    turn = await passes(engine, clock, "hung", hers, hung)
    assert said_in(turn) == ["%(by)s has taken %(code)s “%(product)s”, so nothing was changed."]
    assert await holder(engine, hers) == hanh.person_id
    her_own = await filed(engine, clock, hanh)
    await passes(engine, clock, "hung", her_own, hanh)
    assert await holder(engine, her_own) is None
    with pytest.raises(NotPossible):
        await passes(engine, clock, "stranger", mine, stranger)


async def test_whoever_checked_it_passes_it_only_to_who_may_go_on(engine: AsyncEngine) -> None:
    """A dossier that waits for the leadership goes to an approver, not to another officer."""
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    await post(engine, clock, "thao", Role.COMMUNE_APPROVER, TERRITORY)
    another = await post(engine, clock, "an", Role.COMMUNE_APPROVER, TERRITORY)
    plain = await post(engine, clock, "hung", Role.COMMUNE_OFFICER, TERRITORY)
    code = await filed(engine, clock, anna, status="dossier_checked")
    await passes(engine, clock, "thao", code, plain)
    assert await holder(engine, code) is None
    await passes(engine, clock, "thao", code, another)
    assert await holder(engine, code) == another.person_id


# ---------------------------------------------------------------- as it is typed


async def test_typed_words_open_find_and_choose_at_the_desk(sqlite_engine: AsyncEngine) -> None:
    clock, engine = Clock(), sqlite_engine
    anna = await chat(engine, clock, "anna")
    await officer(engine, clock, "officer")
    await filed(engine, clock, anna, product="Miến dong", producer="Vàng A Páo")
    await filed(engine, clock, anna, product="Gạo nếp", producer="Vàng A Páo")
    run = Play(engine, world_at(clock), clock, "telegram")
    expected = {
        "0002": "TL12-26-0002 “Gạo nếp”",
        "gao nep": "TL12-26-0002 “Gạo nếp”",
        "tl12260001": "TL12-26-0001 “Miến dong”",
        "pao": "2 hồ sơ khớp “pao”:",
        "ban lam viec": "2 hồ sơ chờ xem.",
        "tim ho so": "Anh/chị tìm hồ sơ nào?",
        "moi": "Mới: 2",
        "qua han": "Quá hạn: 0",
        "1": "Anh/chị đã nhận TL12-26-0001",
        "menu": "Anh/chị muốn làm gì",
    }
    for typed, said in expected.items():
        await run.line("officer> /desk")
        replies = await run.line(f"officer> {typed}")
        assert said in "\n".join(replies), typed
