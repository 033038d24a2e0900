"""The words on a photo, read by Tesseract where that is installed, so that papers can be told from pictures.

Tesseract is a program of its own (Debian: tesseract-ocr, tesseract-ocr-vie): nothing of it is in this process, and
without it people are asked which paper a photo is. What was read is used for that and not kept.
"""

import asyncio
import logging
import os
import shutil
from functools import cache

from bot.papers import normalise_photo

log = logging.getLogger(__name__)

READ_WITHIN_S = 8.0
"""A page takes about one second; a person waits for the answer."""
SIDE_PX = 1600
"""On A4 140 dots an inch: headings are large, and half the pixels take half the time."""
_OPTIONS = ("-l", "vie", "--psm", "1")  # psm 1: finds out first which way is up
_ALONE = {"OMP_THREAD_LIMIT": "1"}  # several photos are read side by side


@cache
def program() -> str | None:
    """Where Tesseract is; None where it is not installed."""
    return shutil.which("tesseract")


async def words_on(photo: bytes) -> str | None:
    """What stands on an image; None where it can't be read here. Raises Refused when it is no image."""
    tesseract = program()
    if tesseract is None:
        return None
    small = await asyncio.to_thread(normalise_photo, photo, side_px=SIDE_PX)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        tesseract, "-", "-", *_OPTIONS, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | _ALONE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            read, _ = await process.communicate(small)
    except TimeoutError:
        log.warning("a photo took more than %.0f s to read", READ_WITHIN_S)
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("tesseract ended with %s; are its Vietnamese data installed?", process.returncode)
        return None
    return read.decode(errors="replace")
