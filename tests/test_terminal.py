"""`export`, `report` and `audit` on the command line: the files they write, what they record, one clear line else."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.__main__ import app
from storage.audit import FIRST
from storage.database import make_engine
from storage.models import audit
from tests.heart import chat, rows, submit
from tests.test_export import ANSWERED, from_csv, from_xlsx
from tests.test_report import pages
from tests.transcripts import Clock

CODE = "TL12-26-0001"


@pytest.fixture
def at_work(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder and a database with one case, as an operator's environment names them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)

    async def fill() -> None:
        engine = make_engine(database_url)
        await submit(engine, await chat(engine, Clock(), "anna"), Clock()(), {**ANSWERED, "product": "=1+1"})
        await engine.dispose()

    asyncio.run(fill())
    return database_url


def ran(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    """The line a command ends with when it can't do what it should."""
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 1
    return f"{result.output}{result.exception}"


def recorded(url: str) -> list[dict[str, object]]:
    async def read() -> list[dict[str, object]]:
        engine = make_engine(url)
        found = await rows(engine, audit)
        await engine.dispose()
        return [row._asdict() for row in found]

    return asyncio.run(read())


def spoil(url: str, statements: Sequence[str]) -> None:
    async def do() -> None:
        engine = make_engine(url)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(do())


# ---------------------------------------------------------------- lists and reports


def test_a_list_is_written_and_recorded(at_work: str) -> None:
    assert "1 cases" in ran("export", "--territory", "15", "-o", "cases.xlsx")
    assert from_xlsx(Path("cases.xlsx").read_bytes())[1][1] == ("s", "=1+1", True)
    ran("export", "--territory", "15/04336", "-o", "cases.csv")
    (_, row) = from_csv(Path("cases.csv").read_bytes())
    assert row[:2] == [CODE, "'=1+1"]
    assert sorted(path.name for path in Path().glob("*cases*")) == ["cases.csv", "cases.xlsx"]
    assert [(e["action"], e["channel"], e["actor_id"]) for e in recorded(at_work)] == [("export", "cli", None)] * 2


def test_telephone_numbers_are_in_it_only_when_asked_for_and_that_is_recorded(at_work: str) -> None:
    ran("export", "--territory", "all", "-o", "without.csv")
    ran("export", "--territory", "all", "-o", "with.csv", "--with-contacts")
    without = Path("without.csv").read_text("utf-8")
    assert not [number for number in ("0912 345 678", "912345678") if number in without]
    assert "0912 345 678" in Path("with.csv").read_text("utf-8")
    assert [entry["details"]["contacts"] for entry in recorded(at_work)] == [False, True]  # type: ignore[index]
    assert all(entry["details"]["login"] for entry in recorded(at_work))  # type: ignore[index]


def test_a_list_is_for_its_owner_s_eyes(at_work: str) -> None:
    ran("export", "--territory", "15", "-o", "cases.csv")
    assert Path("cases.csv").stat().st_mode & 0o077 == 0


def test_a_report_is_written(at_work: str) -> None:
    assert "1 ideas, 0 results" in ran("report", "--territory", "15", "--month", "2026-11", "-o", "report.pdf")
    words = " ".join(pages(Path("report.pdf").read_bytes()))
    assert "Báo cáo OCOP tháng 11/2026" in words
    assert recorded(at_work)[0]["details"]["report"] == "2026-11"  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "--territory", "99", "-o", "a.csv"), "There is no territory 99"),
        (("export", "--territory", "11/04336", "-o", "a.csv"), "There is no territory"),
        (("export", "--territory", "", "-o", "a.csv"), "There is no territory"),
        (("export", "--territory", "15", "-o", "a.pdf"), "must end in .xlsx or .csv"),
        (("export", "--territory", "15", "-o", "nowhere/a.csv"), "nowhere"),
        (("report", "--territory", "15", "--month", "11/2026", "-o", "a.pdf"), "like 2026-11"),
        (("report", "--territory", "15", "--month", "2026-13", "-o", "a.pdf"), "like 2026-11"),
        (("report", "--territory", "15", "--month", "9998-12", "-o", "a.pdf"), "has not begun"),
        (("report", "--territory", "15", "--month", "2026-11", "-o", "a.txt"), "must end in .pdf"),
        (("audit", "export", CODE, "-o", "a.pdf"), "must end in .json or .xlsx or .csv"),
        (("audit", "verify", "--noted", "7"), "the line that was printed before"),
    ],
)
def test_what_can_t_be_done_is_one_clear_line(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    assert said in refused(*arguments)
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".csv", ".pdf", ".txt")] == []


# ---------------------------------------------------------------- the audit


def test_an_invitation_made_here_is_recorded(at_work: str) -> None:
    ran("invite", "--commune", "04336")
    (entry,) = recorded(at_work)
    assert (entry["action"], entry["channel"]) == ("invite", "cli")
    assert entry["details"] == {"role": "commune_officer", "territory": "15/04336"}


def test_the_audit_of_a_case_is_written_with_its_own_export(at_work: str) -> None:
    assert "1 entries" in ran("audit", "export", CODE, "-o", "audit.json")
    (entry,) = json.loads(Path("audit.json").read_text("utf-8"))
    assert (entry["action"], entry["case_code"], entry["previous"]) == ("export_audit", CODE, FIRST)
    assert "2 entries" in ran("audit", "export", CODE, "-o", "audit.csv")
    assert len(from_csv(Path("audit.csv").read_bytes())) == 3
    assert "0 entries" not in ran("audit", "export", "TL12-26-0777", "-o", "none.xlsx")


def test_verifying_says_what_to_note_and_later_checks_it(at_work: str) -> None:
    assert f"0:{FIRST}" in ran("audit", "verify")
    for _ in range(3):
        ran("audit", "export", CODE, "-o", "audit.json")
    noted = ran("audit", "verify").splitlines()[-1]
    assert noted.startswith("3:")
    ran("audit", "export", CODE, "-o", "audit.json")
    assert "4 entries are in order" in ran("audit", "verify", "--noted", noted)
    assert "broken at entry 3" in refused("audit", "verify", "--noted", f"3:{FIRST}")


def test_a_broken_audit_ends_with_one_and_the_number(at_work: str) -> None:
    for _ in range(3):
        ran("audit", "export", CODE, "-o", "audit.json")
    sqlite = at_work.startswith("sqlite")
    drop = "DROP TRIGGER audit_no_update" if sqlite else "DROP TRIGGER audit_only_added_to ON audit"
    spoil(at_work, [drop, "UPDATE audit SET case_code = 'X' WHERE number = 2"])
    assert "broken at entry 2; the 1 before it are in order" in refused("audit", "verify")
