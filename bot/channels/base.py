"""What a channel is: it carries updates in and messages out, and interprets neither.

ChannelError
├── Unavailable      the platform or the network is down: try again later
├── Throttled        too many messages: try again after `retry_after_s`
├── WindowClosed     the platform forbids writing first: wait for the person's next message
├── Unreachable      blocked, deleted, never started: final for this chat
├── Moved            the chat has a new id (`chat_id`): send there
└── Rejected         our own message is wrong: final, a bug
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from dialogs.model import Event, LinkFollowed, OptionChosen


class ChannelError(Exception):
    """A message did not go out; the class says what to do about it."""


class Unavailable(ChannelError):
    pass


class Throttled(ChannelError):
    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s


class WindowClosed(ChannelError):
    pass


class Unreachable(ChannelError):
    pass


class Moved(ChannelError):
    def __init__(self, chat_id: str) -> None:
        super().__init__("the chat has moved")
        self.chat_id = chat_id


class Rejected(ChannelError):
    pass


class BadSignature(Exception):
    """A webhook call that the platform did not sign: answered 401 and counted, never processed."""


class FileUnavailable(ChannelError):
    """The platform will not give the file (too large, expired): final."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and take. 0 buttons: choices are numbered in the text and typed back."""

    max_text_chars: int
    max_buttons: int
    max_button_chars: int
    max_data_bytes: int
    receives_files: bool
    asks_contact: bool
    asks_location: bool
    sends_files: bool


@dataclass(frozen=True, slots=True)
class Update:
    """One thing a person did. `key` is the same each time the platform delivers it; `locale` a hint or "".

    `source` is what `Channel.fetch` needs for the event's file; `ack` what `Channel.acknowledge` needs.
    """

    channel: str
    key: str
    chat_id: str
    event: Event
    locale: str = ""
    source: str = ""
    ack: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """`data` comes back when it is pressed; at most `Capabilities.max_data_bytes` of UTF-8."""

    data: str
    label: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """`show`: a "file" to keep, a "picture" to look at in the chat (a JPEG), or a "voice" to listen to."""

    name: str
    media_type: str
    data: bytes
    show: str = "file"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as the channel shows it: plain text, never markup.

    `unprompted`: nobody asked for it just now (alert, result, reminder). `key` is the same at each try. `takes_voice`:
    a voice note would be an answer, so a channel with a button to record one shows it.
    """

    key: str
    text: str
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    ask_contact: str = ""  # label of the "share my number" button
    ask_location: str = ""
    takes_voice: bool = False
    unprompted: bool = False


class Channel(Protocol):
    name: str
    capabilities: Capabilities

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """Updates of one webhook call; raises BadSignature, ValueError for what is no update at all."""
        ...

    def updates(self) -> AsyncIterator[list[Update]]:
        """Updates by polling; asking for the next list confirms the one before."""
        ...

    async def send(self, chat_id: str, message: Outgoing) -> None:
        """Deliver one message; raises ChannelError."""
        ...

    async def acknowledge(self, update: Update) -> None:
        """Tell the platform that a press was seen; best effort, raises nothing."""
        ...

    async def fetch(self, source: str) -> bytes:
        """Bytes of a received file, at most 20 MiB; raises ChannelError."""
        ...

    async def close(self) -> None: ...


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
