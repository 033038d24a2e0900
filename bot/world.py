"""What a turn needs besides the database: languages, handbook, channels' abilities, the calendar, the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot import catalogs
from bot.catalogs import VIETNAM, Catalog
from bot.channels.base import Capabilities
from bot.clock import system_clock
from bot.handbook import Handbook
from bot.render import Listener
from dialogs.model import ArticleHead, Facts, QuizFacts
from dialogs.rules.ruleset import Label
from dialogs.rules.working_days import when_awake

LOCALES = Path(__file__).parent.parent / "locales"

PLAIN = Capabilities(
    max_text_chars=2000,
    max_buttons=0,
    max_button_chars=0,
    max_data_bytes=0,
    receives_files=False,
    asks_contact=False,
    asks_location=False,
    sends_files=False,
    receives_photos=False,
)
"""What every messenger can do; assumed of a channel this process does not know."""


@dataclass(frozen=True)
class World:
    listener: Listener
    channels: Mapping[str, Capabilities]
    clock: Callable[[], datetime] = system_clock
    days_off: frozenset[date] = frozenset()
    quiet_hours: bool = True
    pays: bool = False
    """Whether messages may be sent that a platform takes money for."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Numbers of Zalo's paid templates (ZBS) by kind of message; none of a kind that is not there."""
    public_url: str = ""
    reachable: bool = True
    """Whether phones can open `public_url`; else it is this machine's own address, which goes into no message."""
    retention: Mapping[str, int] = field(default_factory=dict)
    """Days by the name of a rule, where the operator has set other ones (storage.retention)."""
    default_locale: str = "vi"
    secret_key: str = field(default="", repr=False)
    """Of this installation: six digits are kept as a hash with it, as they alone would be guessed from their hash."""
    bot_link: Callable[[str], tuple[str, ...]] = field(default=lambda payload: ())
    """Links that open the bot with a start payload, one for each channel that is on."""

    @classmethod
    def load(cls, channels: Mapping[str, Capabilities], root: Path = LOCALES) -> "World":
        """Raises OSError or HandbookError when the texts are not in order."""
        return cls(Listener(catalogs.load(root), Handbook.load(root)), channels)

    def catalog(self, locale: str) -> Catalog:
        return self.listener.catalogs.get(locale, self.listener.catalogs["vi"])

    def can(self, channel: str) -> Capabilities:
        return self.channels.get(channel, PLAIN)

    def shows(self, channel: str, kind: str) -> bool:
        """Whether attachments of this kind (`Attachment.show`) go out as themselves, if they are not too large."""
        can = self.can(channel)
        return can.shows(kind) and (self.has_https or not can.by_address)

    @property
    def pages(self) -> str:
        """Where people find our pages, for links in messages; "" where they can't."""
        return self.public_url if self.reachable else ""

    @property
    def has_https(self) -> bool:
        """Whether a platform can fetch something from us."""
        return self.pages.startswith("https://")

    def awake_at(self, now: datetime, days_off: frozenset[date]) -> datetime:
        """From when on an officer with these days off may be told what they did not ask for."""
        return when_awake(now, days_off | self.days_off) if self.quiet_hours else now

    def within(self, hours: tuple[int, int] | None, moment: datetime) -> datetime:
        """`moment`, or the next time at which somebody with these hours (minutes of a day) wants to be told."""
        return moment if hours is None else when_awake(moment, self.days_off, *hours)

    def facts(self) -> Facts:
        """What all conversations of this moment share; times in Vietnamese time."""
        now = self.clock().astimezone(VIETNAM)
        vouching = frozenset(name for name, can in self.channels.items() if can.asks_contact)
        on = frozenset(self.channels)
        return Facts(now, articles=self._articles, quiz=self._quiz, channels=on, vouching=vouching)

    def of_channel(self, channel: str) -> dict[str, Any]:
        """Facts that follow from where a conversation takes place."""
        can = self.can(channel)
        return {
            "channel": channel,
            "receives_files": can.receives_files,
            "receives_photos": can.receives_photos,
            "has_pages": bool(self.pages),
            "asks_contact": can.asks_contact,
        }

    def __post_init__(self) -> None:
        book = self.listener.handbook
        heads = tuple(
            ArticleHead(a.id, a.section, Label(a.title, book.article(a.id, "en").title), a.service)
            for section in book.sections
            for a in book.in_section(section, "vi")
        )
        object.__setattr__(self, "_articles", heads)
        object.__setattr__(self, "_quiz", _quiz(book))

    _articles: tuple[ArticleHead, ...] = field(init=False, repr=False, default=())
    _quiz: tuple[QuizFacts, ...] = field(init=False, repr=False, default=())


def _quiz(book: Handbook) -> tuple[QuizFacts, ...]:
    """Both languages of each question side by side."""
    return tuple(
        QuizFacts(
            vi.id,
            Label(vi.question, en.question),
            tuple(Label(*pair) for pair in zip(vi.options, en.options, strict=True)),
            vi.correct,
            Label(vi.explanation, en.explanation),
            vi.article,
        )
        for vi, en in zip(book.quiz("vi"), book.quiz("en"), strict=True)
    )
