"""The real program on a fake Official Account: `async with account_running(folder, oa) as program`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.doubles.zalo_oa import ZaloOA
from tests.program import Program, finished, free_port, start

KEY = "a key for tests that encrypts nothing of worth"


def environment(oa: ZaloOA, port: int, **more: str) -> dict[str, str]:
    """Of a program with the account and nothing else; its webhook is entered in the console at once."""
    oa.webhook = f"http://localhost:{port}/zalo"
    public = {"PUBLIC_URL": f"http://localhost:{port}", "PORT": str(port)}
    return {**oa.environment(), **public, "ENCRYPTION_KEY": KEY, "DAYS_OFF": "", **more}


async def connected(folder: Path, oa: ZaloOA, **variables: str) -> None:
    """The account's consent, which the administrator brings from the API explorer of the console."""
    _, refresh_token = oa.explorer()
    code, said, logged = await finished(folder, "zalo", "connect", "--refresh-token", typed=refresh_token, **variables)
    assert code == 0, said + logged
    assert refresh_token not in said + logged


@asynccontextmanager
async def account_running(folder: Path, oa: ZaloOA, **more: str) -> AsyncIterator[Program]:
    """Started, connected, and at the end of the block certainly gone."""
    program = await start(folder, **environment(oa, free_port(), **more))
    try:
        await connected(folder, oa, **program.environment)
        yield program
    finally:
        program.kill()


async def invited(program: Program, *whom: str) -> str:
    """The payload of an invitation, by default for an officer of Tân Lĩnh; it is typed behind /start."""
    whom = whom or ("--commune", "04336")
    code, said, logged = await finished(program.folder, "invite", *whom, **program.environment)
    assert code == 0, logged
    found = re.search(r"/start/(\S+)", said)
    assert found is not None, said
    return str(found[1])
