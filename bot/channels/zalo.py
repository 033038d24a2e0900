"""Zalo Official Account: signed events come in, consultation messages go out over the OpenAPI v3.

No live account could be asked: what is said here about the platform comes from its own SDKs and from others' code, as
noted beside each fact (read 2026-11-22), and docs/zalo.md lists what is to be confirmed.

The API answers HTTP 200 with a negative `error` to most of what it refuses; `TROUBLES` says what each means for us.
Everything is plain text. A choice is a numbered line; buttons, where they are on, only repeat those lines.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import math
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import ClientError, ClientTimeout, MultipartWriter
from prometheus_client import Counter
from yarl import URL

from bot.channels.base import (
    Attachment,
    BadSignature,
    Button,
    Capabilities,
    ChannelError,
    Incoming,
    Left,
    Outgoing,
    Proof,
    Receipt,
    Rejected,
    Sent,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
    Window,
    WindowClosed,
)
from bot.channels.download import MAX_BYTES as MAX_DOWNLOAD_BYTES
from bot.channels.download import Downloader
from bot.channels.keys import file_code, short_key, storable
from bot.channels.pace import Budget, OwnBudget, Pace, Rate
from bot.channels.session import Session
from bot.channels.text import split_text
from bot.clock import system_clock
from bot.papers import Refused, normalise_photo, safe_name
from dialogs.model import (
    CommandReceived,
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LocationShared,
    TextReceived,
    UnsupportedReceived,
)

# Limits, all read on 2026-11-22. "field-vn" is github.com/field-vn/zalo, which cites developers.zalo.me.
MAX_TEXT_CHARS = 2000  # field-vn; more is refused with -210, not cut
MAX_BUTTONS, MAX_BUTTON_CHARS, MAX_PAYLOAD_CHARS = 5, 100, 1000  # field-vn, unconfirmed
MAX_IMAGE_BYTES, MAX_FILE_BYTES = 1_000_000, 5_000_000  # field-vn, unconfirmed: "1 MB" and "5 MB", the stricter reading
MAX_TITLE_CHARS, MAX_SUBTITLE_CHARS = 100, 500  # of a request_user_info form, unconfirmed
WINDOW = Window(free=timedelta(hours=48), paid=timedelta(days=7))  # field-vn; since the person's last interaction
PATIENCE = timedelta(hours=1)  # ours: a phone without a network for so long may stay so for the day
IMAGES = frozenset({"image/jpeg", "image/png"})
DOCUMENTS = frozenset(
    {
        "application/pdf",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)

STALE_AFTER = timedelta(days=7)
"""Older events are refused. Within this time a replay is known by its key, which is kept for eight days
(`updates`); the platform itself stops trying after some hours. So nothing true is lost, and nothing old comes back."""
REQUEST_S, UPLOAD_S = 20.0, 60.0
SHRUNK_SIDES_PX = (2000, 1600, 1200, 800)
QUIET_UNTIL_HOUR = 6
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
BURST_PART = 10  # a tenth of a minute's calls may go out at once: a reply of several parts need not trickle
REMEMBERED = 1000

SIGNATURE_HEADER = "x-zevent-signature"
API_URL = "https://openapi.zalo.me"
TEMPLATE_URL = "https://business.openapi.zalo.me/message/template"

SOUNDS = frozenset({"mp3", "m4a", "aac", "amr", "awb", "ogg", "oga", "opus", "wav"})
WITH_FILE = frozenset({"user_send_image", "user_send_file", "user_send_audio"})
UNREADABLE = {
    "user_send_sticker": "sticker",
    "user_send_video": "video",
    "user_send_gif": "video",
    "user_send_business_card": "other",
    "user_send_link": "other",
}
RECEIPTS = {"user_received_message": False, "user_seen_message": True}
"""Whether the receipt says that the message was seen. Their direction differs between sources: none is ever input."""
PASSED_OVER = frozenset({"anonymous_send_text", "user_click_link", "add_user_to_tag", "user_send_group_text"})
"""Not said to us by a person we know; `oa_send_*` are echoes of our own messages or an officer's."""
IGNORED = Counter("ocop_zalo_passed_over_total", "Verified events of the account that mean nothing here", ["event"])

Key = TypeVar("Key")
Value = TypeVar("Value")

log = logging.getLogger(__name__)


class Tokens(Protocol):
    """The access token of the account. Both raise ChannelError: Suspended when a person has to give consent anew."""

    async def token(self) -> str: ...

    async def renewed(self, stale: str) -> str:
        """The token that replaced `stale`, renewed now unless somebody else has already done so."""
        ...


class Trouble(Enum):
    """What an error of the platform means for us."""

    TOKEN = auto()  # renew it once, and try once more
    RATE = auto()  # too many calls this minute: everything waits for the next
    NIGHT = auto()  # not between 22:00 and 06:00
    WINDOW = auto()  # wait until the person writes
    RECIPIENT = auto()  # final for this person
    CONFIG = auto()  # a person has to see to the account
    EXPIRED = auto()  # an upload: send it anew
    PASSING = auto()
    PAYLOAD = auto()  # our message is wrong: a bug


CONFIG = {
    -105: "the app is linked to no account",
    -115: "the prepaid balance is used up",
    -117: "the template may not be used by this account",
    -120: "the account may not send templates",
    -126: "the development wallet is empty",
    -127: "the app is in development mode, which reaches administrators only",
    -131: "the template is not approved",
    -135: "the account may not send templates",
    -138: "the app may not send templates",
    -204: "the account was closed",
    -205: "the account does not exist",
    -209: "the app is not active",
    -212: "the API is not registered for the app",
    -219: "the app was removed or switched off",
    -221: "the account is not verified",
    -223: "the account has not given the app this permission",
    -224: "the account's package does not include the API",
    -235: "the API is not for this kind of account",
    -240: "this version of the API was switched off",
    -242: "the app secret's proof is wrong",
    -320: "no Zalo Cloud Account is linked to the app",
    -321: "the Zalo Cloud Account has no money left",
    -14003: "the redirect address is not registered",
    -14020: "the refresh token was used before",
}
OF_TEMPLATES = frozenset({-115, -117, -120, -126, -127, -131, -135, -138})
"""Of the troubles above those that concern templates alone: the account's free messages go on."""
NO_MONEY = frozenset({-320, -321})
TROUBLES: Mapping[int, Trouble] = {
    -32: Trouble.RATE,
    -100: Trouble.EXPIRED,
    -108: Trouble.RECIPIENT,  # of templates: no Zalo account under this number
    -110: Trouble.RECIPIENT,  # their app is too old for it
    -118: Trouble.RECIPIENT,
    -124: Trouble.TOKEN,
    -133: Trouble.NIGHT,
    -139: Trouble.RECIPIENT,
    -200: Trouble.PASSING,
    -201: Trouble.PAYLOAD,  # also said of who has never interacted: see `_means`
    -210: Trouble.PAYLOAD,
    # Both quotas are of messages that are free again, or allowed again, once the person has written. Throttled would
    # stop the whole account for them, the answers to everybody else included.
    -211: Trouble.WINDOW,
    -213: Trouble.RECIPIENT,
    -216: Trouble.TOKEN,
    -217: Trouble.RECIPIENT,
    -218: Trouble.WINDOW,
    -220: Trouble.TOKEN,
    -227: Trouble.RECIPIENT,
    -230: Trouble.WINDOW,
    -231: Trouble.WINDOW,
    -232: Trouble.WINDOW,
    -233: Trouble.PAYLOAD,
    -234: Trouble.NIGHT,
    -244: Trouble.RECIPIENT,
    -248: Trouble.PAYLOAD,
    **dict.fromkeys(CONFIG, Trouble.CONFIG),
}
"""Source: field-vn src/Core/Errors/ErrorCatalog.php, citing developers.zalo.me/docs/official-account/phu-luc/ma-loi
and .../zbs-template-message/bang-ma-loi. -201, -216 and -230 have more than one witness, the others one. Whatever is
not listed is taken for our own mistake: it is final and logged, since a message that is tried all day would hold up
the person's next answers."""
NEVER_INTERACTED = re.compile(r"interact|tương tác", re.IGNORECASE)


class Zalo:
    """One Official Account, reached through one app.

    `oa_secret_key` signs the webhook; it is not the app's secret. `form_picture_url`: https address of the picture on
    the card that asks for a phone number; without it no card is sent, and numbers are typed. `calls_per_minute` is the
    package's limit; `budgeted` makes the budget of such a rate, of this process or of all that send for the account.
    An `api_url` on this machine (a double) also makes `file_hosts` on this machine, over http, ones to fetch from.
    """

    name = "zalo"

    def __init__(
        self,
        app_id: str,
        oa_secret_key: str,
        tokens: Tokens,
        api_url: str = API_URL,
        file_hosts: Sequence[str] = (),
        *,
        buttons: bool = False,
        calls_per_minute: int = 100,
        form_picture_url: str = "",
        template_url: str = TEMPLATE_URL,
        clock: Callable[[], datetime] = system_clock,
        budgeted: Callable[[Rate], Budget] = OwnBudget,
    ) -> None:
        if not app_id or not oa_secret_key:
            raise ValueError("without the app's id and the account's key nothing can be verified")
        self._app_id, self._secret, self._tokens, self._clock = app_id, oa_secret_key, tokens, clock
        self._api_url, self._template_url = api_url.rstrip("/"), template_url
        self._form_picture_url = form_picture_url
        self.capabilities = capabilities(buttons=buttons, asks_contact=bool(form_picture_url))
        local = URL(api_url).scheme == "http" and URL(api_url).host in ("127.0.0.1", "localhost", "::1")
        self._downloads = Downloader(file_hosts, loopback=local)
        rate = rate_of(calls_per_minute)
        self._pace = Pace(budgeted(rate), rate)
        self._account_id = ""  # learned from events
        self._session = Session()
        self._sent: dict[tuple[str, str], list[Sent]] = {}  # parts already delivered of messages under way
        self._uploads: dict[str, str] = {}  # SHA-256 -> attachment id or token
        self._takes_buttons = True

    # ------------------------------------------------------------ in

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """What one webhook call says: often nothing (echoes), one thing, or several (a captioned picture).

        Raises BadSignature for what the platform did not sign, its own probe when the address is registered included;
        ValueError for what it signed and we can't take: no event, another app's, or too old. The caller answers 200
        to all of them. A replay is no error: it has the key of the first time.
        """
        event = _parsed(body)
        self._check_signature(headers, body, _word(event.get("timestamp")))
        if _word(event.get("app_id")) not in ("", self._app_id):
            raise ValueError("an event of another app")
        if _moment(event) < self._clock() - STALE_AFTER:
            raise ValueError("an event that is too old")
        return self._meaning(_word(event.get("event_name")), event)

    def _check_signature(self, headers: Mapping[str, str], body: bytes, timestamp: str) -> None:
        """A plain hash, not an HMAC (github.com/chatwoot/chatwoot app/jobs/webhooks/zalo_events_job.rb), of the bytes
        as they came; the timestamp is the one inside them, which so vouch for it themselves.
        """
        sent = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
        signed = self._app_id.encode() + body + timestamp.encode() + self._secret.encode()
        expected = hashlib.sha256(signed).hexdigest()
        if not hmac.compare_digest(sent.strip().removeprefix("mac=").lower().encode(), expected.encode()):
            raise BadSignature

    def _meaning(self, kind: str, event: "Json") -> list[Incoming]:
        if kind in RECEIPTS:
            return self._receipt(event, seen=RECEIPTS[kind])
        if kind in PASSED_OVER or kind.startswith("oa_send_") or not _is_known(kind):
            IGNORED.labels(kind if kind in PASSED_OVER else "oa_send" if kind.startswith("oa_send_") else "other").inc()
            log.debug("event %.60r passed over", kind)
            return []
        person_id = _id(event, "follower") or _id(event, "sender")
        if not person_id:
            raise ValueError("an event of nobody")
        self._account_id = _word(event.get("oa_id")) or _id(event, "recipient") or self._account_id
        if kind == "unfollow":
            return [Left(self.name, person_id, _moment(event))]
        return list(_updates(kind, person_id, event))

    def _receipt(self, event: "Json", *, seen: bool) -> list[Incoming]:
        """The person is whichever end is not the account; while that is unknown, the recipient of what we sent."""
        ids = _message_ids(event)
        sender, recipient = _id(event, "sender"), _id(event, "recipient")
        person_id = sender if recipient and recipient == self._account_id else recipient
        return [Receipt(self.name, person_id, ids, seen)] if ids and person_id else []

    async def updates(self) -> AsyncIterator[list[Incoming]]:
        """Nothing to poll: the account has only the webhook."""
        nothing: tuple[list[Incoming], ...] = ()
        for incoming in nothing:
            yield incoming

    async def fetch(self, source: str) -> bytes:
        """Bytes behind the address that an event named: from the platform's hosts, at most 20 MiB and 60 s."""
        return await self._downloads.fetch(source)

    async def acknowledge(self, update: Update) -> None:
        """Presses come as typed text; there is nothing to acknowledge."""

    # ------------------------------------------------------------ out

    def carries(self, attachment: Attachment) -> bool:
        """Pictures, and PDF and Word up to 5 MB. A picture to keep must not be made smaller, one to look at may be."""
        if attachment.media_type in IMAGES:
            return attachment.show == "picture" or len(attachment.data) <= MAX_IMAGE_BYTES
        return attachment.media_type in DOCUMENTS and len(attachment.data) <= MAX_FILE_BYTES

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Pictures first, then the text, so that what is asked about them stands below; then files, then the form.

        A message of several parts that failed half way goes on where it stopped when it is tried again (same `key`,
        same process); after a restart it starts anew. What the account can't carry is left out. Where only the money
        for a message is missing (`paid`) it raises WindowClosed: it waits until it is free, and the others go on.
        """
        key = (chat_id, message.key)
        done = self._sent.pop(key, [])
        try:
            for part in self._parts(message)[len(done) :]:
                done.append(await self._deliver(chat_id, part))
        except BaseException as error:  # also when there was no time left for it
            _remember(self._sent, key, done)
            if message.paid and isinstance(error, NoMoneyError):
                log.warning("a message that is charged was not taken: %s", error.why)
                raise WindowClosed(error.why) from None
            raise
        return _together(done, message)

    async def send_template(self, phone: str, template_id: str, data: Mapping[str, str], key: str) -> Sent:
        """A paid message (ZBS, formerly ZNS) to a Vietnamese number, whether or not its owner has ever written.

        `template_id` is of a template that Zalo has approved, `data` its parameters. Nothing calls this unless the
        settings name templates. Unconfirmed: POST https://business.openapi.zalo.me/message/template, whose answer has
        `msg_id` (field-vn src/Core/Channels/OA/Resources/ZbsResource.php and others' code).
        Raises ChannelError; what is refused may be charged all the same (field-vn).
        """
        digits = re.sub(r"\D", "", phone)
        content = {
            "phone": f"84{digits[1:]}" if digits.startswith("0") else digits,
            "template_id": template_id,
            "template_data": dict(data),
            "tracking_id": key,
        }
        try:
            answer = await self._call(self._template_url, content)
        except ExpiredError:  # there the same code says that something went wrong, nobody knows what
            raise Unavailable("error -100") from None
        except NoMoneyError as error:  # what is free goes on
            raise Rejected(error.why) from None
        except Unreachable as error:  # the number has no Zalo, which says nothing of the chat
            raise Rejected(str(error)) from None
        except Throttled as error:
            if not error.alone:
                raise
            raise Rejected("not at night") from None
        except Suspended as error:
            if not any(error.why.endswith(f"(error {code})") for code in OF_TEMPLATES):
                raise
            raise Rejected(error.why) from None
        return Sent((_word(answer.get("msg_id")),), paid=True)

    def _parts(self, message: Outgoing) -> list["Part"]:
        """The messages that one message becomes; raises Rejected when there is nothing in it."""
        carried = [file for file in message.attachments if self.carries(file)]
        if len(carried) < len(message.attachments):
            log.warning("%d attachments can't be sent over Zalo", len(message.attachments) - len(carried))
        texts = [Part("text", text) for text in split_text(message.text, MAX_TEXT_CHARS)]
        if texts and message.buttons:
            texts[-1] = replace(texts[-1], buttons=message.buttons[: self.capabilities.max_buttons])
        parts = [
            *(Part("image", file=file) for file in carried if file.media_type in IMAGES),
            *texts,
            *(Part("file", file=file) for file in carried if file.media_type not in IMAGES),
        ]
        if message.ask_contact and self._form_picture_url:
            parts.append(Part("form", _question(message.text), title=message.ask_contact))
        if not parts:
            raise Rejected("nothing to send")
        return parts

    async def _deliver(self, chat_id: str, part: "Part") -> Sent:
        match part:
            case Part(file=Attachment() as file):
                return await self._attach(chat_id, part.how, file)
            case Part(how="form"):
                return await self._ask(chat_id, part)
        return await self._say(chat_id, part)

    async def _say(self, chat_id: str, part: "Part") -> Sent:
        """Whether buttons are taken here at all is unsettled; the text says the same, so it goes without them."""
        if part.buttons and self._takes_buttons:
            try:
                return await self._message(chat_id, {"text": part.text, "attachment": _buttons(part.buttons)})
            except Rejected:
                sent = await self._message(chat_id, {"text": part.text})
            log.warning("Zalo takes no buttons on these messages: sending without them until the next start")
            self._takes_buttons = False
            return sent
        return await self._message(chat_id, {"text": part.text})

    async def _ask(self, chat_id: str, part: "Part") -> Sent:
        """A card with a form for the phone number; it can be typed as well, so nothing hangs on it."""
        element = {
            "title": part.title[:MAX_TITLE_CHARS],
            "subtitle": (part.text or part.title)[:MAX_SUBTITLE_CHARS],
            "image_url": self._form_picture_url,
        }
        try:
            return await self._message(chat_id, {"attachment": _template("request_user_info", element)})
        except Rejected as error:
            log.warning("the form for a phone number was not taken: %s", error)
            return Sent()

    async def _attach(self, chat_id: str, how: str, file: Attachment) -> Sent:
        """By the id of its upload, which may have expired since."""
        try:
            return await self._message(chat_id, _attachment(how, await self._uploaded(how, file)))
        except ExpiredError:
            self._uploads.pop(_upload_key(file), None)
        return await self._message(chat_id, _attachment(how, await self._uploaded(how, file)))

    async def _uploaded(self, how: str, file: Attachment) -> str:
        """The id under which the platform has the bytes; what went to one person needs no upload for the next."""
        key = _upload_key(file)
        if (known := self._uploads.get(key)) is not None:
            return known
        if how == "image" and len(file.data) > MAX_IMAGE_BYTES:
            file = await asyncio.to_thread(_shrunk, file)
        answer = await self._call(f"{self._api_url}/v2.0/oa/upload/{how}", file)
        found = _word(answer.get("attachment_id")) or _word(answer.get("token"))
        if not found:
            raise Unavailable("an upload without an id")
        _remember(self._uploads, key, found)
        return found

    async def _message(self, chat_id: str, message: "Json") -> Sent:
        url = f"{self._api_url}/v3.0/oa/message/cs"
        data = await self._call(url, {"recipient": {"user_id": chat_id}, "message": message})
        quota = _dict(data, "quota")
        # "reply" is the free one; the others are the package's and what was bought besides
        kind, ids = quota.get("quota_type"), (_word(data.get("message_id")),)
        left = _number(quota.get("remain")) if kind == "reply" else None
        return Sent(tuple(filter(None, ids)), paid=bool(kind) and kind != "reply", quota_left=left)

    async def _call(self, url: str, content: "Json | Attachment") -> "Json":
        """`data` of the answer. A token that is refused is renewed once."""
        token = await self._tokens.token()
        try:
            return await self._once(url, token, content)
        except StaleTokenError:
            token = await self._tokens.renewed(token)
        try:
            return await self._once(url, token, content)
        except StaleTokenError:
            raise Suspended("Zalo refuses the renewed access token, too") from None

    async def _once(self, url: str, token: str, content: "Json | Attachment") -> "Json":
        is_file = isinstance(content, Attachment)
        body = {"data": _multipart(content)} if isinstance(content, Attachment) else {"json": content}
        limit = ClientTimeout(total=UPLOAD_S if is_file else REQUEST_S)
        await self._pace.turn()
        try:
            headers = {"access_token": token}
            async with self._session.opened().post(
                url, headers=headers, timeout=limit, allow_redirects=False, **body
            ) as response:
                answer = _answer(response.status, await response.read())
        except (ClientError, OSError) as error:  # a timeout is an OSError
            raise Unavailable(type(error).__name__) from None
        if code := _number(answer.get("error")):
            refusal = _error(code, _word(answer.get("message")), self._clock())
            if isinstance(refusal, Throttled) and not refusal.alone:
                await self._pace.pause(refusal.retry_after_s)
            raise refusal
        return _dict(answer, "data")

    async def close(self) -> None:
        await self._downloads.close()
        await self._session.close()


def rate_of(calls_per_minute: int) -> Rate:
    """So that no minute has more calls, with those that go at once."""
    burst = max(1, calls_per_minute // BURST_PART)
    return Rate(max(1, calls_per_minute - burst) / 60, burst)


def capabilities(*, buttons: bool, asks_contact: bool) -> Capabilities:
    return Capabilities(
        max_text_chars=MAX_TEXT_CHARS,
        max_buttons=MAX_BUTTONS if buttons else 0,
        max_button_chars=MAX_BUTTON_CHARS,
        max_data_bytes=MAX_PAYLOAD_CHARS,
        receives_files=True,
        asks_contact=asks_contact,
        asks_location=False,
        sends_files=True,
        sends=frozenset({"file", "picture"}),
        numbered=buttons,
        window=WINDOW,
        proof=Proof.RECEIPT,
        patience=PATIENCE,
    )


def _remember(table: dict[Key, Value], key: Key, value: Value) -> None:
    table[key] = value
    if len(table) > REMEMBERED:
        del table[next(iter(table))]


# ---------------------------------------------------------------- what an event means
# Sources differ in where things stand and whether numbers are strings, so everything is looked for, nothing expected.

Json = dict[str, Any]


def _parsed(body: bytes) -> Json:
    """The event, or nothing: what can't be read has no timestamp, so its signature is wrong as well."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _is_known(kind: str) -> bool:
    others = ("follow", "unfollow", "user_send_text", "user_send_location", "user_submit_info")
    return kind in others or kind in WITH_FILE or kind in UNREADABLE


def _updates(kind: str, person_id: str, event: Json) -> list[Update]:
    """What it says, one update each; the words under a picture or film are a text of their own, as on Telegram."""
    message = _dict(event, "message")
    words, moment = _word(message.get("text")), _word(event.get("timestamp"))
    key = short_key(f"{kind}:{_word(message.get('msg_id')) or f'{person_id}:{moment}'}")
    content = _content(kind, event, words, f"{person_id} {key}")
    updates = [
        Update(Zalo.name, key if n == 0 else f"{key}:{n}", person_id, said, source=source)
        for n, (said, source) in enumerate(content)
    ]
    captioned = kind not in ("user_submit_info", "user_send_location") and bool(words.strip())
    if captioned and not any(isinstance(update.event, TextReceived) for update in updates):
        updates.append(Update(Zalo.name, f"{key}c", person_id, TextReceived(words)))
    return updates


def _content(kind: str, event: Json, words: str, seed: str) -> list[tuple[Event, str]]:
    """Events, each with the source of its file."""
    match kind:
        case "follow":
            return [(CommandReceived("start"), "")]
        case "user_send_text" | "user_send_link" if words.strip():  # a text with a link in it comes as a link
            return [(TextReceived(words), "")]
        case "user_submit_info":
            return [(ContactShared(_phone(event), own=True), "")]
        case "user_send_location" if (place := _place(event)) is not None:
            return [(place, "")]
        case _ if kind in WITH_FILE and (payloads := _payloads(event)):
            return [_file(kind, payload, f"{seed} {n}") for n, payload in enumerate(payloads)]
    return [(UnsupportedReceived(UNREADABLE.get(kind, "other")), "")]


def _file(kind: str, payload: Json, seed: str) -> tuple[FileReceived, str]:
    size = max(0, _number(payload.get("size")) or 0)
    name = _word(payload.get("name"))
    suffix = (_word(payload.get("type")) or name.rpartition(".")[2]).lower()
    ref = FileRef(
        id=file_code(seed),
        name=name,
        size_bytes=size,
        is_photo=kind == "user_send_image",
        is_voice=kind == "user_send_audio" or (kind == "user_send_file" and suffix in SOUNDS),
    )
    return FileReceived(ref), _word(payload.get("url")) if size <= MAX_DOWNLOAD_BYTES else ""


def _payloads(event: Json) -> list[Json]:
    """Of the attachments; some mirrors of the documentation show these beside the message."""
    found = _dict(event, "message").get("attachments") or event.get("attachments")
    items = found if isinstance(found, list) else [found]
    return [payload for item in items if isinstance(item, dict) and (payload := _dict(item, "payload"))]


def _place(event: Json) -> LocationShared | None:
    """Degrees, as strings or numbers; `latitude` and `longitude`, or `lat` and `long`."""
    within = [_dict(payload, "coordinates") or payload for payload in _payloads(event)]
    for place in (*within, _dict(_dict(event, "message"), "location")):
        latitude = _degrees(place.get("latitude", place.get("lat")))
        longitude = _degrees(place.get("longitude", place.get("long", place.get("lng"))))
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return LocationShared(latitude, longitude)
    return None


def _degrees(value: object) -> float:
    try:
        return float(value) if isinstance(value, str | int | float) else math.inf
    except (ValueError, OverflowError):
        return math.inf


def _phone(event: Json) -> str:
    """What the person wrote into our form, in international digits. They may change what Zalo fills in: it is a
    number as good as one that is typed, no proof of whose it is.
    """
    message = _dict(event, "message")
    info = _dict(event, "info") or _dict(message, "info") or _parsed(_word(message.get("text")).encode())
    digits = re.sub(r"[^\d+]", "", _word(info.get("phone")))
    return f"+{digits}" if digits.startswith("84") else digits


def _message_ids(event: Json) -> tuple[str, ...]:
    """Of a receipt: one or several; of a template message they stand beside the rest."""
    for place in (_dict(event, "message"), event):
        many = place.get("msg_ids")
        ids = [_word(one) for one in (many if isinstance(many, list) else [place.get("msg_id")])]
        if found := tuple(filter(None, ids)):
            return found
    return ()


def _id(event: Json, end: str) -> str:
    return _word(_dict(event, end).get("id")) or _word(event.get(end))


def _moment(event: Json) -> datetime:
    """Raises ValueError."""
    try:
        return datetime.fromtimestamp(int(_word(event.get("timestamp"))) / 1000, UTC)
    except (OverflowError, OSError):
        raise ValueError("a moment that never comes") from None


def _dict(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    """A text or an id; ids come as numbers, too."""
    if isinstance(value, str):
        return storable(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _number(value: object) -> int | None:
    try:
        return int(_word(value))
    except ValueError:
        return None


# ---------------------------------------------------------------- what a message becomes


@dataclass(frozen=True, slots=True)
class Part:
    """One message of the platform. `how`: text, image, file, form."""

    how: str
    text: str = ""
    file: Attachment | None = None
    buttons: tuple[Button, ...] = ()
    title: str = ""


def _question(text: str) -> str:
    """The first line of the last paragraph: what is asked, without its numbered lines."""
    return text.strip().rpartition("\n\n")[2].partition("\n")[0]


def _buttons(buttons: Sequence[Button]) -> Json:
    """A press types the payload. Without a template_type, as one author saw it taken on 2026-08-19 (unconfirmed)."""
    shown = [{"title": one.label[:MAX_BUTTON_CHARS], "type": "oa.query.show", "payload": one.data} for one in buttons]
    return {"type": "template", "payload": {"buttons": shown}}


def _attachment(how: str, uploaded: str) -> Json:
    if how == "file":
        return {"attachment": {"type": "file", "payload": {"token": uploaded}}}
    return {"attachment": _template("media", {"media_type": "image", "attachment_id": uploaded})}


def _template(kind: str, element: Json) -> Json:
    return {"type": "template", "payload": {"template_type": kind, "elements": [element]}}


def _upload_key(file: Attachment) -> str:
    return hashlib.sha256(file.name.encode() + b"\0" + file.data).hexdigest()


def _shrunk(file: Attachment) -> Attachment:
    """A picture that the platform takes; takes up to seconds of a processor."""
    try:
        for side_px in SHRUNK_SIDES_PX:
            data = normalise_photo(file.data, side_px=side_px)
            if len(data) <= MAX_IMAGE_BYTES:
                return Attachment(f"{file.name.rpartition('.')[0] or file.name}.jpg", "image/jpeg", data, file.show)
    except Refused:
        raise Rejected("a picture that is none") from None
    raise Rejected("a picture that can't be made small enough")


def _multipart(file: Attachment) -> MultipartWriter:
    """The name as browsers write it, in UTF-8: people see it, and few servers read the encodings aiohttp would use."""
    name = safe_name(unicodedata.normalize("NFC", file.name)).replace('"', "'").replace("\\", "") or "file"
    form = MultipartWriter("form-data")
    disposition = f'form-data; name="file"; filename="{name}"'
    form.append(file.data, {"Content-Type": file.media_type, "Content-Disposition": disposition})
    return form


def _together(parts: Sequence[Sent], message: Outgoing) -> Sent:
    ids = tuple(one for part in parts for one in part.ids)
    left = parts[-1].quota_left if parts else None
    paid = any(part.paid for part in parts) or (message.paid and left is None)  # it says itself what was free
    return Sent(ids, paid, left)


# ---------------------------------------------------------------- errors


class StaleTokenError(Exception):
    """The access token is not valid any more."""


class NoMoneyError(Suspended):
    """What is charged does not go out; said of a message that is free, it concerns the whole account."""


class ExpiredError(Rejected):
    """An upload is not there any more; final for the caller who has already sent it anew."""


def _answer(status: int, body: bytes) -> Json:
    """Success is HTTP 200 and `error` 0; anything that does not even say so is the network or the server."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise Rejected(f"HTTP {status}")
    answer = _parsed(body)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or _number(answer.get("error")) is None:
        raise Unavailable(f"HTTP {status}")
    if status != HTTPStatus.OK and not _number(answer["error"]):
        raise Unavailable(f"HTTP {status}")
    return answer


def _error(code: int, message: str, now: datetime) -> ChannelError | StaleTokenError:
    """Without the platform's own words, which may quote the message."""
    trouble = _means(code, message)
    match trouble:
        case Trouble.TOKEN:
            return StaleTokenError()
        case Trouble.RATE:
            return Throttled(max(1.0, 60 - now.timestamp() % 60))
        case Trouble.NIGHT:
            return Throttled(_until_morning_s(now), alone=True)
        case Trouble.CONFIG:
            return (NoMoneyError if code in NO_MONEY else Suspended)(f"{CONFIG[code]} (error {code})")
    if code not in TROUBLES:
        log.error("Zalo answers with error %d, which nobody knows", code)
    kinds: dict[Trouble, type[ChannelError]] = {
        Trouble.WINDOW: WindowClosed,
        Trouble.RECIPIENT: Unreachable,
        Trouble.PASSING: Unavailable,
        Trouble.EXPIRED: ExpiredError,
    }
    return kinds.get(trouble, Rejected)(f"error {code}")


def _means(code: int, message: str) -> Trouble:
    if code == -201 and NEVER_INTERACTED.search(message):
        return Trouble.WINDOW
    return TROUBLES.get(code, Trouble.PAYLOAD)


def _until_morning_s(now: datetime) -> float:
    here = now.astimezone(VIETNAM)
    morning = here.replace(hour=QUIET_UNTIL_HOUR, minute=0, second=0, microsecond=0)
    return (morning if morning > here else morning + timedelta(days=1)).timestamp() - now.timestamp()
