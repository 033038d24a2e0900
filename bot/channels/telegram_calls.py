"""Calls to the Bot API whose parameters are plain words: most of all that is sent, at a third of a library's cost.

aiogram makes a class, a form and an answer's thirty objects for each; here a call is a dict of JSON each way.
"""

import json
import ssl
from typing import Any, TypeVar

import certifi
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bot.channels.base import ChannelError, Moved, Rejected, Throttled, Unavailable, Unreachable
from bot.channels.session import Session

CALL = ClientTimeout(total=30)
HEADERS = {"Content-Type": "application/json"}
CONNECTIONS = 100
NO_CHAT = ("chat not found", "user not found", "peer_id_invalid")

Shape = TypeVar("Shape", dict[str, Any], list[Any], bool)


class Calls:
    """Of one bot. Its errors never hold the address, which has the token in it."""

    def __init__(self, token: str, api_url: str) -> None:
        self._base = f"{api_url}/bot{token}"
        self._urls: dict[str, URL] = {}
        self._session = Session(_session)

    async def __call__(
        self, method: str, params: dict[str, Any], shape: type[Shape], within: ClientTimeout = CALL
    ) -> Shape:
        """The result, which is of this shape; raises ChannelError."""
        body = json.dumps(params).encode()
        try:
            async with self._session.opened().post(self._url(method), data=body, timeout=within) as answer:
                status, said = answer.status, answer_in(await answer.read())
        except (ClientError, OSError, ValueError) as error:
            raise Unavailable(type(error).__name__) from None
        if not said["ok"] or not 200 <= status < 300:
            raise refusal_in(status, said)
        if not isinstance(said["result"], shape):
            raise Unavailable("a result that is none")
        return said["result"]

    async def close(self) -> None:
        await self._session.close()

    def _url(self, method: str) -> URL:
        if method not in self._urls:
            self._urls[method] = URL(f"{self._base}/{method}")
        return self._urls[method]


def _session() -> ClientSession:
    """With certifi's certificates, as both libraries: not every computer has some of its own that Python finds."""
    known = ssl.create_default_context(cafile=certifi.where())
    connector = TCPConnector(limit=CONNECTIONS, ssl=known)
    return ClientSession(connector=connector, headers=HEADERS, cookie_jar=DummyCookieJar())


def answer_in(body: str | bytes) -> dict[str, Any]:
    """The answer to a call; ValueError for what is none: a proxy's page, a yes without a result, a no without a reason.

    Nobody knows whether such a call took effect, so it is made again.
    Source: core.telegram.org/bots/api#making-requests
    """
    answer = json.loads(body)
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise ValueError("no answer of the Bot API")
    if answer.get("result") in (None, {}) if answer["ok"] else not isinstance(answer.get("description"), str):
        raise ValueError("half an answer")
    parameters = answer.get("parameters", {})
    if not isinstance(parameters, dict) or not _is_pause(parameters.get("retry_after", 1)):
        raise ValueError("a pause that is none")
    return answer


def _is_pause(value: object) -> bool:
    return isinstance(value, int) and value > 0


def refusal_in(status: int, answer: dict[str, Any]) -> ChannelError:
    """Everything unnamed is the server, or the token (401, 404): worth another try later.

    So is an answer that contradicts itself: a proxy's "403" around a yes closes nobody's chat.
    """
    description, parameters = answer.get("description", ""), answer.get("parameters", {})
    if answer["ok"]:
        return Unavailable(f"a yes with {status}")
    if pause := parameters.get("retry_after"):
        return Throttled(pause)
    if chat := parameters.get("migrate_to_chat_id"):
        return Moved(str(chat))
    match status:
        case 400:
            return refused(description)
        case 403:
            return Unreachable(description)
        case 413:
            return Rejected("too large")
    return Unavailable(f"refused with {status}")


def refused(description: str) -> ChannelError:
    text = description.lower()
    return Unreachable(description) if any(words in text for words in NO_CHAT) else Rejected(description)
