"""What is promised of whatever comes from outside, as functions of bytes: each raises where a promise is broken.

The fuzzer (tests/fuzz.py) looks for bytes that do it; tests/test_fuzz.py tries those in tests/corpus every time.
"""

import hashlib
import itertools
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from starlette.exceptions import HTTPException
from yarl import URL

from bot import papers, sounds
from bot.addresses import stopped
from bot.channels import download, push, telegram, web, zalo, zalo_bot
from bot.channels.base import BadSignature, Channel, ChannelError, Incoming, Left, Receipt, Update, option_data, pressed
from bot.channels.download import Downloader, is_public
from bot.channels.telegram import Telegram
from bot.channels.text import split_text, units
from bot.channels.zalo import Zalo
from bot.channels.zalo_bot import ZaloBot
from bot.doctor import SAMPLE_ANSWERS, situations
from bot.render import Composed, compose
from bot.settings import load as load_settings
from bot.web import asked
from dialogs import answers, days, matching, names, places, quantities
from dialogs.codes import CODE, read_code, read_serial
from dialogs.engine import arrive
from dialogs.model import (
    Answer,
    CommandReceived,
    ContactShared,
    Draft,
    Event,
    Facts,
    FileReceived,
    InvalidAnswer,
    OptionChosen,
    Reader,
    State,
    TextReceived,
)
from dialogs.producer.place import province
from dialogs.producer.register_idea import IDEA_ASKS, REGISTER_IDEA
from dialogs.state import dump, load
from dialogs.tree import DIALOGS
from storage import backup, migrate
from storage.models import conversations, updates
from tests.doubles.bot_api import TOKEN
from tests.doubles.zalo_oa import APP_ID, OA_SECRET
from tests.facts import Chat, facts, world
from tests.transcripts import BESIDE, CHANNELS

Target = Callable[[bytes], None]

TODAY = date(2026, 11, 23)
SECRET = "a-secret-of-the-bot"
KEY = "a key for tests of more than 32 characters"
GIVEN = {**SAMPLE_ANSWERS, "product_group": "food"}
STATE_BYTES = 64 * 1024
"""Of a conversation; PostgreSQL and SQLite keep more, but nobody can have said so much at one question."""
SAID_CHARS = 20_000


def number(data: bytes, below: int) -> int:
    """What the first two bytes choose."""
    return int.from_bytes(data[:2]) % below


def written(data: bytes) -> str:
    return data.decode("utf-8", "ignore")


# ---------------------------------------------------------------- what people type

PLACE_CHARS = 200
HOME = "15"
"""Lào Cai."""
READERS: tuple[Reader, ...] = (
    answers.text(80),
    answers.text(80, name=True),
    answers.phone(),
    quantities.quantity(),
    answers.location(),
    answers.one_of(quantities.UNIT_OPTIONS, other=20),
    quantities.unit_of_quantity(quantities.UNIT_OPTIONS, other=20),
    quantities.period_of_quantity(quantities.PERIOD_OPTIONS),
    answers.some_of(quantities.UNIT_OPTIONS),
    answers.photos(3, pages=True),
    names.own_name(80),
    names.product_name(80),
)
standing_facts = cache(facts)


def read_answers(data: bytes) -> None:
    """An answer or a reason; what was kept can be kept and said, and read as it is shown it is the same."""
    reader, typed, known = READERS[number(data, len(READERS))], written(data[2:]), standing_facts()
    for event in (TextReceived(typed), ContactShared(typed, own=True), OptionChosen("", typed)):
        answer = read_or_refused(reader, event, known)
        if answer is None:
            continue
        assert len(answer.value) <= max(len(typed), 80)
        if not answer.complete or not answer.value:
            continue
        assert reader.holds(answer.value, answer.also, known), (typed, answer)
        shown = said(reader.show(answer.value, answer.also, known))
        if isinstance(reader, answers.text | answers.phone | quantities.quantity):
            again = reader.read(TextReceived(shown), {}, known, "")
            assert again.value == answer.value, (typed, shown, answer.value, again.value)


def read_or_refused(reader: Reader, event: Event, known: Facts) -> Answer | None:
    try:
        return reader.read(event, {}, known, "")
    except InvalidAnswer as error:
        reason = said(error.text)
    assert 0 < len(reason) < SAID_CHARS
    return None


def said(words: Any) -> str:
    for catalog in world().listener.catalogs.values():
        words_of_one = catalog.say(words)
    return str(words_of_one)


def match_words(data: bytes) -> None:
    """Folding is final, and what is matched is one of the choices."""
    typed, _, offered = written(data).partition("\n")
    choices = [tuple(line.split("|")) for line in offered.split("\n")[:20]]
    folded = matching.fold(typed)
    assert matching.fold(folded) == folded
    assert len(folded) <= 2 * matching.MAX_CHARS
    for form in matching.forms(typed):
        assert form
    for found in (matching.match(typed, choices), matching.same(typed, choices)):
        assert {*found.close, *([] if found.exact is None else [found.exact])} <= {*range(len(choices))}
    matching.question_strength(typed)
    matching.split_question(typed)
    matching.without_call(typed)
    chosen = matching.number(typed)
    assert chosen is None or abs(chosen) < 10**6


def find_places(data: bytes) -> None:
    """What is found is on the map, within the province where one is known; a province is one or none."""
    known, typed = standing_facts(), written(data)[:PLACE_CHARS]
    for within in (None, HOME):
        for hit in places.find_communes(typed, within):
            assert places.commune(hit.commune.code) is hit.commune
            assert within in (None, hit.commune.province_code)
    places.find_within(typed)
    read_or_refused(province(), TextReceived(typed), known)


def read_days(data: bytes) -> None:
    """The last day is never before the first; a day without a year is none of the past."""
    typed = written(data)
    first, last = days.period_in(typed, TODAY)
    assert first is None or last is None or first <= last, (typed, first, last)
    if not any(part in typed for part in map(str, range(10))):
        assert all(day is None or day >= TODAY for day in (first, last)), (typed, first, last)
    if first is not None:
        assert days.day_in(first.isoformat(), TODAY) == first


def read_codes(data: bytes) -> None:
    """A code as receipts have it, or nothing; read again it is the same."""
    typed = written(data)
    code = read_code(typed)
    assert not code or (CODE.fullmatch(code) and read_code(code) == code), (typed, code)
    serial = read_serial(typed)
    assert not serial or (serial.isascii() and serial.isdigit())


# ---------------------------------------------------------------- a whole turn


@cache
def standing() -> tuple[tuple[Facts, State], ...]:
    """People at the first question of every dialog they may be in, and at each of the form of an idea.

    Loads, with that, what a process loads once: no input is to be blamed for it.
    """
    found: dict[str, tuple[Facts, State]] = {}
    for situation in situations(world().facts()):
        for name, code in itertools.product(DIALOGS.by_name, ("", *situation.codes)):
            if name not in found:
                begun = replace(situation.begun, at=f"{name}.{code}/" if code else f"{name}/")
                state, _ = arrive(DIALOGS, begun, situation.facts)
                found.setdefault(state.key.partition(".")[0], (situation.facts, state))
    telegram._aiogram()
    return (*(found[name] for name in sorted(found)), *forms())


def forms() -> Iterator[tuple[Facts, State]]:
    """The form of an idea, answered up to each of its questions."""
    for n, ask in enumerate(IDEA_ASKS):
        given = {done.name: GIVEN[done.name] for done in IDEA_ASKS[:n] if done.name in GIVEN}
        draft = Draft(given, version=REGISTER_IDEA.version)
        state, _ = arrive(DIALOGS, State(f"register_idea.1/{ask.name}", {"register_idea.1": draft}), facts())
        yield facts(), state


def talk(data: bytes) -> None:
    """Anything typed, line by line, or followed as a link, at any question: an answer comes that fits every channel."""
    places_ = standing()
    known, state = places_[number(data, len(places_))]
    here = Chat(known, state)
    for line in written(data[2:]).split("\r")[:4]:
        here.turn(as_event(line))
        assert here.quiet or here.said[-1].texts or here.said[-1].options
        can_be_shown(here)
        kept = dump(here.state)
        assert len(json.dumps(kept)) < STATE_BYTES
        assert load(json.loads(json.dumps(kept))) == here.state


def as_event(line: str) -> Event:
    """A line that begins with a control character is a button or a payload, others are typed."""
    match line[:1]:
        case "\x01":
            return pressed(line[1:])
        case "\x02":
            return CommandReceived("start", line[1:])
        case "\x03":
            return ContactShared(line[1:], own=True)
    return TextReceived(line)


def can_be_shown(here: Chat) -> None:
    """Within what each channel takes, and without a trace of our own placeholders."""
    for can in (*CHANNELS.values(), *BESIDE.values()):
        composed = compose(here.said, world().catalog("vi"), can)
        assert len(composed.text) < SAID_CHARS
        fits(composed, can)
        pieces = split_text(composed.text, can.max_text_chars)
        assert all(0 < units(piece) <= can.max_text_chars for piece in pieces)


def fits(composed: Composed, can: Any) -> None:
    assert len(composed.buttons) <= can.max_buttons
    for button in composed.buttons:
        assert len(button.label) > 0
        assert len(button.data.encode()) <= can.max_data_bytes


def read_states(data: bytes) -> None:
    """Whatever is stored is a state, and stays the same one."""
    with suppress(ValueError, RecursionError):
        stored = json.loads(data)
        if isinstance(stored, dict):
            state = load(stored)
            assert load(json.loads(json.dumps(dump(state)))) == state


def press(data: bytes) -> None:
    """Button data is read as it was made."""
    at, _, value = written(data).partition("\n")
    if ":" not in at:
        assert pressed(option_data(at, value)) == OptionChosen(at, value)


def cut(data: bytes) -> None:
    """Nothing but blanks is lost, and no piece is too long."""
    limit, text = 20 + number(data, 4000), written(data[2:])
    pieces = split_text(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < units(piece) <= limit for piece in pieces)


# ---------------------------------------------------------------- what platforms post

THEN = datetime.fromtimestamp(1766600000, UTC)
"""The moment of the recorded events of Zalo."""
_CHAT_ID_CHARS: int = conversations.c.chat_id.type.length  # type: ignore[attr-defined]  # a String has one
_KEY_CHARS: int = updates.c.key.type.length  # type: ignore[attr-defined]


class _Tokens:
    """Reading needs none."""

    async def token(self) -> str:
        raise NotImplementedError

    async def renewed(self, stale: str) -> str:
        raise NotImplementedError


@cache
def platforms() -> tuple[Telegram, Zalo, ZaloBot]:
    return (
        Telegram(TOKEN, secret_token=SECRET),
        Zalo(APP_ID, OA_SECRET, _Tokens(), clock=lambda: THEN),
        ZaloBot("1:a", secret_token=SECRET),
    )


def read_telegram(data: bytes) -> None:
    """By webhook and by polling: updates that can be kept, or a refusal."""
    reader, _, _ = platforms()
    with suppress(ValueError, RecursionError):
        can_be_kept(reader.read({telegram.SECRET_HEADER: SECRET}, data))
    with suppress(ValueError, RecursionError):
        polled = json.loads(data)
        if isinstance(polled, dict):
            can_be_kept(telegram._words(polled) or telegram._aiogram().updates_of(polled))


def read_zalo(data: bytes) -> None:
    """As `read_telegram`; the moment that is signed stands in the body."""
    _, reader, _ = platforms()
    moment: object = ""
    with suppress(ValueError, RecursionError):
        event = json.loads(data)
        moment = event.get("timestamp") if isinstance(event, dict) else ""
    said = zalo._word(moment).encode()
    signed = hashlib.sha256(APP_ID.encode() + data + said + OA_SECRET.encode()).hexdigest()
    with suppress(ValueError, RecursionError, BadSignature):
        can_be_kept(reader.read({zalo.SIGNATURE_HEADER: f"mac={signed}"}, data))


def read_zalo_bot(data: bytes) -> None:
    """By webhook, and what an answer to polling holds."""
    _, _, reader = platforms()
    with suppress(ValueError, RecursionError):
        can_be_kept(reader.read({zalo_bot.SECRET_HEADER: SECRET}, data))
    with suppress(ValueError, RecursionError, zalo_bot.Refused):
        can_be_kept(zalo_bot.updates_of(zalo_bot._result(200, data)))


def read_web(data: bytes) -> None:
    """What the chat page posts, and what its service worker reports: an event, or 400."""
    with suppress(ValueError, RecursionError, HTTPException):
        posted = json.loads(data)
        if not isinstance(posted, dict):
            return
        key, event, shown = asked.spoken(posted)
        can_be_kept([Update(web.Web.name, f"{'0' * 32}:{key}", "0" * 32, event)])
        storable(shown)
        return
    with suppress(ValueError, RecursionError):
        posted = json.loads(data)
        if isinstance(posted, dict):
            browser = push.subscription(posted, ())
            assert URL(browser.endpoint).scheme == "https"


def can_be_kept(incoming: Iterable[Incoming]) -> None:
    """By PostgreSQL as by SQLite: its columns have a length, its texts no NUL and no half character."""
    for one in incoming:
        storable(one.chat_id)
        match one:
            case Update():
                storable(one.key, one.source, one.locale, *words_of(one.event))
                assert 0 < len(one.key) <= _KEY_CHARS
                assert 0 < len(one.chat_id) <= _CHAT_ID_CHARS
            case Receipt():
                storable(*one.ids)
            case Left():
                assert one.at.tzinfo is not None


def storable(*texts: str) -> None:
    for text in texts:
        assert "\0" not in text, ascii(text)
        text.encode()


def words_of(event: Event) -> Iterator[str]:
    match event:
        case FileReceived(file):
            yield from (file.id, file.name)
            assert file.size_bytes >= 0
        case _:
            for name in getattr(event, "__dataclass_fields__", {}):
                value = getattr(event, name)
                if isinstance(value, str):
                    yield value
                elif isinstance(value, float):
                    assert math.isfinite(value)
                elif isinstance(value, Mapping):
                    yield from map(str, value.values())


def signatures(data: bytes) -> None:
    """Who does not know the secret is nobody, whatever they send beside it."""
    head, _, body = data.partition(b"\n")
    sent = head.decode("latin-1")
    names = (telegram.SECRET_HEADER, zalo.SIGNATURE_HEADER, zalo_bot.SECRET_HEADER)
    channels: Sequence[Channel] = platforms()
    for reader, name in zip(channels, names, strict=True):
        if sent == SECRET:
            continue
        for headers in ({name: sent}, {name.title(): sent}, {}):
            try:
                reader.read(headers, body)
            except BadSignature:
                continue
            raise AssertionError(f"{name} was believed")
    assert stopped(KEY, sent) is None
    with suppress(BadData):
        URLSafeSerializer(KEY, salt="chat").loads(sent)
        raise AssertionError("a cookie was believed")


# ---------------------------------------------------------------- addresses

HOSTS = ("zdn.vn", "dlfl.vn", "zadn.vn")


def addresses(data: bytes) -> None:
    """Only the platform's own hosts are asked, over https, and no address inside a network is public."""
    named = written(data)
    downloader = Downloader(HOSTS)
    with suppress(ChannelError, ValueError):
        url = download._parsed(named)
        downloader._check(url)
        assert url.scheme == "https"
        assert url.port == 443
        assert any(f".{url.raw_host}".lower().endswith(f".{host}") for host in HOSTS), named
    if is_public(named):
        assert not any(part in named for part in ("127.0.0.1", "169.254.", "::1%"))


# ---------------------------------------------------------------- files


def inspect(data: bytes) -> None:
    """Any file is taken or refused; what was taken can be shown, within its size."""
    with suppress(papers.Refused):
        found = papers.inspect(data)
        if found.kind in papers.IMAGES:
            assert found.width_px * found.height_px <= papers.MAX_PIXELS
            assert papers.inspect(papers.normalise_photo(data)).kind is papers.Kind.JPEG
        elif found.kind is papers.Kind.PDF and found.pages:
            papers.thumbnail(data, side_px=64)


def listen(data: bytes) -> None:
    """Any recording is taken or refused."""
    with suppress(papers.Refused):
        found = papers.inspect(data, voice=True)
        assert sounds.seconds(sounds.Sound(found.kind), data) <= sounds.MAX_SECONDS


def name(data: bytes) -> None:
    """A name is no path, has an end, and is the same when it is cleaned again."""
    for given in (written(data), data.decode("utf-8", "surrogateescape")):
        shown = papers.safe_name(given)
        storable(shown)
        assert len(shown) <= papers.SAFE_NAME_CHARS
        assert not {"/", "\\", "\0", "\n"} & {*shown}
        assert shown not in (".", "..")
        assert papers.safe_name(shown) == shown, (shown, papers.safe_name(shown))


# ---------------------------------------------------------------- what an operator gives


@cache
def scratch() -> tempfile.TemporaryDirectory[str]:
    """Gone with the process that asked first."""
    return tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)


def manifest(data: bytes) -> None:
    """A folder is a backup of this release, or is said to be none."""
    folder = Path(scratch().name)
    (folder / backup.MANIFEST).write_bytes(data.replace(b"(newest)", migrate.newest().encode()))
    with suppress(backup.NotRestorable):
        found = backup._manifest(folder)
        assert found.migration == migrate.newest()


def settings(data: bytes) -> None:
    """A file of settings is taken, or refused in one line that repeats no value."""
    file = Path(scratch().name) / "env"
    file.write_bytes(data)
    complaint = ""
    try:
        assert load_settings(file).database_url_shown
    except SystemExit as refused:
        complaint = str(refused)
    assert "\n" not in complaint
    assert "s3cret" not in complaint


TARGETS: Mapping[str, Target] = {
    "answers": read_answers,
    "matching": match_words,
    "places": find_places,
    "days": read_days,
    "codes": read_codes,
    "talk": talk,
    "states": read_states,
    "press": press,
    "cut": cut,
    "telegram": read_telegram,
    "zalo": read_zalo,
    "zalo_bot": read_zalo_bot,
    "web": read_web,
    "signatures": signatures,
    "addresses": addresses,
    "inspect": inspect,
    "listen": listen,
    "name": name,
    "manifest": manifest,
    "settings": settings,
}
