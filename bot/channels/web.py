"""The web chat as a channel: messages go into the chat's mailbox, from which the page fetches them."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Protocol

from bot.channels.base import Attachment, Capabilities, FileUnavailable, Outgoing, Proof, Sent, Update

# Ours to choose, as the page is ours (read 2026-11-22): long labels wrap, so few need a numbered list.
MAX_TEXT_CHARS = 20_000
MAX_BUTTONS = 30
MAX_BUTTON_CHARS = 60
MAX_DATA_BYTES = 200
PATIENCE = timedelta(seconds=60)
"""A page that is open asks every 25 seconds at the latest; one that does not is closed, or nobody looks at it."""

CAPABILITIES = Capabilities(
    max_text_chars=MAX_TEXT_CHARS,
    max_buttons=MAX_BUTTONS,
    max_button_chars=MAX_BUTTON_CHARS,
    max_data_bytes=MAX_DATA_BYTES,
    receives_files=True,
    asks_contact=False,
    asks_location=True,
    sends_files=True,
    proof=Proof.FETCHED,
    patience=PATIENCE,
)


class Mailbox(Protocol):
    """Where the page finds its messages."""

    async def deliver(self, chat_id: str, message: Outgoing) -> int: ...


class Web:
    name = "web"
    capabilities = CAPABILITIES

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """The page speaks to the chat's own routes, not to a webhook."""
        raise ValueError("the web chat has no webhook")

    async def updates(self) -> AsyncIterator[list[Update]]:
        """Nothing to poll: the page pushes."""
        nothing: tuple[list[Update], ...] = ()
        for updates in nothing:
            yield updates

    def carries(self, attachment: Attachment) -> bool:
        return True

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Its id there is what the page says it has shown."""
        return Sent((str(await self._mailbox.deliver(chat_id, message)),))

    async def acknowledge(self, update: Update) -> None:
        """The page shows by itself that a press went out."""

    async def fetch(self, source: str) -> bytes:
        """Uploads are kept when they arrive; there is nothing else to fetch."""
        raise FileUnavailable(source)

    async def close(self) -> None:
        """Nothing is held."""
