"""The command line: `python -m bot --help`."""

import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

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
) -> None:
    """Make a one-time link for a new officer. It works once, for seven days."""
    from bot import app as application
    from dialogs import places
    from dialogs.model import Role

    if sum(map(bool, (commune, province, administrator))) != 1:
        raise SystemExit("Say one of --commune CODE, --province CODE, --administrator.")
    if commune and places.commune(commune) is None:
        raise SystemExit(f"There is no commune {commune}. Codes are in dialogs/rules/communes.tsv.")
    if province and places.province(province) is None:
        raise SystemExit(f"There is no province {province}. Codes are in dialogs/rules/provinces.tsv.")
    config = _configured()
    role, territory = Role.ADMINISTRATOR, ""
    if commune:
        role, territory = Role.COMMUNE_OFFICER, places.territory(commune)
    elif province:
        role, territory = Role.PROVINCE_OFFICER, province
    _run(application.invite_officer(config, role, territory, _say))


@app.command()
def qr(
    commune: Annotated[str, typer.Argument(help="Code of the commune, 5 digits: 04336")],
    output: Annotated[Path, typer.Option("--output", "-o", help="poster.svg, poster.png or poster.pdf")],
) -> None:
    """Make a poster for a commune: scan it, and the chat knows where you are."""
    from bot import app as application

    config = _configured()
    _run(application.make_poster(config, commune, output, _say))


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
