"""People on Telegram who register a product whatever happens: they read the newest message and do what it asks for.

Who gets no answer does the same again, as people do. So nobody here knows how many steps there are, or that a program
was killed in between.
"""

import asyncio
import hashlib
import io
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from tests.doubles.bot_api import BotApi, Seen
from tests.doubles.people import Person, buttons

PATIENCE_S = 6.0
"""How long somebody looks at the screen before they send it again, and the next time twice as long; above the pause
in which an album is counted."""
READS_S = 0.3
"""How long they read; of what comes meanwhile they answer the newest only."""
PHOTOS = 2
DONE = "Mã hồ sơ của anh/chị là"

# What is in the question, and what the person does: "[value]" presses that option, other words are typed.
ROAD = (
    ("xem lại giúp em trước khi gửi", "[send]"),  # which shows all the others' words
    ("đồng ý chứ", "[yes]"), ("em nhắc anh/chị nhé", "[no]"), ("đúng không ạ", "[yes]"), ("muốn làm gì", "[register]"),
    ("Làm tiếp phiếu đó", "[register_idea.1]"),
    ("Sản phẩm tên là gì", "{product}"), ("thuộc nhóm nào", "[food]"), ("thuộc loại nào", "[7]"),
    ("Sản phẩm làm đến đâu", "[on_sale]"), ("có gì đặc biệt", "phoi nang {n}"), ("nguyên liệu gì", "mang rung {n}"),
    ("Những ai cùng làm", "{n} nguoi"), ("bao nhiêu ạ", "300 kg"), ("hay mỗi năm ạ", "[year]"),
    ("tính theo gì ạ", "[kg]"),
    ("bán ở đâu ạ", "cho"), ("giúp việc gì", "2"), ("Ai làm ra", "[cooperative]"),
    ("ghi trên giấy tờ", "HTX {n}"), ("để cán bộ tiện gọi", "Páo {n}"), ("số nào được ạ", "0912345678"),
    ("Đủ chưa ạ", "[done]"), ("Cho em xin ảnh", "(album)"), ("Sản phẩm làm ở đâu", "bản {n}"),
)  # fmt: skip


def told(n: int) -> dict[str, str]:
    """What the n-th of them says of the product in their own words, as the case has to have it."""
    return {
        "product": f"Măng khô {n}", "special": f"phoi nang {n}", "materials": f"mang rung {n}",
        "labour": f"{n} nguoi", "producer_name": f"HTX {n}", "contact_name": f"Páo {n}",
    }  # fmt: skip


class Villager(Person):
    """The n-th of them, in this commune. `alone_s`: how long they have waited for an answer at most."""

    def __init__(self, api: BotApi, n: int, commune: str) -> None:
        super().__init__(api, 10_000 + n, f"Páo {n}")
        self.n, self.commune = n, commune
        self.photos = [picture(n, number) for number in range(PHOTOS)]
        self.again = 0
        self.alone_s = 0.0

    @property
    def sha256(self) -> set[str]:
        return {hashlib.sha256(photo).hexdigest() for photo in self.photos}

    async def registers(self) -> None:
        """From the poster to the receipt."""
        loop = asyncio.get_running_loop()
        shown, since, patience_s = 0, loop.time(), PATIENCE_S
        self.types(f"/start c-{self.commune}")
        while True:
            if await self._something_new(shown, patience_s):
                patience_s = PATIENCE_S
                self.alone_s = max(self.alone_s, loop.time() - since)
                shown, since = len(self.sees()), loop.time()
            else:
                self.again += 1
                patience_s *= 2
            if not shown:
                self.types(f"/start c-{self.commune}")
            elif DONE in self.sees()[-1].text:
                return
            else:
                self._does(self.sees()[-1])

    async def _something_new(self, shown: int, within_s: float) -> bool:
        try:
            await self.api.until(lambda: len(self.sees()) > shown, within_s)
        except TimeoutError:
            return False
        await asyncio.sleep(READS_S)
        return True

    def _does(self, newest: Seen) -> None:
        what = next((what for asked, what in ROAD if asked in newest.text), "/menu")
        if what == "(album)":
            self.sends_album(self.photos)
        elif what.startswith("["):
            self._chooses(newest, what[1:-1])
        else:
            self.types(what.format(n=self.n, product=told(self.n)["product"]))

    def _chooses(self, newest: Seen, value: str) -> None:
        for key in buttons(newest):
            if str(key["callback_data"]).rpartition(":")[2] == value:
                self._press(newest, key["callback_data"])
                return
        raise AssertionError(f"no button stands for {value!r} under {newest.text!r}")


def picture(n: int, number: int) -> bytes:
    """A page of its own, with other bytes than every other."""
    image = _page().copy()
    ImageDraw.Draw(image).text((40, 20), f"{n} - {number}", font=ImageFont.load_default(24), fill=(0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


@cache
def _page() -> Image.Image:
    image = Image.new("RGB", (620, 877), (235, 232, 225))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for y in range(60, 850, 36):
        pen.text((40, y), "phuong an san xuat kinh doanh", font=font, fill=(40, 40, 45))
    return image
