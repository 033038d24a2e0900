"""`compose`: what was said -> what a channel can show. `recognise`: what was typed -> what was meant.

They mirror each other: whatever `compose` offers, as a button or as a number, `recognise` understands when typed.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import NamedTuple

from bot.catalogs import Catalog
from bot.channels.base import Button, Capabilities, link_data, option_data, pressed
from bot.handbook import ENOUGH, Handbook, plain
from dialogs.answers import DONE, clean
from dialogs.codes import CODE, read_code, read_serial
from dialogs.engine import KEEP, SKIP, VERBATIM
from dialogs.matching import (
    LAST,
    contradicts,
    expand,
    fold,
    forms,
    marked_words,
    match,
    names_line,
    number,
    question_strength,
    same,
    spelling,
    split_question,
    without_call,
)
from dialogs.model import (
    N_,
    CaseNamed,
    CommandReceived,
    Event,
    Link,
    LinkFollowed,
    Misplaced,
    NoSuchLine,
    Option,
    OptionChosen,
    QuestionAsked,
    Sayable,
    SendMessage,
    Text,
    TextReceived,
    Unclear,
    UnsupportedReceived,
)
from dialogs.officer.assisted import both_codes
from dialogs.pausing import pauses
from dialogs.places import commune_by_prefix
from dialogs.words import COMMANDS, DESK, ELSEWHERE, GO_ON, INTENTS, LEAVE, TAKE_REST, TALK, WISHES, YES

MAX_ARGUMENT_CHARS = 200
MAX_TYPED_CHARS = 8_000
"""Longer texts are cut before anything is done with them; no question takes more than a thousand."""
STORY_CHARS = 400
"""Longer texts are told, not chosen: they are compared with no option and no command."""
_ANSWERS_ALONE = frozenset({DONE, KEEP, SKIP})
"""Of a question that takes several choices, what is an answer by itself."""
_LONGEST_PHRASE_WORDS = 8
_LONGEST_LABEL_CHARS = 40
_PASTED = re.compile(r"(?:https?://\S+(?:/start/|[?&]start=))?([ih]-[\w-]{16,48}|c-\d{5})")
"""An invitation or a commune's link, pasted into the chat of a messenger whose own links carry no payload (Zalo)."""
_PASTED_AMONG_WORDS = re.compile(
    r"(?:https?://\S+(?:/start/|[?&]start=)|(?<!\S)(?=[ih]-))([ih]-[\w-]{16,48}|c-\d{5})(?![\w-])"
)
"""With what whoever passed it on had written around it."""
_LINE_OF_A_LIST = re.compile(r"(?:nhan|mo|take|open) (\w{4,6})")
"""Folded; a line of the inbox, typed when a newer list stands below it."""
_SEARCH = re.compile(r"(?:tim|find|search)(?: (?:kiem|giup|cho toi|for))?(?: (?:ho so|case))?(?= |$)")
"""Folded; what is looked for follows."""
_LISTS = ("desk", "find")
"""Dialogs that show cases, and take what is typed for words to look for."""
_NO_LIST_IS_SO_LONG = 100
_BEING_READ = 32
"""What is remembered of typed texts, each of which is looked at in several ways."""
SURE = 57
"""Handbook score from which a text with question words, but no question mark, counts as a question in a form.

Of 24 such questions 21 reach it and the next has 55; of 46 descriptions and names that hold such words
("Ở đâu có chợ thì bán") the highest has 54 (tests/test_render.py).
"""

# ---------------------------------------------------------------- out


class Line(NamedTuple):
    """A line of a numbered list: `data` is what its button would carry. Number 0: only its words are understood."""

    number: int
    data: str
    label: str


@dataclass(frozen=True, slots=True)
class Composed:
    """One message in a language, for one kind of channel; the outbox keeps it as JSON.

    `listed` are the choices where they are typed back: the last lines of the text.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    listed: tuple[Line, ...] = ()
    ask_contact: str = ""
    ask_location: str = ""
    takes_voice: bool = False


def compose(said: Sequence[SendMessage | str], catalog: Catalog, can: Capabilities, above: int = 0) -> Composed:
    """All that is said in one turn as one message: on a weak network one arrives whole, or not at all.

    `str` items are texts that are already in the person's language (articles). `above`: the last number of a list that
    stands above and is still to be answered, where choices are typed back; this message's list goes on from there.
    """
    messages = [item for item in said if isinstance(item, SendMessage)]
    last = messages[-1] if messages else SendMessage(())
    blocks = [block for item in said if (block := _block(item, catalog, can))]
    listed = _listed(messages, catalog, above) if types_back(can) else ()
    text = "\n".join(filter(None, ("\n\n".join(blocks), list_text(listed, catalog))))
    buttons = _decoration(listed, can) if types_back(can) else _buttons_of(messages, catalog, can)
    contact = catalog.say(SHARE_NUMBER) if last.ask_contact and can.asks_contact else ""
    place = catalog.say(SHARE_PLACE) if last.ask_location and can.asks_location else ""
    return Composed(text, buttons, listed, contact, place, last.takes_voice and can.receives_files)


SHARE_NUMBER = Text(N_("Share my number"))
SHARE_PLACE = Text(N_("Share my place"))


def types_back(can: Capabilities) -> bool:
    """Whether people answer a choice by typing: there are no buttons, or they are only a decoration."""
    return can.numbered or not can.max_buttons


def _block(item: SendMessage | str, catalog: Catalog, can: Capabilities) -> str:
    if isinstance(item, str):
        return item
    lines = [catalog.say(text) for text in item.texts]
    if item.options and not types_back(can) and not _labels_fit(item, catalog, can):
        lines += [f"{n}. {catalog.say(option.label)}" for n, option in enumerate(item.options, 1)]
    return "\n".join(lines)


# lists that are typed back


def _listed(messages: Sequence[SendMessage], catalog: Catalog, above: int) -> tuple[Line, ...]:
    """All choices of a message as one list: the question's own, whose numbers people remember, then what else to open.

    Where the question takes a number "1" is an amount, so its message has no numbers.
    """
    options = [(option_data(m.at, option.value), catalog.say(option.label)) for m in messages for option in m.options]
    labels = {label for _, label in options}
    links = {link_data(link.target): link for message in messages for link in message.links}
    further = [(data, label) for data, label in _told_apart(links, catalog) if label not in labels]
    numbered = not any(message.takes == "number" for message in messages)
    return tuple(Line(n if numbered else 0, *choice) for n, choice in enumerate((*options, *further), above + 1))


def _told_apart(links: Mapping[str, Link], catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Links by their data, with labels; of two that read alike each says which it is."""
    labels = {data: catalog.say(link.label) for data, link in links.items()}
    for data, link in links.items():
        alike = sum(label == labels[data] for label in labels.values()) > 1
        yield data, f"{labels[data]} {link.typed}" if alike and link.typed else labels[data]


def list_text(listed: Sequence[Line], catalog: Catalog) -> str:
    """The lines as they stand at the end of a message."""
    return "\n".join(
        f"{line.number}. {line.label}" if line.number else catalog.say(_to_type(line.label)) for line in listed
    )


def _to_type(label: str) -> Text:
    return Text(N_("Or type “%(typed)s”."), {"typed": label[:1].lower() + label[1:]})


def _decoration(listed: Sequence[Line], can: Capabilities) -> tuple[Button, ...]:
    """Buttons that say their label as if it had been typed, all or none of them.

    Not the number: a button under an old message would answer whatever list is the newest when it is pressed.
    """
    if len(listed) > can.max_buttons or any(len(line.label) > can.max_button_chars for line in listed):
        return ()
    return tuple(Button(line.label, line.label) for line in listed)


# buttons


def _buttons_of(messages: Sequence[SendMessage], catalog: Catalog, can: Capabilities) -> tuple[Button, ...]:
    return _once([button for message in messages for button in _buttons(message, catalog, can)])


def _labels_fit(item: SendMessage, catalog: Catalog, can: Capabilities) -> bool:
    """Whether every label fits a button; otherwise the labels are numbered lines and the buttons carry numbers."""
    return all(len(catalog.say(option.label)) <= can.max_button_chars for option in item.options)


def _buttons(item: SendMessage, catalog: Catalog, can: Capabilities) -> Iterator[Button]:
    labelled = _labels_fit(item, catalog, can)
    for n, option in enumerate(item.options, 1):
        yield Button(option_data(item.at, option.value), catalog.say(option.label) if labelled else str(n))
    for link in item.links:
        yield Button(link_data(link.target), catalog.say(link.label)[: can.max_button_chars])


def _once(buttons: Sequence[Button]) -> tuple[Button, ...]:
    """Of a link and an option that say the same only the link: it works at any time."""
    linked = {button.label: button for button in buttons if isinstance(pressed(button.data), LinkFollowed)}
    return tuple(button for button in buttons if linked.get(button.label, button) is button)


def article_text(handbook: Handbook, article_id: str, catalog: Catalog) -> str:
    """An article as chat text: title, body, and what it rests on."""
    article = handbook.article(article_id, catalog.locale)
    source = Text(N_("(Source: %(source)s)"), {"source": article.legal_basis})
    return f"{article.title}\n{plain(article.body)}\n{catalog.say(source)}"


# ---------------------------------------------------------------- in


@dataclass(frozen=True, slots=True)
class Listener:
    """What is needed to understand typed text: the languages and the handbook."""

    catalogs: Mapping[str, Catalog]
    handbook: Handbook

    def recognise(self, event: Event, asked: SendMessage, locale: str, listed: Sequence[Line] = ()) -> Event:
        """The meaning of a typed text where the question `asked` stands; other events mean themselves.

        `listed` is the newest list in the chat: a number answers that one, whatever else is asked.
        """
        if isinstance(event, CommandReceived):  # what stands behind "/start" is as strange as any other text
            if event.name == "start" and CODE.fullmatch(event.argument):  # from the QR code of a bound dossier
                return CaseNamed(event.argument)
            return CommandReceived(event.name, clean(event.argument[:MAX_ARGUMENT_CHARS]))
        if not isinstance(event, TextReceived):
            return event
        typed = clean(unicodedata.normalize("NFC", event.text[:MAX_TYPED_CHARS]))
        if not any(char.isalnum() for char in typed) and "?" not in typed:
            return UnsupportedReceived("sticker")
        among_words = asked.takes != VERBATIM and len(typed) <= STORY_CHARS
        if opened := _PASTED.fullmatch(typed) or (among_words and _PASTED_AMONG_WORDS.search(typed)):
            return CommandReceived("start", opened[1])
        if typed_codes := _confirmation(typed):
            return CommandReceived("confirm", typed_codes)
        if digits := _joining(typed):
            return CommandReceived("join", digits)
        if (line := _line_typed(typed, asked, listed)) is not None:
            return line
        if (named := _code_alone(typed)) is not None:
            return self._choice_of(named, typed, asked)
        if asked.takes == VERBATIM:
            return (
                _slash(typed)
                or self._answer(typed, asked)
                or _command(typed)
                or _pause(typed, asked)
                or self._button(typed, asked)
                or self._no_answer(typed, asked)
                or TextReceived(typed)
            )
        if len(typed) > STORY_CHARS:
            return _slash(typed) or self._question(typed, asked, locale) or TextReceived(typed)
        return (
            _slash(typed)
            or self._leave(typed, asked)
            or self._at_desk(typed, asked, listed)
            or self._answer(typed, asked)
            or _command(typed)
            or _pause(typed, asked)
            or _talk(typed)
            or _case(typed)
            or self._elsewhere(typed, asked)
            or self._way(typed, asked)
            or self._wish(typed, asked)
            or self._intent(typed, asked)
            or _near_link(typed, asked, listed)
            or self._question(typed, asked, locale)
            or TextReceived(typed)
        )

    def _choice_of(self, named: CaseNamed, typed: str, asked: SendMessage) -> Event:
        """A case code where cases are to choose from picks one of them; anywhere else it opens the case."""
        chosen = self._answer(typed, asked)
        return chosen if isinstance(chosen, OptionChosen) and chosen.value == named.code else named

    # an answer to the present question, before anything global

    def _answer(self, typed: str, asked: SendMessage) -> Event | None:
        options = asked.options
        if asked.takes == "several":  # a typed list is the whole answer; a press only marks one of it
            options = tuple(option for option in options if option.value in _ANSWERS_ALONE)
        if asked.takes in ("", "text", VERBATIM) and options and (chosen := _numbered(typed, options)) is not None:
            return OptionChosen(asked.at, chosen.value, number=_bare(number_in(typed), typed))
        everything = (*options, *asked.further)
        if (whole := same(typed, [option.alone for option in everything])).exact is not None:
            return OptionChosen(asked.at, everything[whole.exact].value)
        found = match(typed, [self._phrases(option) for option in everything]) if everything else None
        if found is not None and found.exact is None and any(option.hidden for option in everything):
            shown = tuple(option for option in everything if not option.hidden)
            nearer = match(typed, [self._phrases(option) for option in shown])
            everything, found = (shown, nearer) if nearer.close else (everything, found)
        if found is None or (asked.exact and self._asks(typed, everything, found.exact)):
            return None
        if found.exact is not None:
            return OptionChosen(asked.at, everything[found.exact].value)
        if asked.desk and not (asked.takes or asked.exact) and len(shared := self._with_words(typed, options)) > 1:
            return Unclear(shared)
        strength = question_strength(typed)
        if asked.exact or asked.takes or strength == 2:
            return None
        named = self._with_words(typed, everything)
        if not named and self._wanted(typed, asked):
            return None
        if strength:  # "có mất tiền không" is not a "không"
            found = match(typed, [[p for p in self._phrases(o) if " " in p.strip()] for o in everything])
        beginnings = {fold(phrase): o for o in everything if o.takes_rest for phrase in self._phrases(o)}
        if (with_rest := _with_rest(typed, beginnings)) is not None:
            return OptionChosen(asked.at, with_rest[0].value, with_rest[1])
        if len(found.close) == 1:
            return OptionChosen(asked.at, everything[found.close[0]].value)
        if found.close:
            return Unclear(tuple(everything[index].value for index in found.close))
        several = len(typed.split()) > 1 and not strength  # one word may stand in a label by chance
        return OptionChosen(asked.at, named[0]) if len(named) == 1 and several else None

    def _wanted(self, typed: str, asked: SendMessage) -> bool:
        """Whether all of it asks for what there is everywhere: no button that only sounds like it is meant."""
        wish = asked.free and same(without_call(typed), [*WISHES.values()]).exact is not None
        return wish or _intent(typed) is not None

    def _asks(self, typed: str, options: Sequence[Option], exact: int | None) -> bool:
        """Whether something is asked, rather than chosen by an option's own words ("hỏi thêm")."""
        own = exact is not None and fold(typed) in map(fold, self._phrases(options[exact]))
        return question_strength(typed) > 0 and not (own and "?" not in typed)

    def _phrases(self, option: Option) -> tuple[str, ...]:
        return self._said(option.label, *option.typed)

    def _said(self, *words: Sayable) -> tuple[str, ...]:
        """Each in every language."""
        return tuple(dict.fromkeys(catalog.say(each) for each in words for catalog in self.catalogs.values()))

    def _with_words(self, typed: str, options: Sequence[Option]) -> tuple[str, ...]:
        """Values of the options whose label has these words in it: "đăng ký hộ kinh doanh" of a paper.

        Whoever types marks has to have these: "nhân" is in no "Nhận".
        """
        words, marked = expand(fold(typed)).split(), marked_words(typed)
        as_typed = marked if len(marked) == len(words) else words
        labels = ((option.value, self._said(option.label)) for option in options)
        return tuple(value for value, said in labels if any(_stand_in(words, as_typed, label) for label in said))

    def _leave(self, typed: str, asked: SendMessage) -> Event | None:
        """ "mai tôi nghỉ phép đến thứ Sáu", outside a form and of a leave's own questions: what is said goes with it.

        Before options that are only meant: "mai" is one of some questions. Those whose words these are come first.
        """
        said = f" {fold(typed)} "
        if not any(f" {fold(words)} " in said for words in LEAVE):
            return None
        if not asked.free or asked.at.startswith("leave/") or question_strength(typed):
            return None
        options = (*asked.options, *asked.further)
        meant = options and same(typed, [self._phrases(option) for option in options]).exact is not None
        return None if meant else CommandReceived("leave", typed)

    # what an officer says anywhere

    def _at_desk(self, typed: str, asked: SendMessage, listed: Sequence[Line]) -> Event | None:
        """A word of the desk, the last figures of a code, what to look for, or a button of another screen.

        The question's own words come first, but not what only resembles them: "gửi" is not "Gửi giấy tờ".
        """
        if not asked.buttons or self._exactly(typed, asked):
            return None
        if (name := _desk_words().get(fold(typed))) is not None:
            return CommandReceived(name)
        if (not asked.takes or asked.at.startswith(_LISTS)) and (figures := read_serial(typed)):
            return CommandReceived("find", figures)
        if asked.desk and (older := _LINE_OF_A_LIST.fullmatch(fold(typed))) and (figures := read_serial(older[1])):
            return CommandReceived("find", figures)
        if asked.takes not in ("", "text"):
            return None
        if asked.desk and (wanted := _looked_for(typed)) is not None:
            return CommandReceived("find", wanted)
        if (missed := self._no_such_line(typed, asked, listed)) is not None:
            return missed
        button = _command(typed) or self._button(typed, asked)
        answer = self._answer(typed, asked) if isinstance(button, Misplaced) else None
        return answer if isinstance(answer, Unclear) else button

    def _no_such_line(self, typed: str, asked: SendMessage, listed: Sequence[Line]) -> NoSuchLine | None:
        """A number beyond the list; where cases are looked for, a long one may be part of something."""
        chosen, most = number_in(typed), max((line.number for line in listed), default=0)
        if chosen is None or not most or not (asked.desk and (not asked.takes or asked.at.startswith(_LISTS))):
            return None
        return NoSuchLine(chosen, most) if chosen == 0 or most < chosen < _NO_LIST_IS_SO_LONG else None

    def _exactly(self, typed: str, asked: SendMessage) -> bool:
        everything = (*asked.options, *asked.further)
        return bool(everything and same(typed, [self._phrases(option) for option in everything]).matches)

    def _button(self, typed: str, asked: SendMessage) -> Event | None:
        """Nothing but what a button of the desk says, or a word that is understood there."""
        if not asked.buttons or len(typed) > _LONGEST_LABEL_CHARS:
            return None
        phrases = (phrase for option in asked.buttons for phrase in self._phrases(option) if phrase not in YES)
        return Misplaced(typed) if same(typed, [(*phrases, *_desk_words())]).exact is not None else None

    # what is no answer, whatever is asked

    def _no_answer(self, typed: str, asked: SendMessage) -> Event | None:
        """In a form that keeps what is typed as it is: small talk, a way out, or a question about one's own file.

        Only as a whole; a question among other words belongs to these. Words for an officer may be all of that.
        """
        if not asked.ways or len(typed) > STORY_CHARS:
            return None
        return _talk(typed) or self._way(typed, asked) or _intent(typed)

    def _way(self, typed: str, asked: SendMessage) -> Event | None:
        """What a button of the menu says, typed in the middle of a form; or that one goes on with it."""
        if not asked.ways or len(typed) > _LONGEST_LABEL_CHARS:
            return None
        ways = {**{option.value: self._said(option.label) for option in asked.ways}, **GO_ON}
        found = same(without_call(typed), [*ways.values()]).exact
        return CommandReceived([*ways][found]) if found is not None else None

    # questions that interrupt

    def _elsewhere(self, typed: str, asked: SendMessage) -> Event | None:
        """ "nhầm xã rồi, tôi ở Tân Lĩnh": where somebody works is no answer to a question about the product."""
        if asked.desk or question_strength(typed):
            return None
        if same(typed, [ELSEWHERE]).exact is not None:
            return CommandReceived("place")
        with_rest = _with_rest(typed, _elsewhere_words())
        return CommandReceived("place", with_rest[1]) if with_rest is not None else None

    def _wish(self, typed: str, asked: SendMessage) -> Event | None:
        """ "dang ky mat ong" while reading an article: outside a form, the main things are always at hand."""
        if not asked.free or asked.takes or question_strength(typed) == 2:
            return None
        typed = without_call(typed)
        found = same(typed, list(WISHES.values()))
        if found.exact is not None:
            return CommandReceived([*WISHES][found.exact])
        with_rest = _with_rest(typed, _wish_words())
        return CommandReceived(with_rest[0].value, with_rest[1]) if with_rest is not None else None

    def _intent(self, typed: str, asked: SendMessage) -> Event | None:
        if (whole := _intent(typed)) is not None:
            return whole
        if asked.takes == "text" and not question_strength(typed):
            return None
        words = set(expand(fold(typed)).split())
        if "nop" in words:  # "hồ sơ nộp ở đâu" asks for the way, not for one's own file
            return None
        return CommandReceived("status", typed) if any(asked_for <= words for asked_for in _about_a_file()) else None

    def _question(self, typed: str, asked: SendMessage, locale: str) -> Event | None:
        """A question, as far as the place allows one: in a text field only if it plainly is one."""
        strength = question_strength(typed)
        if asked.desk and not _plainly_asks(typed):
            return Misplaced(typed) if strength else None
        statement, question = split_question(typed) if strength else ("", typed)
        hits = self.handbook.search(question, locale) if strength or not asked.takes else ()
        best = hits[0] if hits and hits[0].score >= ENOUGH else None
        if strength == 2 or (strength and (not asked.takes or (best is not None and best.score >= SURE))):
            return QuestionAsked(question, best.article_id if best else "", statement)
        if not asked.takes and best is not None and best.score >= SURE and len(typed.split()) > 1:
            return QuestionAsked(question, best.article_id)
        return None


def _stand_in(words: Sequence[str], as_typed: Sequence[str], label: str) -> bool:
    """Whether the words (folded, and with the marks they were typed with) are some of the label's, in one run."""
    parts, size = marked_words(label), len(words)
    return size > 0 and any(
        [*map(fold, parts[start : start + size])] == words
        and not any(map(contradicts, as_typed, parts[start : start + size]))
        for start in range(len(parts) - size + 1)
    )


def _with_rest(typed: str, beginnings: Mapping[str, Option]) -> tuple[Option, str] | None:
    """ "dang ky chuoi say": an option's words (`beginnings`, folded) and what follows them."""
    said = f"{spelling(expand(fold(typed)))} " if beginnings else ""
    if not any(said.startswith(f"{phrase} ") for phrase in beginnings):
        return None
    words = typed.split()
    for size in range(min(len(words) - 1, _LONGEST_PHRASE_WORDS), 0, -1):
        said = spelling(expand(fold(" ".join(words[:size]))))
        if (option := beginnings.get(said)) is not None:
            return option, " ".join(words[size:])
    return None


@cache
def _elsewhere_words() -> dict[str, Option]:
    option = Option("place", ELSEWHERE[0], ELSEWHERE, takes_rest=True)
    return {fold(phrase): option for phrase in ELSEWHERE}


@cache
def _wish_words() -> dict[str, Option]:
    return {
        fold(phrase): Option(name, phrases[0], phrases, takes_rest=True)
        for name, phrases in WISHES.items()
        if name in TAKE_REST
        for phrase in phrases
    }


def _plainly_asks(typed: str) -> bool:
    """What an officer wants to look up; other words that ask are short for something to do ("có việc gì ko")."""
    return "?" in typed or f" {fold(typed)} ".endswith(" la gi ") or fold(typed).startswith("what is ")


@cache
def _desk_words() -> dict[str, str]:
    return {fold(word): name for name, words in DESK.items() for word in words}


def _looked_for(typed: str) -> str | None:
    """ "tìm hồ sơ chuối sấy": the words after it, "" for none; None where nothing is to be looked for."""
    found = _SEARCH.match(fold(typed))
    if found is None or contradicts(typed.split()[0].lower(), "tìm"):
        return None
    return " ".join(typed.split()[len(found[0].split()) :])


_SLASH = re.compile(r"/([A-Za-z_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


def _slash(typed: str) -> Event | None:
    found = _SLASH.fullmatch(typed)
    return CommandReceived(found.group(1).lower(), (found.group(2) or "").strip()) if found else None


def _line_typed(typed: str, asked: SendMessage, listed: Sequence[Line]) -> Event | None:
    """The line of the newest list with that number, or the link with just these words.

    The question's own options are understood by its words, and "1, 3" by the question that takes several. Where an
    amount is asked a number is one, whatever news stands below the question.
    """
    if asked.takes != "number" and (chosen := number_in(typed)) is not None:
        chosen = max((line.number for line in listed), default=0) if chosen == LAST else chosen
        meant = next((pressed(line.data) for line in listed if line.number == chosen != 0), None)
        if not isinstance(meant, OptionChosen):
            return meant
        several = asked.takes == "several" and meant.value not in _ANSWERS_ALONE
        return None if several else replace(meant, number=_bare(chosen, typed))
    links = _links_of(listed)
    found = match(typed, [(link.label,) for link in links]) if links else None
    return pressed(links[found.exact].data) if found is not None and found.exact is not None else None


def _near_link(typed: str, asked: SendMessage, listed: Sequence[Line]) -> Event | None:
    """The only link that is meant by words like these ("nguyen lieu"), where nothing is being written."""
    links = _links_of(listed)
    if asked.takes or asked.exact or not links or question_strength(typed):
        return None
    found = match(typed, [(link.label,) for link in links])
    return pressed(links[found.close[0]].data) if len(found.close) == 1 else None


def _links_of(listed: Sequence[Line]) -> list[Line]:
    return [line for line in listed if isinstance(pressed(line.data), LinkFollowed)]


_PART_OF_A_CODE = re.compile(r"(?<!\d)0\d|#")


def number_in(typed: str) -> int | None:
    """The number that was chosen; "0001" and "#1" are parts of a code, not choices."""
    return None if _PART_OF_A_CODE.search(typed) else number(typed)


def _bare(chosen: int | None, typed: str) -> int:
    """The number of a choice as OptionChosen has it: what is called a line can't mean anything else."""
    return 0 if chosen is None or names_line(typed) else chosen


def _numbered(typed: str, options: Sequence[Option]) -> Option | None:
    chosen = len(options) if (number_ := number_in(typed)) == LAST else number_
    return options[chosen - 1] if chosen is not None and 0 < chosen <= len(options) else None


def _intent(typed: str) -> Event | None:
    """A question that the record answers, alone."""
    found = same(typed, [*INTENTS.values()]).exact
    return CommandReceived([*INTENTS][found]) if found is not None else None


@cache
def _about_a_file() -> tuple[set[str], ...]:
    """Words of the questions about one's own file; others may stand between them ("hồ sơ chuối sấy đâu")."""
    phrases = (set(fold(phrase).split()) for phrase in INTENTS["status"])
    return tuple(words for words in phrases if {"ho", "so"} <= words or "file" in words)


@cache
def _command_words() -> dict[str, str]:
    return {form: name for name, words in COMMANDS.items() for word in words for form in forms(word)}


def _command(typed: str) -> Event | None:
    """A global word, alone. Only as a whole: "thôi" is one, "thôi thì cứ gửi" is not."""
    words = _command_words()
    found = next((words[form] for form in forms(without_call(typed)) if form in words), None)
    return CommandReceived(found) if found is not None else None


def _pause(typed: str, asked: SendMessage) -> Event | None:
    """That is enough for now, in whatever words; where it is asked when to go on, such words are the answer."""
    return None if (asked.free and asked.takes) or not pauses(typed) else CommandReceived("pause")


def _talk(typed: str) -> Event | None:
    """ "cảm ơn em nhé", "em là người thật hay máy": nothing that is asked, and no answer."""
    found = same(without_call(typed), [talk.said for talk in TALK.values()]).exact
    return CommandReceived([*TALK][found]) if found is not None else None


_CODE = re.compile(r"(?<!\w)([A-Za-z]{1,5}\d{0,3})[-–](\d{2})[-–](\d{4,6})(?!\w)")
_SPACED_CODE = re.compile(r"(?<!\w)([A-Za-z]{1,5} ?\d{0,3})[. ](\d{2})[. ](\d{4,6})(?!\w)(?!.*\d)")


@lru_cache(maxsize=_BEING_READ)
def _case(typed: str) -> Event | None:
    """A case code anywhere in a short text, as people copy it: "tl-26-0147", "TL 26 0147".

    Without dashes it has to begin like a commune's codes: "bán năm 25 10000 chai" names no case.
    """
    if len(typed) > 120:
        return None
    found = _CODE.search(typed) or _SPACED_CODE.search(typed)
    if found is None:
        return None
    prefix = found[1].replace(" ", "").upper()
    if found.re is _SPACED_CODE and commune_by_prefix(prefix) is None:
        return None
    return CaseNamed(f"{prefix}-{found[2]}-{found[3]}")


_CONFIRMATION_WORDS = re.compile(r"(?:ma|xac nhan|ho so|so|va|code|and|confirm|\W)*")


def _confirmation(typed: str) -> str:
    """ "mã 482 913 TL12-26-0001", as it stands on the sheet of who was registered by an officer; "" for all else."""
    if len(typed) > 120 or not (both := both_codes(typed)):
        return ""
    rest = fold(re.sub(r"\w*\d[\d\W]*", " ", typed))
    return both if _CONFIRMATION_WORDS.fullmatch(rest) else ""


_JOINING = re.compile(r"(?:noi|noi voi|noi ma|join|link) (\d{3}) ?(\d{3})")


def _joining(typed: str) -> str:
    """ "nối 482 913", as the other chat was told to type it; "" for all else."""
    found = _JOINING.fullmatch(fold(typed)) if len(typed) < _LONGEST_LABEL_CHARS else None
    return found[1] + found[2] if found is not None else ""


def _code_alone(typed: str) -> CaseNamed | None:
    """Nothing but a case code: that opens the case wherever it is typed, and is never an answer or a message."""
    if code := read_code(typed):
        return CaseNamed(code)
    event = _case(typed)
    if not isinstance(event, CaseNamed):
        return None
    return event if fold(typed).replace(" ", "") == fold(event.code).replace(" ", "") else None
