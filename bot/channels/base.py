"""What a channel is: it carries updates in and messages out, and interprets neither.

ChannelError
├── Unavailable      the platform or the network is down: try again later
├── Throttled        too many messages: try again after `retry_after_s`
├── WindowClosed     the platform forbids writing first: wait for the person's next message
├── Unreachable      blocked, deleted, never started: final for this chat
├── Moved            the chat has a new id (`chat_id`): send there
├── Suspended        the whole channel is not in order (token, package, money): a person has to see to it
└── Rejected         our own message is wrong: final, a bug
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from dialogs.model import Event, LinkFollowed, OptionChosen


class ChannelError(Exception):
    """A message did not go out; the class says what to do about it."""


class Unavailable(ChannelError):
    pass


LONGEST_PAUSE_S = 86_400.0


class Throttled(ChannelError):
    """`alone`: only this message has to wait; others may go. Whoever says "in a year" is asked tomorrow."""

    def __init__(self, retry_after_s: float, *, alone: bool = False) -> None:
        super().__init__(f"retry after {retry_after_s} s")
        self.retry_after_s, self.alone = min(retry_after_s, LONGEST_PAUSE_S), alone


class WindowClosed(ChannelError):
    pass


class Unreachable(ChannelError):
    pass


class Moved(ChannelError):
    def __init__(self, chat_id: str) -> None:
        super().__init__("the chat has moved")
        self.chat_id = chat_id


class Suspended(ChannelError):
    """Nothing goes out over this channel until somebody acts; `why` names the case for the alarm, without secrets."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Rejected(ChannelError):
    pass


class BadSignature(Exception):
    """A webhook call that the platform did not sign: answered 401 and counted, never processed."""


class FileUnavailable(ChannelError):
    """The platform will not give the file (too large, expired): final."""


class Proof(StrEnum):
    """What a channel tells about a message it took."""

    TAKEN = "taken"  # no more than that: taken counts as delivered
    RECEIPT = "receipt"  # says later that it arrived, or was seen
    FETCHED = "fetched"  # lies there until somebody looks


@dataclass(frozen=True, slots=True)
class Window:
    """How long after a person's last message a platform lets us write first: free of charge, then paid, then not."""

    free: timedelta
    paid: timedelta

    def cost(self, silent_for: timedelta, quota_left: int | None, *, pays: bool) -> str | None:
        """What a message costs now that nobody asked for: "free" or "paid"; None where it may not be sent."""
        if silent_for <= self.free and quota_left != 0:
            return "free"
        return "paid" if pays and silent_for <= self.paid else None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and take. 0 buttons: choices are numbered in the text and typed back.

    `numbered`: buttons are only a decoration, whose press comes back as typed text, so choices are numbered all the
    same. `receives_photos`: also where no other files come through. `sends`: which attachments (by `Attachment.show`)
    go out as themselves; None: all, or without `sends_files` none. The others go as web links. `by_address`: they are
    named by a public https address, from which the platform takes them. `patience`: how long to wait for the proof
    before a message that nobody asked for is tried another way. `spacing`: what lies between two such in one chat.
    """

    max_text_chars: int
    max_buttons: int
    max_button_chars: int
    max_data_bytes: int
    receives_files: bool
    asks_contact: bool
    asks_location: bool
    sends_files: bool
    receives_photos: bool = True
    sends: frozenset[str] | None = None
    by_address: bool = False
    numbered: bool = False
    converses: bool = True  # False: it only tells (e-mail, push), nobody can answer there
    window: Window | None = None
    proof: Proof = Proof.TAKEN
    patience: timedelta = timedelta(0)
    spacing: timedelta = timedelta(0)

    def shows(self, kind: str) -> bool:
        """Whether attachments of this kind ("file", "picture", "voice") go out as themselves, if not too large."""
        return self.sends_files if self.sends is None else kind in self.sends


MAX_ID_CHARS = 80
"""Of chats and of update keys, as our tables keep them."""


@dataclass(frozen=True, slots=True)
class Update:
    """One thing a person did. `key` is the same each time the platform delivers it; `locale` a hint or "".

    `source` is what `Channel.fetch` needs for the event's file; `ack` what `Channel.acknowledge` needs. `arrived_at`:
    when it came to this process, from where it may have to wait for its turn; None: its turn came at once. Raises
    ValueError for a key or a chat that our tables have no room for: it could never be committed.
    """

    channel: str
    key: str
    chat_id: str
    event: Event
    locale: str = ""
    source: str = ""
    ack: str = ""
    arrived_at: datetime | None = None

    def __post_init__(self) -> None:
        if not (0 < len(self.key) <= MAX_ID_CHARS and 0 < len(self.chat_id) <= MAX_ID_CHARS):
            raise ValueError("an id that is none")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform says of messages of ours (its own ids, as `Sent.ids`) that they arrived, or were seen."""

    channel: str
    chat_id: str
    ids: tuple[str, ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A person closed the chat at this moment: nothing may be sent there until they write again."""

    channel: str
    chat_id: str
    at: datetime


Incoming = Update | Receipt | Left


@dataclass(frozen=True, slots=True)
class Sent:
    """What the platform said of a message it took: its own ids, and whether it costs.

    `quota_left`: how many more are free in this chat until the person writes again; None: it does not say.
    """

    ids: tuple[str, ...] = ()
    paid: bool = False
    quota_left: int | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`data` comes back when it is pressed; at most `Capabilities.max_data_bytes` of UTF-8."""

    data: str
    label: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """`show`: a "file" to keep, a "picture" to look at in the chat (a JPEG), or a "voice" to listen to.

    `url`: where the platform may fetch it, for a channel that takes attachments `by_address`.
    """

    name: str
    media_type: str
    data: bytes
    show: str = "file"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as the channel shows it: plain text, never markup.

    `unprompted`: nobody asked for it just now (alert, result, reminder). `key` is the same at each try. `takes_voice`:
    a voice note would be an answer, so a channel with a button to record one shows it. `paid`: it may cost.
    """

    key: str
    text: str
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    ask_contact: str = ""  # label of the "share my number" button
    ask_location: str = ""
    takes_voice: bool = False
    unprompted: bool = False
    paid: bool = False


class Channel(Protocol):
    name: str
    capabilities: Capabilities

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Incoming]:
        """What one webhook call says; raises BadSignature, ValueError for what is no update at all."""
        ...

    def updates(self) -> AsyncIterator[Sequence[Incoming]]:
        """The same by polling; asking for the next list confirms the one before."""
        ...

    def carries(self, attachment: Attachment) -> bool:
        """Whether it goes out as itself; what does not becomes a web link in the text before `send` is called."""
        ...

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Deliver one message; raises ChannelError."""
        ...

    async def acknowledge(self, update: Update) -> None:
        """Tell the platform that a press was seen; best effort, raises nothing."""
        ...

    async def fetch(self, source: str) -> bytes:
        """Bytes of a received file, at most 20 MiB; raises ChannelError."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SendsTemplates(Protocol):
    """A channel that can also send a paid template to a phone number."""

    async def send_template(self, phone: str, template_id: str, data: Mapping[str, str], key: str) -> Sent:
        """Raises ChannelError."""
        ...


OPTION, LINK = "o", "l"


def option_data(at: str, value: str) -> str:
    """Button data of an option: "o:<question address>:<value>"."""
    return f"{OPTION}:{at}:{value}"


def link_data(target: str) -> str:
    return f"{LINK}:{target}"


def pressed(data: str) -> Event:
    """The event behind button data; data we never made is a press of nothing, which the engine answers."""
    kind, _, rest = data.partition(":")
    if kind == LINK:
        return LinkFollowed(rest)
    at, _, value = rest.partition(":")
    return OptionChosen(at, value)
