"""What the doubles of both Zalo platforms share: calls that can be made to fail, a clock that can be moved, webhooks
that come late, twice or out of order, and people who wait for their answer.
"""

import asyncio
import io
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict

from tests.doubles.listening import listening

JSON = dict[str, Any]

ANSWER_S = 10.0
MAX_FETCH_BYTES = 10_000_000
FETCH_S = 10.0
"""What the platforms themselves fetch, from addresses that a bot names: at most this much, within this time."""


class RefusedError(Exception):
    """The platform says no; how that looks is each platform's own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Failure:
    """How one call goes wrong. `after`: the call takes effect, only its answer is spoilt (a lost answer).

    `code` is the platform's own error in an answer with HTTP 200; `chat_id`: only a call about this person, "" is any.
    With no other field set the call is only slow by `delay_s`.
    """

    status: int = 0
    code: int = 0
    message: str = ""
    drop: bool = False  # the connection closes without an answer
    garbage: bool = False  # 200 with a page of HTML
    after: bool = False
    delay_s: float = 0.0
    chat_id: str = ""


@dataclass(slots=True)
class Call:
    """One request. `files`: form field -> (file name, bytes); `at` on the monotonic clock; `code` as answered."""

    name: str
    params: JSON
    files: Mapping[str, tuple[str, bytes]]
    token: str
    at: float
    code: int = 0

    @property
    def chat_id(self) -> str:
        recipient = self.params.get("recipient")
        return str(recipient.get("user_id", "") if isinstance(recipient, dict) else self.params.get("chat_id", ""))


@dataclass(slots=True)
class Seen:
    """A message as a person sees it. `at` on the monotonic clock; `paid`: it was charged for."""

    id: str
    message: JSON
    at: float
    text: str = ""
    kind: str = "text"
    file_name: str = ""
    data: bytes = b""
    buttons: tuple[tuple[str, str], ...] = ()  # (what stands on it, what a press types)
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """A webhook call as it was first made; `line` names what the platform posts one after the other."""

    body: bytes
    headers: Mapping[str, str]
    line: str


class Double:
    """A platform. `async with` runs it, `url` is what the program is given for its API, `webhook` whom it calls.

    `pace` scales the pauses between tries of a webhook; 1 is the platform's own. Attributes that a test may set at any
    moment: `outage` (every call fails so), `webhook`, and `proxies`: https://host -> http://host:port behind it.
    """

    RETRIES_S: ClassVar[Sequence[float]] = ()
    WEBHOOK_S: ClassVar[float] = 10.0

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self.url = ""
        self.webhook = ""
        self.proxies: dict[str, str] = {}
        self.calls: list[Call] = []
        self.posts: list[Post] = []
        self.deliveries: list[tuple[int, int, float]] = []  # number of the post, status (0: none), moment
        self.outage: Failure | None = None
        self.on_message: Callable[[str, Seen], None] = lambda person_id, seen: None
        self._ahead = timedelta(0)
        self._changed = asyncio.Event()
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._held: list[int] | None = None
        self._lines: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = AsyncExitStack()
        self._http: ClientSession | None = None
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def routes(self, app: web.Application) -> None:
        raise NotImplementedError

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The headers by which the program knows that a post is the platform's own."""
        raise NotImplementedError

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        app = web.Application(client_max_size=64 << 20)
        self.routes(app)
        self._http = ClientSession(connector=TCPConnector(force_close=True))
        self.url = await self._listening.enter_async_context(listening(app, port))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        await self._listening.aclose()

    # ------------------------------------------------------------ for tests

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def passes(self, time_passed: timedelta) -> None:
        """Move the platform's clock on: windows close, tokens and attachments expire, limits are free again."""
        self._ahead += time_passed

    def fail(self, name: str, failure: Failure, times: int = 1) -> None:
        """The next calls of this name go wrong in this way."""
        self._failures[name].extend([failure] * times)

    def forget_failures(self) -> None:
        self._failures.clear()
        self.outage = None

    def made(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def number(self) -> int:
        return next(self._numbers)

    async def until(self, met: Callable[[], bool], timeout_s: float = ANSWER_S) -> None:
        """Wait for something to become true of this platform; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not met():
                await self._changed.wait()

    def tell(self) -> None:
        """Wake all who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    # ------------------------------------------------------------ webhooks

    def push(self, body: bytes, line: str) -> int:
        """Post an event, signed; its number is for `again`, `answered_with` and `forge`."""
        self.posts.append(Post(body, self.signed(body), line))
        number = len(self.posts) - 1
        if self._held is not None:
            self._held.append(number)
        elif self.webhook:
            self.again(number)
        self.tell()
        return number

    def again(self, number: int) -> None:
        """Post an event once more, as if its 200 had been lost, and insist as for the first time."""
        task = asyncio.get_running_loop().create_task(self._deliver(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hold(self) -> None:
        """What happens from now on is posted only by `release`: the network is slow."""
        self._held = []

    def release(self, *, backwards: bool = False) -> None:
        held, self._held = self._held or [], None
        for number in reversed(held) if backwards else held:
            self.again(number)

    async def forge(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Post what is not the platform's own, once; the status it is answered with, 0 for none."""
        return await self._post(body, headers)

    def answered_with(self, number: int) -> list[int]:
        """The status of each try to post this event."""
        return [status for posted, status, _ in self.deliveries if posted == number]

    async def all_taken(self, timeout_s: float = 60.0) -> None:
        """Wait until every event was answered with 200, and see that none was refused.

        An answer that is late, as a disk that hesitates makes one at times, is no refusal: the event is posted again.
        """
        await self.until(lambda: all(200 in self.answered_with(number) for number in range(len(self.posts))), timeout_s)
        assert {status for _, status, _ in self.deliveries} <= {0, 200}

    async def _deliver(self, number: int) -> None:
        """First tries of a line in order, as nobody types two things at once; what is tried again is overtaken."""
        post = self.posts[number]
        before, done = self._lines.get(post.line), asyncio.Event()
        self._lines[post.line] = done
        if before is not None:
            await before.wait()
        try:
            taken = await self._try(number)
        finally:
            done.set()
        for pause_s in () if taken else self.RETRIES_S:
            await asyncio.sleep(pause_s * self.pace)
            if await self._try(number):
                return

    async def _try(self, number: int) -> bool:
        post = self.posts[number]
        status = await self._post(post.body, post.headers)
        self.deliveries.append((number, status, time.monotonic()))
        self.tell()
        return status == 200

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        assert self._http is not None
        sent = CIMultiDict({"Content-Type": "application/json", **headers})
        limit = ClientTimeout(total=self.WEBHOOK_S)
        try:
            async with self._http.post(
                self.behind(self.webhook), data=io.BytesIO(body), headers=sent, timeout=limit, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status
        except (ClientError, TimeoutError, OSError):
            return 0

    def behind(self, url: str) -> str:
        """Where a proxy with HTTPS, if there is one for this address, passes a request on to."""
        for public, inner in self.proxies.items():
            if url.startswith(f"{public}/"):
                return inner + url.removeprefix(public)
        return url

    # ------------------------------------------------------------ calls

    async def fetched(self, url: str) -> tuple[str, bytes]:
        """What the platform itself fetches from an address: (media type, bytes); raises ValueError."""
        assert self._http is not None
        try:
            async with self._http.get(self.behind(url), timeout=ClientTimeout(total=FETCH_S)) as answer:
                data = await answer.content.read(MAX_FETCH_BYTES + 1)
                while len(data) <= MAX_FETCH_BYTES and (more := await answer.content.read(MAX_FETCH_BYTES)):
                    data += more
                if answer.status != 200 or len(data) > MAX_FETCH_BYTES:
                    raise ValueError(f"{url} answers {answer.status}, {len(data)} bytes")
                return answer.content_type, data
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise ValueError(f"{url} can't be fetched: {type(error).__name__}") from None

    def next_failure(self, name: str, chat_id: str = "") -> Failure | None:
        if self.outage is not None:
            return self.outage
        waiting = self._failures[name]
        found = next((failure for failure in waiting if failure.chat_id in ("", chat_id)), None)
        if found is not None:
            waiting.remove(found)
        return found


async def read_call(request: web.Request, name: str, token: str) -> Call:
    """A call from any encoding: JSON, form or multipart, also in the query; ValueError when it is none of these."""
    params: JSON = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        body = await request.read()
        found = await request.json() if body else {}
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
        params |= found
    elif request.can_read_body:
        for key, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                with value.file as file:
                    files[key] = (value.filename, file.read())
            else:
                params[key] = value
    return Call(name, params, files, token, time.monotonic())


def spoilt(failure: Failure, request: web.Request) -> web.Response | None:
    """The answer that a failure makes, where it is not the platform's own kind of error."""
    if failure.drop:
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)
    if failure.garbage:
        return web.Response(text="<html>Bảo trì hệ thống</html>", content_type="text/html")
    return web.Response(status=failure.status, text=failure.message) if failure.status else None


class Reader:
    """A person who waits for each answer before they go on."""

    def __init__(self, platform: Double, person_id: str, name: str) -> None:
        self.platform, self.id, self.name = platform, person_id, name
        self.seen: list[Seen] = []
        self._read = 0

    async def waits_for(self, fragment: str = "", timeout_s: float = ANSWER_S) -> Seen:
        """The next message not yet waited for whose text or file name has this in it; AssertionError if none comes."""
        with suppress(TimeoutError):
            await self.platform.until(lambda: self._at(fragment) is not None, timeout_s)
        at = self._at(fragment)
        unread = [seen.text or seen.file_name for seen in self.seen[self._read :]]
        assert at is not None, f"{fragment!r} has not come to {self.name}, only {unread}"
        self._read = at + 1
        return self.seen[at]

    async def answered(self, within_s: float = ANSWER_S) -> Seen:
        return await self.waits_for(timeout_s=within_s)

    @property
    def read(self) -> int:
        """How many messages were waited for."""
        return self._read

    def reads_all(self) -> list[Seen]:
        """What has come and was not waited for."""
        unread, self._read = self.seen[self._read :], len(self.seen)
        return unread

    def shows(self, seen: Seen) -> None:
        """A message arrives."""
        self.seen.append(seen)
        self.platform.on_message(self.id, seen)
        self.platform.tell()

    def _at(self, fragment: str) -> int | None:
        unread = enumerate(self.seen[self._read :], self._read)
        return next((at for at, seen in unread if fragment in f"{seen.text}\n{seen.file_name}"), None)
