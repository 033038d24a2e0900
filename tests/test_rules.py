"""`rules` on the command line: sheets to compare, what changes in words, whom new rules would catch out."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner

import dialogs.rules.ruleset as module
from bot import rules
from bot.__main__ import app
from dialogs.rules.ruleset import ruleset
from dialogs.rules.sheet import Criterion, Section, sheet, sheets
from storage.database import make_engine
from storage.models import cases, papers
from storage.open_cases import OpenCase
from tests.heart import chat, rows, submit
from tests.test_export import ANSWERED
from tests.transcripts import Clock

CODE = "TL12-26-0001"
FOLDER = Path(module.__file__).parent


def ran(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["rules", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["rules", *arguments])
    assert result.exit_code != 0
    return f"{result.output}{result.exception}"


# ---------------------------------------------------------------- show


@pytest.mark.parametrize("ruleset_id", ["ocop-2019", "ocop-2026"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_item_and_option_of_every_sheet_is_shown(ruleset_id: str, language: str) -> None:
    for number, one in sheets(ruleset_id).items():
        said: list[str] = []
        rules.show(rules.opened(ruleset_id), number, rules.catalog(language), said.append)
        text = "\n".join(said)
        items: list[Section | Criterion] = [*one.sections, *one.criteria]
        for item in items:
            assert f"  {item.code} {getattr(item.label, language)} [{item.max_points}]" in text
        for option in (option for criterion in one.criteria for option in criterion.options):
            assert f"{option.points}{'*' * (option.gate or 0)}" in text
            assert getattr(option.label, language) in text
        for knockout in one.knockouts:
            assert getattr(knockout.label, language) in text


def test_a_sheet_reads_like_the_printed_one() -> None:
    shown = ran("show", "7").splitlines()
    assert shown[0] == "ocop-2026 · 7. Chế biến từ rau, củ, quả, hạt"
    at = shown.index("    3.1 Loại hình của cơ sở [3]")
    assert shown[at + 1].startswith("      1       Hộ, trang trại")
    assert "    = xã xem và báo cáo (mẫu 03): nguyên liệu tại chỗ" in "\n".join(shown)
    assert any(line.startswith("  ! 3.1 (còn chờ, giữ như bản chép): ") for line in shown)
    assert any(line.startswith("  ! 1.2 (đã sửa): ") for line in shown)


def test_a_partial_sheet_says_so() -> None:
    assert "Not all of this sheet is known" in ran("show", "12", "--rules", "ocop-2019", "-l", "en")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "7", "--rules", "ocop-2023"), "ocop-2023 has no score sheet for set 7."),
        (("show", "27"), "equal to 26"),
        (("show", "7", "--rules", "ocop-2030"), "There are no rules ocop-2030."),
        (("diff", "ocop-2026", "nowhere.toml"), "nowhere.toml: No such file"),
        (("show", "7", "-l", "fr"), "fr"),
    ],
)
def test_what_is_not_there_is_one_clear_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)


# ---------------------------------------------------------------- diff


def test_what_changes_is_said_in_words() -> None:
    said = ran("diff", "ocop-2019", "ocop-2026")
    assert "- Phần A, Sản phẩm và sức mạnh của cộng đồng: trước 35 điểm, nay 40 điểm.\n" in said
    assert "- Hồ sơ không còn qua cấp huyện.\n" in said
    assert "“Nét riêng của quê mình trong câu chuyện” nhiều nhất 5 điểm, trước là 3 điểm. Bộ: 1, 4-7" in said
    assert "chỉ biết một phần" in said


def test_sheets_that_are_not_known_are_not_compared() -> None:
    said = ran("diff", "ocop-2023", "ocop-2026", "-l", "en")
    assert "The score sheets of OCOP rules of 2023 are not known" in said
    assert "New item" not in said


def test_nothing_changes_against_itself() -> None:
    assert ran("diff", "ocop-2026", "ocop-2026", "-l", "en") == "Nothing changes for producers.\n"


def test_a_draft_is_compared_with_its_sheets(tmp_path: Path) -> None:
    """What a lawyer would do with the next decree: copy, change, compare."""
    drafted(tmp_path, "set_10.toml", 'points = "1*** 2 3"', 'points = "1*** 2**** 3"')
    said = ran("diff", "ocop-2026", str(tmp_path / "ocop_2030.toml"), "-l", "en")
    option = sheet("ocop-2026", 10).criterion("3.5").options[1].label.en
    assert said == f"- For 4 stars, “Trademark and patents” must now be at least: {option}. Sets: 10.\n"


def test_a_wrong_draft_is_refused_with_its_line(tmp_path: Path) -> None:
    drafted(tmp_path, "set_10.toml", 'points = "1*** 2 3"', 'points = "1*** 2 4"')
    assert "set_10.toml:1: heading 3 has 12 points, its items 13" in refused(
        "diff", "ocop-2026", str(tmp_path / "ocop_2030.toml")
    )


def drafted(folder: Path, name: str, old: str, new: str) -> None:
    (folder / "ocop_2030.toml").write_text((FOLDER / "ocop_2026.toml").read_text("utf-8"), "utf-8")
    (folder / "sheets/ocop_2030").mkdir(parents=True)
    for path in (FOLDER / "sheets/ocop_2026").glob("*.toml"):
        text = path.read_text("utf-8")
        if path.name == name:
            assert old in text
            text = text.replace(old, new)
        (folder / "sheets/ocop_2030" / path.name).write_text(text, "utf-8")


# ---------------------------------------------------------------- dry-run


def waiting(status: str = "plan_accepted", *held: str, of: str = "ocop-2026", **answers: str) -> OpenCase:
    given = {"product_group": "food", "product_set": "7", "producer_kind": "household", **answers}
    return OpenCase(CODE, of, status, given, frozenset(held))


def lacking(case: OpenCase, under: str) -> list[str]:
    return [paper.id for paper in rules.lack(case, ruleset(under)).papers]


def test_a_dossier_lacks_what_the_rules_require_and_is_not_there() -> None:
    case = waiting("plan_accepted", "form_01", "samples")
    assert lacking(case, "ocop-2026") == ["form_02", "household_reg", "food_safety"]
    assert rules.lack(case, ruleset("ocop-2026")).new == frozenset()


def test_what_only_the_new_rules_require_is_marked() -> None:
    found = rules.lack(waiting("dossier_submitted", "household_reg", "samples", of="ocop-2019"), ruleset("ocop-2026"))
    assert [paper.id for paper in found.papers] == ["form_01", "form_02", "food_safety"]
    assert found.new == {"form_01", "form_02", "food_safety"}


def test_a_plan_lacks_papers_of_the_plan_and_an_idea_none() -> None:
    assert lacking(waiting("idea_accepted"), "ocop-2026") == ["business_plan", "plan_household_reg"]
    assert lacking(waiting("idea_submitted"), "ocop-2026") == []


def test_a_product_keeps_its_group_by_the_name_of_its_set() -> None:
    """Cloth had a group of its own in 2019 and is handicraft now."""
    case = waiting(product_group="cloth", product_set="23", of="ocop-2019")
    assert not rules.lack(case, ruleset("ocop-2026")).homeless


def test_a_product_without_a_group_is_named() -> None:
    case = waiting(product_group="herbs", product_set="21", of="ocop-2019")  # medical devices are gone
    found = rules.lack(case, ruleset("ocop-2026"))
    assert (found.homeless, found.papers) == (True, ())


def test_the_database_is_looked_through_and_not_changed(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)

    async def filled() -> list[object]:
        engine, clock = make_engine(database_url), Clock()
        producer = await chat(engine, clock, "anna")
        for status in ("idea_submitted", "plan_accepted", "dossier_submitted", "certified"):
            code = await submit(engine, producer, clock(), {**ANSWERED, "product_set": "7", "product": status})
            async with engine.begin() as connection:
                await connection.execute(update(cases).where(cases.c.code == code).values(status=status))
        async with engine.begin() as connection:
            held = {"case_id": 3, "paper": "form_01", "version": 1, "pages": [], "kept_at": clock()}
            await connection.execute(insert(papers).values(held))
        before = [*await rows(engine, cases), *await rows(engine, papers)]
        await engine.dispose()
        return before

    async def now() -> list[object]:
        engine = make_engine(database_url)
        found = [*await rows(engine, cases), *await rows(engine, papers)]
        await engine.dispose()
        return found

    before = asyncio.run(filled())
    said = ran("dry-run", "ocop-2026", "-l", "en").splitlines()
    assert [line.partition(":")[0] for line in said[:2]] == ["TL12-26-0002", "TL12-26-0003"]
    assert "Registration sheet (form 01)" in said[0]
    assert "Registration sheet (form 01)" not in said[1]
    assert f"{2:6} Self-assessment report (form 02)" in said
    assert f"{1:6} Registration sheet (form 01)" in said
    assert said[-1] == "2 of 3 open cases would lack something under OCOP rules of 2026."
    assert asyncio.run(now()) == before
