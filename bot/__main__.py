"""The command line: `python -m bot --help`."""

import gc
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bot.settings import Settings, load

app = typer.Typer(
    help="The OCOP assistant: a chatbot for Viet Nam's One Commune One Product programme.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
dialogs_app = typer.Typer(help="Look after the dialog trees.", no_args_is_help=True)
app.add_typer(dialogs_app, name="dialogs")
audit_app = typer.Typer(help="Look into the audit: who decided and who looked at what.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
keys_app = typer.Typer(help="Look after the keys that seal names, numbers and messages.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
zalo_app = typer.Typer(help="Connect the Zalo channels and check them.", no_args_is_help=True)
app.add_typer(zalo_app, name="zalo")
rules_app = typer.Typer(help="Look into the rules: score sheets, what new rules change.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")


def _say(line: str) -> None:
    typer.echo(line)


def _configured() -> Settings:
    config = load()
    level = logging.getLevelNamesMapping()[config.log_level]
    # The libraries stay at INFO: at DEBUG they print every value, text and address they are given.
    logging.basicConfig(level=max(level, logging.INFO), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for ours in ("bot", "storage"):
        logging.getLogger(ours).setLevel(level)
    for talkative in ("alembic", "fontTools", "uvicorn"):
        logging.getLogger(talkative).setLevel(max(level, logging.WARNING))
    return config


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what the operator can put right is one line, not a traceback."""
    import uvloop

    from storage.migrate import BrokenReferences, LaterRelease
    from storage.single import AlreadyRunning

    try:
        uvloop.run(work)
    except (AlreadyRunning, LaterRelease, BrokenReferences) as refusal:
        raise SystemExit(str(refusal)) from None
    except OSError as error:
        raise SystemExit(f"Not possible: {_of(error)}") from None
    except KeyboardInterrupt:  # before there was anything to finish
        raise SystemExit(130) from None


def _of(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)


def _serve(*, web: bool, worker: bool, migrate: bool) -> None:
    gc.disable()  # a tenth of the start, with nothing to find yet: bot.app turns it on again
    config = _configured()
    from bot import app as application

    _run(application.run(config, web=web, worker=worker, migrating=migrate, say=_say))


@app.command()
def run() -> None:
    """Migrate, then serve the web chat and all channels in one process. Nothing has to be configured."""
    _serve(web=True, worker=True, migrate=True)


@app.command()
def web() -> None:
    """Serve pages and webhooks, on PostgreSQL; messages go out through `worker`."""
    _serve(web=True, worker=False, migrate=False)


@app.command()
def worker() -> None:
    """Deliver messages, fetch files, fire reminders, poll Telegram if there is no public address; on PostgreSQL."""
    _serve(web=False, worker=True, migrate=False)


@app.command()
def migrate() -> None:
    """Bring the database to this release's shape."""
    config = _configured()
    from bot import app as application

    _run(application.migrate_alone(config))
    _say(f"{config.database_url_shown} is up to date.")


@app.command()
def invite(
    commune: Annotated[str, typer.Option(help="Code of a commune, 5 digits: 04336")] = "",
    province: Annotated[str, typer.Option(help="Code of a province, 2 digits: 15")] = "",
    administrator: Annotated[bool, typer.Option("--administrator", help="For the whole country")] = False,
    approver: Annotated[bool, typer.Option("--approver", help="With --commune: for its leader, who signs")] = False,
) -> None:
    """Make a one-time link for a new officer. It works once, for seven days."""
    from bot import commands
    from dialogs import places
    from dialogs.model import Role

    if sum(map(bool, (commune, province, administrator))) != 1:
        raise SystemExit("Say one of --commune CODE, --province CODE, --administrator.")
    if approver and not commune:
        raise SystemExit("--approver goes with --commune CODE: who signs does so for a commune.")
    if commune and places.commune(commune) is None:
        raise SystemExit(f"There is no commune {commune}. Codes are in dialogs/rules/communes.tsv.")
    if province and places.province(province) is None:
        raise SystemExit(f"There is no province {province}. Codes are in dialogs/rules/provinces.tsv.")
    config = _configured()
    role, territory = Role.ADMINISTRATOR, ""
    if commune:
        role = Role.COMMUNE_APPROVER if approver else Role.COMMUNE_OFFICER
        territory = places.territory(commune)
    elif province:
        role, territory = Role.PROVINCE_OFFICER, province
    _run(commands.invite_officer(config, role, territory, _say))


@app.command()
def merge(
    old: Annotated[list[str], typer.Argument(metavar="OLD_CODE...", help="Codes of the communes that are no more")],
    into: Annotated[str, typer.Option("--into", help="Code of the commune they belong to now, 5 digits")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and change nothing")] = False,
) -> None:
    """Move the cases, officers and producers of merged communes to the new one, and tell the officers.

    Case codes stay as they are. A second run moves only what came in between.
    """
    from bot import commands

    config = _configured()
    _run(commands.merge_communes(config, old, into, _say, dry_run=dry_run))


@app.command()
def qr(
    commune: Annotated[str, typer.Argument(help="Code of the commune, 5 digits: 04336")],
    output: Annotated[Path, typer.Option("--output", "-o", help="poster.svg, poster.png or poster.pdf")],
) -> None:
    """Make a poster for a commune: scan it, and the chat knows where you are."""
    from bot import commands

    config = _configured()
    _run(commands.make_poster(config, commune, output, _say))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept; each gets a folder of its own in there")],
) -> None:
    """Write all rows and documents into a folder, also while the assistant runs. Documents are kept once for all."""
    from bot import commands

    _run(commands.back_up(_configured(), folder, _say))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="One backup: backups/2026-11-22T180000Z")],
) -> None:
    """Fill an empty database and store from a backup; either kind of database takes one from the other."""
    from bot import commands

    _run(commands.restore(_configured(), folder, _say))


@app.command()
def export(
    territory: Annotated[str, typer.Option(help="15 for a province, 15/04336 for a commune, or all")],
    output: Annotated[Path, typer.Option("--output", "-o", help="cases.xlsx or cases.csv")],
    with_contacts: Annotated[bool, typer.Option("--with-contacts", help="Names and telephone numbers as well")] = False,
) -> None:
    """Write the cases of a territory into a list for Excel. The audit keeps that it was made."""
    from bot.desk import terminal

    where = terminal.territory_of(territory)
    _run(terminal.export_cases(_configured(), where, output, contacts=with_contacts, say=_say))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The list, .xlsx with the headings of the form", exists=True)],
    province: Annotated[str, typer.Option(help="Code of the province, 2 digits: 15")],
    yes: Annotated[bool, typer.Option("--yes", help="Write what is right and new; else only look")] = False,
    wrong: Annotated[Path | None, typer.Option(help="Where to write the lines that are not right: wrong.xlsx")] = None,
) -> None:
    """Take over the certificates that a province has given already, from a list for Excel."""
    from bot.desk import terminal

    _run(terminal.import_certificates(_configured(), file, terminal.province_of(province), wrong, yes=yes, say=_say))


@app.command()
def report(
    territory: Annotated[str, typer.Option(help="15 for a province, 15/04336 for a commune, or all")],
    month: Annotated[str, typer.Option(help="2026-11")],
    output: Annotated[Path, typer.Option("--output", "-o", help="report.pdf")],
) -> None:
    """Write a month's report with charts as PDF: ideas, plans, dossiers, results, and how long each step took."""
    from bot.desk import terminal

    where, first = terminal.territory_of(territory), terminal.month_of(month)
    _run(terminal.write_report(_configured(), where, first, output, _say))


@audit_app.command()
def verify(
    noted: Annotated[str, typer.Option(help="What an earlier run printed: it must still be part of the chain")] = "",
) -> None:
    """Walk the whole chain; names the first entry that was changed, and ends with 1."""
    from bot.desk import terminal

    _run(terminal.verify_audit(_configured(), noted, _say))


@audit_app.command("export")
def export_audit(
    code: Annotated[str, typer.Argument(help="The case's code: TL12-26-0001")],
    output: Annotated[Path, typer.Option("--output", "-o", help="audit.json, audit.csv or audit.xlsx")],
) -> None:
    """Write all that is recorded of one case: who did what and when."""
    from bot.desk import terminal

    _run(terminal.export_audit(_configured(), code, output, _say))


@app.command()
def retention(
    days: Annotated[int, typer.Option(min=1, help="How far back to look for what was deleted")] = 30,
) -> None:
    """Say how long everything is kept, and prove it: what was deleted when, how many, under which setting."""
    from bot.desk import terminal

    _run(terminal.retention_report(_configured(), days, _say))


@keys_app.command()
def rotate() -> None:
    """Seal everything with the first key, in batches, while the program runs; says when the old keys may go."""
    from bot import keys
    from bot.app import check

    async def rotated(config: Settings) -> None:
        await check(config)
        await keys.rotate(config, _say)

    _run(rotated(_configured()))


@zalo_app.command()
def connect(
    refresh_token: Annotated[
        bool, typer.Option("--refresh-token", help="Read one from Zalo's API Explorer instead, without showing it")
    ] = False,
) -> None:
    """Obtain the Official Account's consent: prints the address where one of its administrators gives it."""
    from bot import zalo

    _run(zalo.alone(_configured(), zalo.adopt if refresh_token else zalo.connect, _say))


@zalo_app.command("check")
def check_zalo() -> None:
    """Say what is in order and what is missing: settings, token, webhook, package; ends with 1 if anything is."""
    from bot import zalo

    _run(zalo.alone(_configured(), zalo.check, _say))


Language = Annotated[Literal["vi", "en"], typer.Option("--language", "-l", help="Of what is printed")]
RulesName = Annotated[str, typer.Argument(help="ocop-2026, or the path of a draft: ocop_2030.toml")]


@rules_app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="SET", min=1, max=26, help="Number of the product set, as printed")],
    of: Annotated[str, typer.Option("--rules", help="ocop-2026, or the path of a draft")] = "ocop-2026",
    language: Language = "vi",
) -> None:
    """Print a score sheet as it is printed: codes, options, points and stars, to compare with the decree."""
    from bot import rules

    rules.show(rules.opened(of), number, rules.catalog(language), _say)


@rules_app.command()
def diff(old: RulesName, new: RulesName, language: Language = "vi") -> None:
    """Say in words what changes for a producer from one decision to another."""
    from bot import rules

    rules.diff(rules.opened(old), rules.opened(new), rules.catalog(language), _say)


@rules_app.command("dry-run")
def dry_run(new: RulesName, language: Language = "vi") -> None:
    """Say which open cases would lack which papers under these rules. Changes nothing."""
    from bot import rules

    _run(rules.tried(_configured(), rules.opened(new).ruleset, rules.catalog(language), _say))


@dialogs_app.command()
def check() -> None:
    """Find dead ends, missing translations, labels over a channel's limits, clashing words."""
    from bot import doctor

    findings = doctor.check()
    for finding in findings:
        _say(finding)
    if findings:
        raise SystemExit(1)
    _say("The dialogs are in order.")


@dialogs_app.command()
def graph() -> None:
    """Print the dialogs as Mermaid charts, one for each dialog."""
    from bot import doctor

    for chart in doctor.graphs():
        _say(chart)


if __name__ == "__main__":
    app()
