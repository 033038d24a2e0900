"""People on Telegram who wait for the answer before they go on, and the road they walk."""

import io
from functools import cache
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.doubles.bot_api import BotApi, Phone, Seen

ANSWER_S = 10.0

IDEA = (
    "Măng khô Tân Lĩnh",
    "thuc pham",
    "7",
    "dang ban",
    "mang rung phoi nang, khong say luu huynh",
    "mang hai tren rung cua xa",
    "12 xa vien",
    "300 kg",
    "moi nam",
    "cho, tren mang",
    "2,3",
    "htx",
    "HTX Măng",
    "Giàng A Páo",
)
"""As typed, from the product's name to the contact's; what follows is the phone number."""


@cache
def photo(radius: float = 0.0) -> bytes:
    """A written page as a phone takes it; from a radius of about 6 nobody can read it."""
    image = Image.new("RGB", (1240, 1754), (235, 232, 225))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for y in range(48, 1700, 36):
        pen.text((48, y), " ".join(f"phuong an {y * column}" for column in range(1, 6)), font=font, fill=(40, 40, 45))
    buffer = io.BytesIO()
    (image.filter(ImageFilter.GaussianBlur(radius)) if radius else image).save(buffer, "JPEG")
    return buffer.getvalue()


class Person(Phone):
    """A phone whose owner reads each answer. Every method returns the first message that came back."""

    def __init__(self, api: BotApi, user_id: int = 5001, name: str = "Páo", language_code: str = "vi") -> None:
        super().__init__(api, user_id, name, language_code)

    async def answered(self, within_s: float = ANSWER_S) -> Seen:
        return await self.waits_for(timeout_s=within_s)

    async def says(self, words: str) -> Seen:
        self.types(words)
        return await self.answered()

    async def opens(self, payload: str) -> Seen:
        self.starts(payload)
        return await self.answered()

    async def chooses(self, value: str) -> Seen:
        """By its button, whatever the label says; see `Phone.picks`."""
        self.picks(value)
        return await self.answered()

    @property
    def read(self) -> int:
        """How many messages were waited for."""
        return self._read

    def reads_all(self) -> list[Seen]:
        """What has come and was not waited for."""
        unread, self._read = self.chat.seen[self._read :], len(self.chat.seen)
        return unread

    async def consents(self, payload: str = "c-04336") -> Seen:
        """From the poster to the main menu."""
        await self.opens(payload)
        await self.chooses("yes")
        await self.chooses("yes")
        return await self.chooses("yes")

    async def fills_in(self, product: str = IDEA[0], photos: list[bytes] | None = None) -> Seen:
        """From the main menu to the review screen."""
        await self.says("dang ky sp")
        for words in (product, *IDEA[1:]):
            await self.says(words)
        self.shares_contact()
        await self.answered()
        if photos:
            self.sends_album(photos)
            await self.answered()
            await self.chooses("done")
        else:
            await self.says("bo qua")
        return await self.says("bo qua")


def buttons(seen: Seen) -> list[dict[str, Any]]:
    return [key for row in seen.reply_markup.get("inline_keyboard", []) for key in row]
