"""A thick paper from a good phone: `python -m tests.bench_photos [--photos 20]`.

So many photos of 12 megapixels and 4 MB each, in the file store, become one PDF as a worker makes it to send it.
Shown: seconds, how late the event loop was meanwhile (a ticker of 10 ms, as a chat would be), and the memory it took.
"""

import argparse
import asyncio
import io
import random
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context

import uvloop
from PIL import Image, ImageDraw, ImageFilter

from bot import attachments
from storage.files import FileStore

SIZE_PX = (4000, 3000)
MEGABYTES = 4.0
TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    sha256: str
    kind: str = "jpeg"
    name: str = ""


def photo(seed: int) -> bytes:
    """Lines of dark marks on grainy paper, saved as finely as it takes to reach 4 MB."""
    chance = random.Random(seed)
    paper = Image.effect_noise(SIZE_PX, 40).filter(ImageFilter.GaussianBlur(1)).convert("RGB")
    pen = ImageDraw.Draw(paper)
    for y in range(200, SIZE_PX[1] - 200, 90):
        for x in range(200, SIZE_PX[0] - 200, 60):
            if chance.random() < 0.7:
                pen.line([(x, y), (x + chance.randrange(40), y + chance.randrange(50))], fill=(40, 40, 70), width=6)
    return min((_saved(paper, quality) for quality in range(85, 97)), key=lambda data: abs(_mb(data) - MEGABYTES))


def _saved(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _mb(data: bytes) -> float:
    return len(data) / 1_000_000


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _late(ticks: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        ticks.append(time.perf_counter() - began - TICK_S)


async def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(folder)
        sizes, known = [], {}
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as elsewhere:  # lest drawing them counts as memory
            photos = list(elsewhere.map(photo, range(count)))
        for number, data in enumerate(photos):
            sizes.append(_mb(data))
            known[str(number)] = Row(str(number), await store.put(data))
        del photos, data
        spec = {"pages": [[file_id, 0] for file_id in known], "name": "plan.pdf"}
        ticks: list[float] = []
        ticker = asyncio.create_task(_late(ticks))
        before, began, cpu = _peak_mib(), time.perf_counter(), time.process_time()
        (made,) = await attachments.made(store, spec, known)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
    ticks.sort()
    say(f"{count} photos of {min(sizes):.1f} to {max(sizes):.1f} MB, a PDF of {_mb(made.data):.1f} MB")
    say(f"{took:.2f} s, {cpu:.2f} s CPU, {_peak_mib() - before:.0f} MiB more at the peak")
    say(f"event loop late by {1e3 * ticks[len(ticks) // 2]:.1f} ms in the middle, {1e3 * ticks[-1]:.0f} ms at most")


def say(line: str) -> None:
    print(line)  # noqa: T201  its only output


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=20)
    uvloop.run(measure(parser.parse_args().photos))
