"""What is asked for on the command line: lists, reports and the audit, written into a file."""

import asyncio
import getpass
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import imports, keys, papers
from bot.catalogs import VIETNAM, Catalog
from bot.catalogs import load as load_catalogs
from bot.desk import export, import_files, report
from bot.desk.workbook import Unreadable
from bot.settings import Settings
from bot.world import LOCALES
from dialogs import places
from dialogs.officer.imports import FIRST_WRONG
from storage import audit, reports, retention
from storage.audit import Entry
from storage.database import reading, writing

Say = Callable[[str], None]
TERMINAL = "cli"
"""The channel of what is done on the command line, in the audit."""


def territory_of(words: str) -> str:
    """ "15", "15/04336" or "all" as a territory; SystemExit in words for the operator."""
    if words == "all":
        return ""
    if places.parse_territory(words) is None:
        raise SystemExit(f"There is no territory {words}. Write 15 for a province, 15/04336 for a commune, or all.")
    return words


def province_of(words: str) -> str:
    if places.province(words) is None:
        raise SystemExit(f"There is no province {words}. Write its code, for example 15.")
    return words


def month_of(words: str) -> date:
    """ "2026-11" as its first day."""
    try:
        return datetime.strptime(words, "%Y-%m").replace(tzinfo=VIETNAM).date()
    except ValueError:
        raise SystemExit("The month is written like 2026-11.") from None


def suffix_of(output: Path, *allowed: str) -> str:
    suffix = output.suffix.lower()
    if suffix not in allowed:
        raise SystemExit(f"The file's name must end in {' or '.join(allowed)}.")
    return suffix


async def export_cases(config: Settings, territory: str, output: Path, *, contacts: bool, say: Say) -> None:
    """Recorded before it is read: a list with telephone numbers that nobody knows of must not come about."""
    suffix = suffix_of(output, *export.SUFFIXES)
    async with _opened(config) as engine:
        async with writing(engine) as connection:
            count = await reports.how_many(connection, territory)
            await _record(connection, "export", territory=territory, cases=count, contacts=contacts)
        with _whole(output) as file:
            async with reading(engine) as connection:
                await export.write_cases(
                    connection, file, suffix, territory, _catalog(config), _today(), config.days_off, contacts=contacts
                )
    say(f"{output}: {count} cases")


async def import_certificates(
    config: Settings, file: Path, province: str, wrong: Path | None, *, yes: bool, say: Say
) -> None:
    """As a provincial officer does it in a chat; the machine's login stands for the officer in the audit."""
    if wrong is not None:
        suffix_of(wrong, ".xlsx")
    catalog = _catalog(config)
    data = await asyncio.to_thread(_list_in, file)
    async with _opened(config) as engine:
        try:
            found = await imports.surveyed(engine, data, province, _today())
        except Unreadable as why:
            raise SystemExit(catalog.say(why.text)) from None
        say(", ".join(f"{name}: {count}" for name, count in found.counts.items()))
        for number, texts in found.reasons[:FIRST_WRONG]:
            say(f"{number}: {'; '.join(catalog.say(text) for text in texts)}")
        if wrong is not None:
            with _whole(wrong) as out:
                import_files.write_wrong(out, found.wrong, catalog)
        if not yes:
            say("Nothing was written; --yes writes what is right and new.")
            return
        done = 0
        async for count in imports.written(engine, province, found.new, None, TERMINAL, datetime.now(UTC)):
            done += count
            say(f"{done} written")


def _list_in(file: Path) -> bytes:
    if file.stat().st_size > papers.MAX_FILE_BYTES:
        raise SystemExit("The file is too large.")
    return file.read_bytes()


async def write_report(config: Settings, territory: str, first: date, output: Path, say: Say) -> None:
    suffix_of(output, ".pdf")
    if first > _today():
        raise SystemExit("That month has not begun.")
    async with _opened(config) as engine:
        async with writing(engine) as connection:
            await _record(connection, "export", territory=territory, report=f"{first:%Y-%m}")
        async with reading(engine) as connection:
            month = await reports.month(connection, territory, first, _today(), config.days_off)
    with _whole(output) as file:
        file.write(report.pdf(month, _catalog(config), datetime.now(UTC)))
    say(f"{output}: {month.totals['idea_in']} ideas, {month.totals['result']} results")


async def export_audit(config: Settings, code: str, output: Path, say: Say) -> None:
    """The export itself is recorded, so it stands at the end of the file."""
    suffix = suffix_of(output, ".json", *export.SUFFIXES)
    async with _opened(config) as engine:
        async with writing(engine) as connection:
            await _record(connection, "export_audit", code)
        with _whole(output) as file:
            async with reading(engine) as connection:
                count = await export.write_audit(connection, file, suffix, code, _catalog(config))
    say(f"{output}: {count} entries")


async def verify_audit(config: Settings, noted: str, say: Say) -> None:
    """Ends with 1 where the chain is broken. `noted`: "<number>:<hash>" of before, or ""."""
    async with _opened(config) as engine, reading(engine) as connection:
        found = await audit.verify(connection, _noted(noted))
    if found.broken is not None:
        raise SystemExit(f"The audit is broken at entry {found.broken}; the {found.count} before it are in order.")
    say(f"{found.count} entries are in order. Note this and give it to --noted next time:")
    say(f"{found.count}:{found.last}")


def _noted(words: str) -> tuple[int, str] | None:
    number, _, digest = words.partition(":")
    if not words:
        return None
    if not number.isdigit() or len(digest) != len(audit.FIRST):
        raise SystemExit("Give --noted the line that was printed before: a number, a colon, a hash.")
    return int(number), digest


async def retention_report(config: Settings, days: int, say: Say) -> None:
    for rule in retention.RULES:
        kept = config.retention_days.get(rule.name, rule.days)
        say(f"{rule.name:13} {'for ever' if not kept and not rule.ends else f'{kept} days':>9}  {rule.what}")
    async with _opened(config) as engine:
        deleted = await retention.proof(engine, datetime.now(UTC).date() - timedelta(days=days))
    for row in deleted:
        older = f"older than {row.before:%Y-%m-%d %H:%M} UTC ({row.days} days)"
        say(f"{row.day} {row.rule:13} {row.count:8} deleted, {older}, in {row.runs} runs, last {row.ran_at:%H:%M} UTC")
    if not deleted:
        say(f"No run in the last {days} days: is a worker running?")


# ---------------------------------------------------------------- around them


@asynccontextmanager
async def _opened(config: Settings) -> AsyncIterator[AsyncEngine]:
    from bot.app import check  # it brings the web server along, which no list needs before it is opened

    await check(config)
    engine = await keys.opened(config)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _record(connection: AsyncConnection, action: str, code: str = "", **details: Any) -> None:
    """Nobody of ours is at the terminal, so the machine's login says who it was."""
    entry = Entry(action, None, TERMINAL, code, {**details, "login": _login()})
    await audit.record(connection, [entry], datetime.now(UTC))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


@contextmanager
def _whole(output: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name once it is finished: half a list must not pass for the whole.

    Only who runs the command may read it.
    """
    with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as file:
        part = Path(file.name)
        try:
            yield file
            file.close()
            part.replace(output)
        except export.TooLong:
            raise SystemExit(f"Excel opens no more than {export.MAX_ROWS} rows: write .csv instead.") from None
        finally:
            part.unlink(missing_ok=True)


def _catalog(config: Settings) -> Catalog:
    return load_catalogs(LOCALES)[str(config.default_locale)]


def _today() -> date:
    return datetime.now(VIETNAM).date()
