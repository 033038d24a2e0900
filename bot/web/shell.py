"""What stands around every request: security headers, an end for every error, a short way for webhooks."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.handle import where

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self)",
    "Cache-Control": "no-store",
}


Endpoint = Callable[[Request], Awaitable[Response]]
Refused = Callable[[Request, HTTPException], Awaitable[Response]]


class Shell:
    """Around everything: the security headers on every answer, and an end for every error.

    A bug's own words stay out of the log, for they may hold what a person wrote.
    """

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_ours(message["headers"], scope["path"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception as error:  # 500 has been answered already; here is the only place that sees what
            log.error("%s %s: %s", scope["method"], scope["path"].split("/")[1], where(error))

    def _with_ours(self, theirs: list[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
        """Static files may be kept, if the browser asks each time whether they have changed."""
        if path.startswith("/static/"):
            theirs = [*theirs, (b"cache-control", b"no-cache")]
        present = {name for name, _ in theirs}
        return [*theirs, *(header for header in self._headers if header[0] not in present)]


class Posts:
    """Past Starlette's routes and middleware, which cost more than reading an update, for a platform's many posts."""

    def __init__(self, endpoints: Mapping[str, Endpoint], refused: Refused, app: ASGIApp) -> None:
        self._endpoints, self._refused, self._app = endpoints, refused, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope.get("method") == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await endpoint(request)
        except HTTPException as error:
            answer = await self._refused(request, error)
        except Exception:  # the platform posts again; Shell writes down what it was
            await (await self._refused(request, HTTPException(500)))(scope, receive, send)
            raise
        await answer(scope, receive, send)
