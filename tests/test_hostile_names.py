"""Names that would be code somewhere: kept as they were typed, and shown as letters wherever they come out.

In the chats: tests/test_bad_input.py. On the pages: tests/test_web_page.py and tests/test_own_data.py, in a browser.
"""

import io
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from bot.channels.base import Outgoing
from bot.channels.email import Email, Recipient, Server
from bot.channels.push import Push, Subscription, new_key
from bot.desk.export import harmless
from bot.papers import normalise_photo, pages_to_pdf
from dialogs.answers import text
from dialogs.model import TextReceived
from tests.facts import facts, world
from tests.test_bad_input import CODE_LIKE
from tests.test_export import from_csv, from_xlsx, made

NAMES = (
    *CODE_LIKE, "=cmd|' /C calc'!A0", "%0d%0aBcc: x@evil.example", "שלום Măng", "<!--", "]]>", "\\u202e", "${jndi:ldap://e}",
)  # fmt: skip
named = pytest.mark.parametrize("name", NAMES)


@named
def test_a_name_is_kept_as_it_was_typed(name: str) -> None:
    read = text(200, name=True).read(TextReceived(f"{name} ong\u202e\u200b"), {}, facts(), "")
    assert read.value == f"{name} ong"  # what turns the direction is none of it


@named
def test_in_a_letter_it_is_words_of_its_only_part(name: str) -> None:
    """And none in its head, which shows on a locked phone."""
    channel = Email(
        Server("mail.example", 25, "", "", ""), "ocop@example.vn", find=_nobody, catalogs=world().listener.catalogs
    )
    words = f"{name}: xã đã nhận.\r\nBcc: x@evil.example"
    letter = channel._letter("lan@example.vn", Recipient("vi", ""), Outgoing("7", words, unprompted=True))
    found: Any = message_from_bytes(letter.as_bytes(policy=SMTP), policy=SMTP)
    assert found.get_content_type() == "text/plain"
    assert not found.is_multipart()
    assert found.get_content().startswith(f"{name}: xã đã nhận.")
    assert found["Bcc"] is None
    assert name not in str(found["Subject"])


@named
def test_a_notification_says_no_name(name: str) -> None:
    channel = Push(find=_nobody, key=new_key(), subject="mailto:a@example.vn", catalogs=world().listener.catalogs)
    browser = Subscription("https://push.example/1", "", "", "vi")
    shown = channel._notification(browser, Outgoing("7", f"{name}: xã đã nhận."), "id")
    assert not any(name in words for words in shown.values())


@named
async def test_in_a_sheet_it_is_a_text(name: str) -> None:
    (_, (kind, value, _)) = [row[0] for row in from_xlsx(await made(".xlsx", [[name]], ["A"]))]
    assert (kind, value) == ("s", name)
    assert from_csv(await made(".csv", [[name]], ["A"]))[1:] == [[harmless(name)]]


@named
def test_in_a_pdf_it_is_its_title(name: str) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (80, 120), "white").save(photo, "JPEG")
    opened = pypdfium2.PdfDocument(pages_to_pdf([normalise_photo(photo.getvalue())], name))
    try:
        assert opened.get_metadata_value("Title") == name
        assert len(opened) == 1
    finally:
        opened.close()


async def _nobody(_: str) -> None:
    return None
