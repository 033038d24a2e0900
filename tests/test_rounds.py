"""The province's rounds: the law's, its own between them, and into which a dossier goes."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.rounds import IN_USE, TOO_LATE
from dialogs.model import DecideCase, DropRound, Role, SendToCommune, SetRound, State
from dialogs.rules.rounds import Round, WrongRound, next_round, of_year, planned
from dialogs.rules.ruleset import ruleset
from storage.database import writing
from storage.models import cases, papers, rounds
from storage.records import own_cases
from storage.rounds import drop_round, outside_rounds, rounds_of
from tests.facts import NOW, Chat, desk_facts
from tests.heart import beside, rows
from tests.test_assessing import does, said
from tests.test_lifecycle import scene

RULES = ruleset("ocop-2026")
OWN = Round(date(2027, 2, 15), date(2027, 3, 31), 3, own=True)


def test_the_laws_rounds_have_their_years() -> None:
    assert of_year(RULES, 2026) == (
        Round(date(2026, 4, 30), date(2026, 6, 30), 1),
        Round(date(2026, 10, 30), date(2026, 12, 30), 2),
    )
    assert [one.name for one in of_year(RULES, 2027)] == ["1/2027", "2/2027"]
    assert of_year(ruleset("ocop-2019"), 2021) == ()


@pytest.mark.parametrize(
    ("day", "own", "name"),
    [
        (date(2026, 4, 29), (), "1/2026"),
        (date(2026, 4, 30), (), "2/2026"),  # "before 30/4": the day itself is too late
        (date(2026, 10, 29), (), "2/2026"),
        (date(2026, 10, 30), (), "1/2027"),
        (date(2026, 12, 31), (OWN,), "3/2027"),
        (date(2027, 2, 15), (OWN,), "1/2027"),
    ],
)
def test_a_dossier_goes_into_the_next_round(day: date, own: tuple[Round, ...], name: str) -> None:
    found = next_round(RULES, day, own)
    assert found is not None
    assert found.name == name
    assert found.last_day >= day


def test_rules_without_rounds_have_none() -> None:
    assert next_round(ruleset("ocop-2023"), date(2026, 4, 1), (OWN,)) is None


@pytest.mark.parametrize(
    ("due", "results", "other"),
    [
        (date(2026, 12, 1), date(2027, 1, 15), "2/2026"),  # begins within
        (date(2027, 4, 1), date(2027, 5, 1), "1/2027"),  # ends within
        (date(2027, 4, 1), date(2027, 7, 1), "1/2027"),  # around
        (date(2027, 5, 10), date(2027, 5, 20), "1/2027"),  # inside
        (date(2027, 3, 1), date(2027, 4, 10), "3/2027"),  # the province's own
        (date(2027, 2, 15), date(2027, 3, 31), "3/2027"),
    ],
)
def test_rounds_do_not_overlap(due: date, results: date, other: str) -> None:
    with pytest.raises(WrongRound) as wrong:
        planned(RULES, due, results, (OWN,))
    assert wrong.value.other is not None
    assert wrong.value.other.name == other


@pytest.mark.parametrize("results", [date(2027, 2, 1), date(2027, 2, 15), date(2029, 3, 31)])
def test_results_come_after_the_dossiers_and_within_half_a_year(results: date) -> None:
    with pytest.raises(WrongRound) as wrong:
        planned(RULES, date(2027, 2, 15), results, ())
    assert wrong.value.other is None


def test_one_may_begin_on_the_day_the_other_is_over() -> None:
    assert planned(RULES, date(2026, 12, 30), date(2027, 2, 1), (OWN,)).name == "3/2026"
    assert planned(RULES, date(2027, 3, 31), date(2027, 4, 30), (OWN,)).name == "4/2027"


async def test_a_province_sets_its_own_and_dossiers_go_into_it(engine: AsyncEngine) -> None:
    here = await scene(engine, "dossier_checked")
    attempt = await does(here, "province", SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
    assert [entry.details for entry in attempt.turn.carried.audit] == [{"territory": "15", "round": "3/2027"}]
    attempt = await does(here, "approver", DecideCase(here.code, "forward"))
    assert any("đợt 3/2027" in words for words in attempt.told("producer"))
    (case,) = await rows(engine, cases)
    assert case.round == "3/2027"
    assert said(await does(here, "province", DropRound("15", "3/2027"))) == [IN_USE.msgid]
    assert len(await rows(engine, rounds)) == 1


async def test_a_round_isnt_dropped_while_a_dossier_goes_into_it(engine: AsyncEngine) -> None:
    here = await scene(engine, "dossier_checked")
    await does(here, "province", SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
    here.facts.clear()

    async def dropped(process: AsyncEngine) -> bool:
        async with writing(process) as connection:
            return await drop_round(connection, "15", "3/2027", here.clock().date())

    async with beside(engine) as process:
        async with here.attempt("approver") as attempt:
            await attempt.does(DecideCase(here.code, "forward"))
            dropping = asyncio.create_task(dropped(process))
            await asyncio.wait({dropping}, timeout=0.3)
            await attempt.connection.commit()
        assert not await dropping
    assert len(await rows(engine, rounds)) == 1


async def test_a_dossier_doesnt_go_into_a_round_while_it_is_dropped(engine: AsyncEngine) -> None:
    here = await scene(engine, "dossier_checked")
    await does(here, "province", SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
    async with beside(engine) as process, writing(process) as connection:
        assert await drop_round(connection, "15", "3/2027", here.clock().date())
        going_up = asyncio.create_task(does(here, "approver", DecideCase(here.code, "forward")))
        await asyncio.wait({going_up}, timeout=0.3)
        await connection.commit()
        await going_up
    (case,) = await rows(engine, cases)
    assert case.round == "1/2027"


@pytest.mark.parametrize("who", ["officer", "approver", "far", "administrator", "producer"])
async def test_only_the_province_itself_does(sqlite_engine: AsyncEngine, who: str) -> None:
    here = await scene(sqlite_engine, "dossier_checked")
    await does(here, who, SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
    assert not await rows(sqlite_engine, rounds)


async def test_what_comes_past_the_dialog_is_looked_at_again(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "dossier_checked")
    late = await does(here, "province", SetRound("15", date(2026, 11, 23), date(2026, 12, 31)))
    assert said(late) == [TOO_LATE.msgid]
    overlapping = await does(here, "province", SetRound("15", date(2026, 12, 1), date(2027, 1, 15)))
    assert said(overlapping)[0].startswith("That overlaps")
    assert not await rows(sqlite_engine, rounds)
    await does(here, "province", SetRound("15", date(2027, 2, 15), date(2027, 3, 31)), DropRound("15", "3/2027"))
    assert not await rows(sqlite_engine, rounds)


async def test_the_round_goes_with_the_decision_that_is_taken_back(engine: AsyncEngine) -> None:
    from dialogs.model import UndoDecision

    here = await scene(engine, "dossier_checked")
    await does(here, "approver", DecideCase(here.code, "forward"))
    here.facts.clear()
    async with here.attempt("approver") as attempt:
        undo = attempt.turn.facts.case(here.code).undo  # type: ignore[union-attr]  # just seen
        assert undo is not None
        await attempt.does(UndoDecision(here.code, undo.number))
        assert (await attempt.connection.execute(select(cases.c.round))).scalar_one() == ""


async def test_what_the_province_returned_stays_in_its_round(sqlite_engine: AsyncEngine) -> None:
    """It was proposed in time; completing it takes nothing of that away."""
    here = await scene(sqlite_engine, "returned_by_province")
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(round="2/2026"))
    await does(here, "producer", SendToCommune(here.code))
    (case,) = await rows(sqlite_engine, cases)
    assert (case.status, case.round) == ("forwarded", "2/2026")


@pytest.mark.parametrize(("round_", "kept"), [("2/2026", "2/2026"), ("1/2026", "1/2027")])
async def test_what_the_province_gave_back_to_the_commune_stays_in_its_round(
    sqlite_engine: AsyncEngine, round_: str, kept: str
) -> None:
    """As long as that lasts: the first of 2026 is over by now."""
    here = await scene(sqlite_engine, "forwarded")
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(round=round_))
    attempt = await does(here, "province", DecideCase(here.code, "send_back", "all", "Xem lại nguyên liệu"))
    assert any("Tỉnh trả lại" in words for words in attempt.told("officer"))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status="dossier_checked", owner="approver"))
    await does(here, "approver", DecideCase(here.code, "forward"))
    (case,) = await rows(sqlite_engine, cases)
    assert (case.status, case.round) == ("forwarded", kept)


# ---------------------------------------------------------------- a renewal


async def test_a_renewal_is_rated_in_days_of_its_own(engine: AsyncEngine) -> None:
    """45 calendar days from when it is sent up, whatever the rounds; the clock stops while its producer has it."""
    here = await scene(engine, "dossier_checked")
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(purpose="renewal", former="TL12-23-0001"))
    for days, who, effect, expected in (
        (0, "approver", DecideCase(here.code, "forward"), ("forwarded", NOW.date() + timedelta(days=45), 0)),
        (10, "province", DecideCase(here.code, "accept"), ("in_evaluation", NOW.date() + timedelta(days=45), 10)),
        (
            12,
            "province",
            DecideCase(here.code, "return", "paper:food_safety", "mờ"),
            ("returned_by_province", None, 12),
        ),
        (20, "producer", SendToCommune(here.code), ("forwarded", NOW.date() + timedelta(days=20 + 33), 12)),
    ):
        here.clock.now = NOW + timedelta(days=days)
        if who == "producer":
            async with engine.begin() as connection:
                pages = {"paper": "food_safety", "version": 2, "pages": [["f1", 90]], "kept_at": here.clock()}
                number = (await connection.execute(select(cases.c.id))).scalar_one()
                await connection.execute(insert(papers).values(case_id=number, **pages))
        await does(here, who, effect)
        (case,) = await rows(engine, cases)
        assert (case.status, case.due_on, case.days_used, case.round) == (*expected, "")
    async with engine.connect() as connection:
        (shown,) = await own_cases(connection, case.person_id, here.clock() + timedelta(days=3), frozenset())
    assert (shown.used_days, shown.limit_days, shown.calendar_days) == (15, 45, True)


async def test_no_round_is_named_for_a_renewal_that_is_to_go_up(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "dossier_checked")
    async with sqlite_engine.connect() as connection:
        (row,) = await connection.execute(select(cases))
        assert list(await rounds_of(connection, [row], NOW.date())) == [row.id]
        await connection.execute(update(cases).values(purpose="renewal"))
        (row,) = await connection.execute(select(cases))
        assert await rounds_of(connection, [row], NOW.date()) == {}
        await connection.execute(update(cases).values(ruleset="ocop-2023"))  # which has no days for it
        (row,) = await connection.execute(select(cases))
        assert not outside_rounds(row)
    assert here.code == row.code


# ---------------------------------------------------------------- the days of a round, as they are typed


def adding(*typed: str) -> Chat:
    """An officer of the province who adds a round, on 23/11/2026."""
    return Chat(desk_facts(Role.PROVINCE_OFFICER), State("rounds/")).does("thêm đợt", *typed)


@pytest.mark.parametrize(
    ("due", "results", "day"),
    [
        ("1/7/2027", "15/9", "2027-09-15"),
        ("1/7/2027", "thứ Ba 30/11", "2027-11-30"),  # its weekday is that of the later year
        ("15/10", "30/11", "2027-11-30"),  # 30/11/2026 is ahead of us, but before the first day
        ("15/1", "1/2", "2027-02-01"),
        ("31/12/2026", "29/12", ""),  # a year later is too far
        ("1/7/2027", "mai", ""),
        ("1/7/2027", "30/6/2027", ""),
        ("1/7/2027", "1/7", ""),
        ("1/7/2027", "1/2/2028", ""),
    ],
)
def test_the_second_day_is_read_after_the_first(due: str, results: str, day: str) -> None:
    """What is refused costs only the second day."""
    chat = adding(due, results)
    assert chat.answers.get("results", "") == day
    assert chat.at == ("rounds/sure" if day else "rounds/results")
    assert chat.answers["due"]


@pytest.mark.parametrize(
    ("due", "results", "kept"),
    [
        ("15/2/2027", "15/5/2027", True),  # only its end lies in the law's round
        ("1/12/2026", "15/1/2027", False),
        ("15/2/2027", "31/3/2027", False),  # nothing is wrong; whoever wants other days gives both
    ],
)
def test_other_days_keep_the_first_one_if_it_is_good(due: str, results: str, *, kept: bool) -> None:
    chat = adding(due, results).does("ngày khác")
    assert chat.at == ("rounds/results" if kept else "rounds/due")
    assert ("due" in chat.answers) == kept
