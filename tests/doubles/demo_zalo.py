"""A whole registration over a Zalo Official Account, as the two people see it: `make demo-zalo`.

The account is the double of tests/doubles/zalo_oa.py, the assistant is the real program with a database of its own
that is thrown away at the end.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from pathlib import Path

from tests.account import account_running, invited
from tests.doubles.chat import shown
from tests.doubles.people import photo
from tests.doubles.server import Seen
from tests.doubles.zalo_oa import Follower, ZaloOA

CODE = re.compile(r"[A-Z]{2}\d\d-\d\d-\d{4}")
PHOTO = "(a photo)"
ANSWER_S = 30.0
CALLS_PER_MINUTE = 2000
"""As in the larger of the two packages, so that nobody waits."""

LINES = (
    ("chao em", "đồng ý"),
    ("dong y", "nhắc"),
    ("co", "muốn làm gì"),
    ("dang ky chuoi say", "tỉnh nào"),
    ("lao cai", "xã, phường"),
    ("tan linh", "đúng không"),
    ("dung roi", "Câu 1/"),
    ("Chuối tây sấy dẻo Mẩy Lý", "Câu 2/"),
    ("1", "Câu 3/"),
    ("che bien tu rau cu qua", "Câu 4/"),
    ("dang ban", "Câu 5/"),
    ("say than cui 2 ngay, khong them duong", "Câu 6/"),
    ("chuoi nha trong, mua them ben ban Na Lac", "Câu 7/"),
    ("4 nguoi trong nha", "Câu 8/"),
    ("2 ta moi vu", "Câu 9/"),
    ("1, 2", "Câu 10/"),
    ("giay to", "Câu 11/"),
    ("ho gia dinh", "Câu 12/"),
    ("Ly Thi May", "Câu 13/"),
    ("may", "Câu 14/"),
    ("0912 345 678", "Câu 15/"),
    (PHOTO, "nhận được"),
    ("xong", "Câu 16/"),
    ("bo qua", "xem lại"),
    ("gui cho xa", "Mã hồ sơ"),
    ("ho so cua toi den dau roi", "Bước"),
)
"""What a producer types, and what is in the answer they wait for."""


def told(mark: str, text: str) -> None:
    sys.stdout.write(shown(mark, text))
    sys.stdout.flush()


def show(names: dict[str, str], person_id: str, seen: Seen) -> None:
    """What has come to one of the two; the assistant's own words, as they are."""
    told(f"   → {names[person_id]}:", seen.text or f"({seen.kind} {seen.file_name}, {len(seen.data)} bytes)")


async def register(producer: Follower) -> None:
    for line, answer in LINES:
        told(f"{producer.name}:", line)
        if line == PHOTO:
            producer.sends_photo(photo())
        else:
            producer.types(line)
        await producer.waits_for(answer, ANSWER_S)


async def play(folder: Path) -> str:
    """The code of the case that was registered; AssertionError when an answer does not come."""
    async with ZaloOA() as oa:
        officer, producer = Follower(oa, "2468458835296197002", "Lan"), Follower(oa, name="Mẩy")
        names = {person.id: person.name for person in (officer, producer)}
        oa.calls_per_minute = CALLS_PER_MINUTE
        oa.on_message = lambda person_id, seen: show(names, person_id, seen)
        async with account_running(folder, oa, ZALO_CALLS_PER_MINUTE=str(CALLS_PER_MINUTE)) as program:
            payload = await invited(program)
            told(f"{officer.name}:", "(opens the invitation)")
            officer.types(f"/start {payload}")
            await officer.waits_for("vai trò", ANSWER_S)
            told(f"{officer.name}:", "Hoàng Thị Lan")
            officer.types("Hoàng Thị Lan")
            await officer.waits_for("Có hồ sơ mới", ANSWER_S)
            await register(producer)
            alert = await officer.waits_for("Ý tưởng OCOP mới", ANSWER_S)
            assert await program.stop() == 0, program.logged
        return str(CODE.findall(alert.text)[0])


def main() -> None:
    argparse.ArgumentParser(description="Show a registration over a fake Zalo Official Account.").parse_args()
    sys.stdout.write(
        "A fake Official Account, and the assistant behind it. → is what the assistant writes to whom.\n\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        code = asyncio.run(play(Path(folder)))
    sys.stdout.write(
        f"The officer has been told of {code}. To chat yourself, start the account in one terminal and the assistant,\n"
        "as it says, in another:\n\n"
        "  .venv/bin/python -m tests.doubles.zalo_oa\n"
    )


if __name__ == "__main__":
    main()
