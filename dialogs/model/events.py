"""What happened in a conversation: what somebody typed, chose or sent, and moments that have come."""

from dataclasses import dataclass, field

from dialogs.model.texts import Answers

MAX_FILE_BYTES = 20 * 1024 * 1024
"""What Telegram's cloud lets a bot download (20 MiB), so the limit of every channel."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a channel can fetch: `id` is ours, `size_bytes` 0 where the channel does not say."""

    id: str
    name: str
    size_bytes: int
    is_photo: bool
    is_voice: bool = False


@dataclass(frozen=True, slots=True)
class TextReceived:
    text: str


@dataclass(frozen=True, slots=True)
class OptionChosen:
    """`at` is the question the button stood under; `rest` what was typed after the option's words.

    `number`: by which it was typed, 0 where it was pressed, named or called a line; for a reader that asks what
    a number means.
    """

    at: str
    value: str
    rest: str = ""
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Several options of the present question are meant equally well."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkFollowed:
    """`answers` are given to the draft there; only our own pages set them, never a button."""

    target: str
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Misplaced:
    """An officer typed what means nothing here: a button of another screen, or what sounds like a question."""

    text: str


@dataclass(frozen=True, slots=True)
class NoSuchLine:
    """A number was typed that the newest list, which goes up to `most`, does not have."""

    number: int
    most: int


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A global word or a slash command; `argument` is the rest of the line."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """The person asks instead of answering. `article` answers it ("" = none does); `statement` stood before it."""

    text: str
    article: str
    statement: str = ""


@dataclass(frozen=True, slots=True)
class CaseNamed:
    code: str


@dataclass(frozen=True, slots=True)
class FileReceived:
    file: FileRef


@dataclass(frozen=True, slots=True)
class ContactShared:
    """`own` is true only when the platform vouches that it is the sender's own card."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class LocationShared:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class UnsupportedReceived:
    """Something we can't read. `kind`: sticker, voice (where no file tells more), video, poll, edited, other.

    "hidden": the messenger does not say what it was (a file, where it carries none).
    """

    kind: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A moment agreed on has come, about the draft `subject`.

    `kind` is reminder, files (of an answer), stray (files nobody asked for), leave (one is over) or join (another chat
    asks to be joined, or what became of that: see TellJoin). `turn` is the one it was set in; when the
    conversation (files, stray) or the draft (reminder) has moved on since, it means nothing.
    """

    kind: str
    subject: str
    turn: int


Event = (
    TextReceived
    | OptionChosen
    | Unclear
    | Misplaced
    | NoSuchLine
    | LinkFollowed
    | CommandReceived
    | QuestionAsked
    | CaseNamed
    | FileReceived
    | ContactShared
    | LocationShared
    | UnsupportedReceived
    | TimerFired
)
