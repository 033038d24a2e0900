"""The command line as an operator meets it: what it makes, and one clear line when it can't."""

import io
import re
import socket
import sys
import time
from pathlib import Path

import pytest
import segno
from PIL import Image
from typer.testing import CliRunner

from bot.__main__ import app
from bot.papers import render_page
from tests.doubles.bot_api import BotApi, Failure
from tests.program import COLD, ROOT, finished, running

COMMANDS = (
    "run", "web", "worker", "migrate", "invite", "merge", "qr", "dialogs", "export", "report", "audit", "rules",
    "backup", "restore",
)  # fmt: skip
READY_S = 3.0
WEB_LINK = "http://127.0.0.1:8000/start/c-04336"


def shown(*arguments: str) -> str:
    """What a command says that needs no process of its own."""
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refusal(arguments: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """The one line a command ends with."""
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 1
    return one_line(str(result.exception) if isinstance(result.exception, SystemExit) else result.output)


def one_line(text: str) -> str:
    assert len(text.strip().splitlines()) == 1, text
    return text


def test_help_names_every_command() -> None:
    text = shown("--help")
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", text)] == []
    for command in ("check", "graph"):
        assert command in shown("dialogs", "--help")


@pytest.mark.parametrize("command", [*COMMANDS, "dialogs check", "dialogs graph"])
def test_every_command_explains_itself(command: str) -> None:
    assert shown(*command.split(), "--help")


# ---------------------------------------------------------------- qr


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".PDF"])
def test_a_poster_is_written_and_its_code_leads_to_the_commune(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = shown("qr", "04336", "--output", f"poster{suffix}")
    assert WEB_LINK in said
    assert "PUBLIC_URL" in said  # phones cannot open this machine's own address
    data = (tmp_path / f"poster{suffix}").read_bytes()
    if suffix == ".svg":
        assert f'data-url="{WEB_LINK}"' in data.decode()
        return
    picture = Image.open(io.BytesIO(data)) if suffix == ".png" else render_page(data, 0, max_side_px=1754)
    shown("qr", "04336", "--output", "place.svg")
    assert modules_seen(picture, (tmp_path / "place.svg").read_text("utf-8")) == modules_meant(WEB_LINK)


def modules_meant(link: str) -> list[list[bool]]:
    return [[bool(module) for module in row] for row in segno.make_qr(link, error="m").matrix_iter(border=4)]


def modules_seen(picture: Image.Image, svg: str) -> list[list[bool]]:
    """Dark or light in the middle of each module, where the SVG, in millimetres, says the code lies."""
    place = re.search(r"translate\(([\d.]+) ([\d.]+)\) scale\(([\d.]+)\)", svg)
    assert place is not None
    x, y, side = map(float, place.groups())
    pixels_a_mm, grey, count = picture.width / 210, picture.convert("L"), range(len(modules_meant(WEB_LINK)))

    def is_dark(column: int, row: int) -> bool:
        at = (int((x + (column + 0.5) * side) * pixels_a_mm), int((y + (row + 0.5) * side) * pixels_a_mm))
        return int(grey.getpixel(at)) < 128  # type: ignore[arg-type]  # one number, in a grey picture

    return [[is_dark(column, row) for column in count] for row in count]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("qr", "99999", "-o", "poster.svg"), "no commune 99999"),
        (("qr", "04336", "-o", "poster.doc"), ".svg, .png or .pdf"),
        (("qr", "04336", "-o", "no/such/folder.svg"), "no/such/folder.svg"),
        (("invite",), "--commune"),
        (("invite", "--commune", "04336", "--province", "15"), "one of"),
        (("invite", "--commune", "4336"), "no commune 4336"),
        (("invite", "--province", "99"), "no province 99"),
        (("invite", "--approver", "--province", "15"), "--commune"),
        (("invite", "--commune", "04336"), "migrate"),
        (("merge", "04336", "--into", "04303"), "migrate"),
        (("web",), "`python -m bot run`"),
        (("worker",), "`python -m bot run`"),
    ],
)
def test_what_is_not_possible_is_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words in refusal(arguments, tmp_path, monkeypatch)


def test_a_poster_without_any_channel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No channel" in refusal(("qr", "04336", "-o", "a.svg"), tmp_path, monkeypatch, WEB_CHAT="false")
    assert not (tmp_path / "a.svg").exists()


# ---------------------------------------------------------------- settings and surroundings


async def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path) -> None:
    code, said, logged = await finished(tmp_path, "run", TELEGRAM_BOT_TOKEN="hunter2")
    assert (code, said) == (1, "")
    assert "TELEGRAM_BOT_TOKEN" in one_line(logged)
    assert "hunter2" not in logged


@pytest.mark.timed
async def test_no_token_no_settings(tmp_path: Path) -> None:
    """Ready within three seconds."""
    async with running(tmp_path, **COLD) as program:
        took_s = time.monotonic() - program.started_at
        sys.stdout.write(f"ready without a token: {took_s:.1f} s\n")
        assert f"http://127.0.0.1:{program.port}/start/i-" in program.said
        assert await program.stop() == 0
    assert took_s < READY_S


async def test_a_second_process_is_refused_and_an_invitation_is_made_beside(tmp_path: Path) -> None:
    """On the same database, and on the same port."""
    async with running(tmp_path) as program:
        code, said, logged = await finished(tmp_path)
        assert (code, said) == (1, "")
        assert "on PostgreSQL any number may run" in one_line(logged)
        code, _, logged = await finished(tmp_path / "other", PORT=str(program.port))
        assert code == 1
        assert "in use" in one_line(logged)
        code, said, logged = await finished(tmp_path, "invite", "--administrator")
        assert code == 0, logged
        assert re.fullmatch(r"http://127.0.0.1:8000/start/i-\S{24}\n|http://\S+/start/i-\S{24}\n", said)
        assert await program.stop() == 0


def test_platforms_that_read_the_procfile_find_what_they_need() -> None:
    """They reach the web server from outside its machine, and look for requirements.txt."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
    assert lines["web"] == "HOST=0.0.0.0 python -m bot web"
    assert {line.split()[-1] for line in lines.values()} <= {*COMMANDS}
    assert (ROOT / "requirements.txt").read_text("utf-8") == "-r requirements.lock\n"
    assert (ROOT / "requirements.lock").is_file()


async def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        at = f"127.0.0.1:{nobody.getsockname()[1]}"
        for host in (at, "no-such-host.invalid"):
            url = f"postgresql://ocop:geheim@{host}/ocop"
            code, said, logged = await finished(tmp_path, "run", DATABASE_URL=url)
            assert (code, said) == (1, "")
            assert host in one_line(logged)
            assert "geheim" not in logged


async def test_an_invitation_waits_until_telegram_has_said_the_bot_s_name(tmp_path: Path) -> None:
    """Half of the links would be worse than none, and the token is in none of the words."""
    async with BotApi() as api:
        token = {"TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url}
        assert (await finished(tmp_path, "migrate"))[0] == 0
        api.fail("getMe", Failure(status=502))
        code, said, logged = await finished(tmp_path, "invite", "--province", "15", **token)
        assert (code, said) == (1, "")
        assert "Telegram does not answer" in one_line(logged)
        assert api.token not in logged
