"""The tokens of a Zalo Official Account: renewed early, by one process at a time, and never used before they are kept.

An access token opens the API for about 25 hours. The refresh token that renews it lives about three months and works
once: with it is spent whatever was not saved. So a renewal happens in an exclusive section, reads again once it is in
there, notes that it has begun, and saves the new pair before anybody uses it. If a process is killed in between, the
next one tries the old refresh token once; if Zalo refuses that, an administrator of the account has to give consent
anew, everybody who can see to it is told, and messages wait meanwhile.

Facts, all from others' code and documents, to be confirmed with a live account: POST <oauth>/v4/oa/access_token with
the header `secret_key`; failures may come with HTTP 200, as `error` and `message` or as `error_name`,
`error_reason`, `error_description` (github.com/ChatbotXIO/ChatbotX pull 1019, github.com/field-vn/zalo), read
2026-11-22.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import Gauge

from bot.channels.base import ChannelError, Suspended, Unavailable
from bot.channels.session import Session
from bot.clock import system_clock

OAUTH_URL = "https://oauth.zaloapp.com"
REUSED = -14020
"""The refresh token was used before, or is too old. Other codes of the kind are known by their words alone."""
NOT_CONNECTED = "no Official Account is connected yet: run `python -m bot zalo connect`"
CONSENT_NEEDED = "the Official Account's consent has to be given anew: run `python -m bot zalo connect`"
NEVER_TAKEN = "Zalo refuses tokens that it has just issued: run `python -m bot zalo check`"

EARLY = 0.8
"""Part of its life after which a token is renewed: the rest is time to see to it when that fails."""
LAST_PART, LAST_S = 0.05, 60.0
"""A token is not used for the end of its life: a twentieth of it, at most a minute."""
USUAL_LIFE_S = 3600.0
"""Assumed where Zalo does not say; the shortest that anybody has seen."""
CALL_S = 10.0
LOOK_EVERY_S = 60.0
SAVE_PAUSES_S = (0.5, 2.0, 5.0)
REFUSED_PAUSE = timedelta(minutes=10)
MAX_ANSWER_BYTES = 64 * 1024

CONSENT = Gauge("ocop_zalo_consent_needed", "1 while the Official Account's consent is missing")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """`refreshing_since`: somebody began to renew it then, and has not said how that ended. `refused`: for good."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    refreshing_since: datetime | None = None
    refused: bool = False

    @property
    def due_at(self) -> datetime:
        return self.issued_at + EARLY * (self.expires_at - self.issued_at)

    def is_alive(self, now: datetime) -> bool:
        life_s = (self.expires_at - self.issued_at).total_seconds()
        return now < self.expires_at - timedelta(seconds=min(LAST_PART * life_s, LAST_S))

    def dump(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def load(cls, text: str) -> "Pair":
        """The inverse of dump. Raises ValueError, KeyError or TypeError for anything else."""
        data = json.loads(text)
        times = {name: datetime.fromisoformat(data[name]) for name in ("issued_at", "expires_at")}
        since = data["refreshing_since"]
        return cls(**{**data, **times, "refreshing_since": datetime.fromisoformat(since) if since else None})


class Keeping(Protocol):
    """Where the pair is kept, for all processes. Everything may raise ChannelError."""

    async def read(self) -> Pair | None: ...

    async def save(self, pair: Pair) -> None:
        """Committed when it returns."""
        ...

    async def alarm(self, pair: Pair) -> None:
        """Save it, and tell who can see to it that consent is needed; both or neither."""
        ...

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """A section that one task of one process is in at a time."""
        ...


class Refused(Suspended):
    """Zalo's no to a renewal or a consent; `code` is its own, 0 where it gave none. Its words may quote a token."""

    def __init__(self, code: int, *, for_good: bool) -> None:
        super().__init__(CONSENT_NEEDED if for_good else f"Zalo refuses to issue a token (error {code})")
        self.code, self.for_good = code, for_good


class AccountTokens:
    """The access token of one app's account, as bot.channels.zalo.Zalo asks for it.

    Single flight: however many messages find the token dead, one task renews it, and it is not cancelled with them.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        keeping: Keeping,
        oauth_url: str = OAUTH_URL,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._app_id, self._secret, self._keeping, self._clock = app_id, app_secret, keeping, clock
        self._url = f"{oauth_url.rstrip('/')}/v4/oa/access_token"
        self._session = Session(lambda: ClientSession(timeout=ClientTimeout(total=CALL_S)))
        self._pair: Pair | None = None
        self._unsaved: Pair | None = None
        self._dead = ""
        """The access token that the API has refused, whatever its time says."""
        self._instead = ""
        """The one that was issued in its place."""
        self._renewing: asyncio.Task[Pair] | None = None
        self._working: set[asyncio.Task[Pair]] = set()

    # ------------------------------------------------------------ for the channel

    async def token(self) -> str:
        """Raises Suspended where a person has to act, Unavailable where waiting helps."""
        if self._pair is None or not self._usable(self._pair):
            self._pair = await self._known()
        if not self._usable(self._pair):
            self._pair = await self._renewed()
        return self._pair.access_token

    async def renewed(self, stale: str) -> str:
        """The token to go on with after the API has refused `stale`; issued only if nobody has done so since."""
        self._dead = stale
        return await self.token()

    def _usable(self, pair: Pair) -> bool:
        return pair.access_token != self._dead and pair.is_alive(self._clock())

    async def _known(self) -> Pair:
        pair = await self._keeping.read()
        CONSENT.set(pair is None or pair.refused)
        if pair is None:
            raise Suspended(NOT_CONNECTED)
        return pair

    # ------------------------------------------------------------ for the worker

    async def keep_fresh(self) -> None:
        """The worker's loop; any number of processes may run it."""
        await self._look(first=True)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self, *, first: bool = False) -> None:
        try:
            pair = await self.fresh()
        except Refused as error:
            log.error("the Official Account's token was not renewed: error %d", error.code)
        except ChannelError as error:
            log.warning("the Official Account's token was not renewed: %s", error)
        else:
            if first:
                _report(pair)

    async def fresh(self) -> Pair | None:
        """Renew the pair if it is time; the pair as it is now, None without one. Raises ChannelError."""
        if self._unsaved is None:
            pair = await self._keeping.read()
            CONSENT.set(pair is None or pair.refused)
            if pair is None or pair.refused or (self._usable(pair) and self._clock() < pair.due_at):
                return pair
        self._pair = await self._renewed()
        return self._pair

    # ------------------------------------------------------------ consent

    async def connect(self, code: str, verifier: str) -> Pair:
        """Exchange what the permission page gave (PKCE) for the first pair. Raises ChannelError."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._finished(self._begun(form, ""))

    async def adopt(self, refresh_token: str) -> Pair:
        """Begin with a refresh token from elsewhere, which is spent by it. Raises ChannelError."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self._finished(self._begun(form, refresh_token))

    async def _begun(self, form: Mapping[str, str], refresh_token: str) -> Pair:
        async with self._keeping.exclusive():
            self._unsaved = None  # what is given now is newer
            return await self._kept(await self._issued(form, refresh_token))

    # ------------------------------------------------------------ renewing

    async def _renewed(self) -> Pair:
        if self._renewing is None or self._renewing.done():
            self._renewing = self._task(self._renew())
        return await asyncio.shield(self._renewing)

    async def _renew(self) -> Pair:
        async with self._keeping.exclusive():
            if self._unsaved is not None:
                return await self._kept(self._unsaved)
            pair = await self._known()
            if pair.refreshing_since is not None:
                pair = await self._cut_off(pair, pair.refreshing_since)
            if self._usable(pair) and self._clock() < pair.due_at:  # somebody else was first
                return pair
            return await self._refreshed(pair)

    async def _cut_off(self, pair: Pair, since: datetime) -> Pair:
        """The pair after whoever began to renew it can't be at it any more: it was killed, or has lost its lock."""
        await asyncio.sleep((since + timedelta(seconds=CALL_S) - self._clock()).total_seconds())
        pair = await self._known()
        if pair.refreshing_since == since:
            log.warning("a renewal of the Official Account's token was cut off: the old refresh token is tried again")
        return pair

    async def _refreshed(self, pair: Pair) -> Pair:
        now = self._clock()
        if pair.refused:
            raise Suspended(CONSENT_NEEDED)
        refused_too = pair.access_token == self._dead == self._instead
        if refused_too and now < pair.issued_at + REFUSED_PAUSE:  # or each message would cost a renewal
            raise Suspended(NEVER_TAKEN)
        await self._keeping.save(replace(pair, refreshing_since=now))
        form = {"grant_type": "refresh_token", "refresh_token": pair.refresh_token}
        try:
            issued = await self._issued(form, pair.refresh_token)
        except ChannelError as error:
            await self._not_refreshed(replace(pair, refreshing_since=None), error)
            raise
        self._instead = issued.access_token if pair.access_token == self._dead else ""
        return await self._kept(issued)

    async def _not_refreshed(self, pair: Pair, error: ChannelError) -> None:
        if isinstance(error, Refused) and error.for_good:
            CONSENT.set(1)
            log.error(CONSENT_NEEDED)
            await self._keeping.alarm(replace(pair, refused=True))
        else:
            await self._keeping.save(pair)

    async def _kept(self, pair: Pair) -> Pair:
        """Save it however often that takes; a pair that can't be saved is tried again with the next renewal."""
        self._unsaved = pair
        for pause_s in SAVE_PAUSES_S:
            try:
                await self._keeping.save(pair)
                break
            except Unavailable:
                log.warning("the Official Account's new token could not be saved, next try in %s s", pause_s)
                await asyncio.sleep(pause_s)
        else:
            await self._keeping.save(pair)
        self._unsaved, self._pair = None, pair
        CONSENT.set(0)
        return pair

    # ------------------------------------------------------------ the call

    async def _issued(self, form: Mapping[str, str], refresh_token: str) -> Pair:
        """A new pair; one without a refresh token of its own goes on with the old one. Raises Refused, Unavailable."""
        asked_at = self._clock()
        answer = await self._answer({"app_id": self._app_id, **form})
        access_token = answer.get("access_token")
        if not isinstance(access_token, str) or not access_token:
            raise _refusal(answer)
        life = timedelta(seconds=_seconds(answer.get("expires_in")))
        renewal = answer.get("refresh_token")
        return Pair(access_token, str(renewal or refresh_token), asked_at, asked_at + life)

    async def _answer(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """What Zalo says, whatever its HTTP status; the error's own words may hold the address, so they are dropped."""
        headers = {"secret_key": self._secret}
        try:
            post = self._session.opened().post
            async with post(self._url, data=form, headers=headers, allow_redirects=False) as response:
                body = await response.content.read(MAX_ANSWER_BYTES)
                while more := await response.content.read(MAX_ANSWER_BYTES - len(body)):
                    body += more
                status = response.status
        except (ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{type(error).__name__} while a token was asked for") from None
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or status >= 500:
            raise Unavailable(f"HTTP {status} while a token was asked for")
        return answer

    # ------------------------------------------------------------ life

    async def _finished(self, work: Coroutine[Any, Any, Pair]) -> Pair:
        return await asyncio.shield(self._task(work))

    def _task(self, work: Coroutine[Any, Any, Pair]) -> asyncio.Task[Pair]:
        """Work that goes on when whoever waits for it is cancelled: what was issued has to be saved."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody waits any more
        return task

    async def close(self) -> None:
        """Let what is being renewed be saved first: it takes CALL_S and a moment at most."""
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._session.close()


def _report(pair: Pair | None) -> None:
    """How it stands at the start of a worker."""
    if pair is None:
        log.error(NOT_CONNECTED)
    elif pair.refused:
        log.error(CONSENT_NEEDED)
    else:
        log.info("the Official Account's token is good until %s", pair.expires_at.isoformat(timespec="minutes"))


def _refusal(answer: Mapping[str, Any]) -> Refused:
    """The refresh token is spent or void, or something else is wrong, which may be put right in the console."""
    try:
        code = int(answer.get("error", 0))
    except (TypeError, ValueError):
        code = 0
    names = ("error_name", "error_reason", "error_description", "message", "error")
    words = " ".join(str(answer.get(name, "")) for name in names).lower().replace("_", " ")
    return Refused(code, for_good=code == REUSED or "refresh token" in words)


def _seconds(value: Any) -> float:
    """`expires_in` as a number or in a string."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return USUAL_LIFE_S
    return seconds if 0 < seconds < 1e9 else USUAL_LIFE_S
