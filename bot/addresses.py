"""What the two channels that only tell have to know of an address, and the links that end it."""

from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.email import Recipient
from bot.channels.push import Subscription
from storage import push, reach
from storage.database import reading


@dataclass(frozen=True)
class Addresses:
    """`pages`: where people find our pages, "" where they can't."""

    engine: AsyncEngine
    secret_key: str
    pages: str

    async def recipient(self, address: str) -> Recipient | None:
        """Who reads e-mail there, None for an address that was stopped."""
        async with reading(self.engine) as connection:
            found = await reach.address(connection, "email", address)
        if found is None:
            return None
        return Recipient(found.locale, stop_link(self.pages, self.secret_key, found.id))

    async def subscription(self, chat_id: str) -> Subscription | None:
        """The browser behind a chat id of channel "push", None for one that was switched off."""
        async with reading(self.engine) as connection:
            found = await push.subscription_of(connection, chat_id)
        return Subscription(found.endpoint, found.p256dh, found.auth, found.locale) if found is not None else None


def stop_link(pages: str, secret_key: str, conversation_id: int) -> str:
    """A number and no address, as it ends in the logs of proxies; it works as long as the letter is kept."""
    return f"{pages}/e/{_tokens(secret_key).dumps(conversation_id)}" if pages else ""


def stopped(secret_key: str, token: str) -> int | None:
    """The conversation that a link's token ends; None for one we never made."""
    try:
        found = _tokens(secret_key).loads(token)
    except BadData:
        return None
    return found if isinstance(found, int) else None


def _tokens(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="e-mail")
