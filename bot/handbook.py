"""The handbook: what the assistant can tell about OCOP, read from `locales/<language>/handbook/*.md`.

An article is Markdown (paragraphs, "- " lists, **bold**) under a TOML head between two lines of `+++`.
Everything is read, checked and indexed once, at start-up; a wrong file stops the start with its name.
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from typing import Any, Final, TypeVar

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from dialogs.matching import expand, fold, forms

_Key = TypeVar("_Key", int, str)

REFERENCE: Final = "vi"  # the language every article is written in first
SECTIONS: Final = ("basics", "cycle", "products", "stars", "levels", "support", "promotion", "faq")

ENOUGH: Final = 45
"""Score from which the best hit is worth showing; set by the tables of tests/test_handbook.py."""

MAX_BODY_CHARS: Final = 1500
MAX_TITLE_CHARS: Final = 40  # a button; a FAQ title is a list line and may be longer
MAX_FAQ_TITLE_CHARS: Final = 60
QUIZ_QUESTIONS: Final = 5
QUIZ_OPTIONS: Final = 3
MAX_OPTION_CHARS: Final = 40


class HandbookError(Exception):
    """A file of the handbook is wrong; the text names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True, slots=True)
class Article:
    """One file. `body` is Markdown, `checked_on` the day the facts were last compared with their source."""

    id: str
    locale: str
    title: str
    section: str
    order: int
    legal_basis: str
    checked_on: date
    questions: tuple[str, ...]
    related: tuple[str, ...]
    service: bool
    body: str


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """`correct` counts from 0; `article` is the id of the article to read more in."""

    id: str
    question: str
    options: tuple[str, ...]
    correct: int
    explanation: str
    article: str


@dataclass(frozen=True, slots=True)
class Hit:
    """`score` from 0 to 100; from `ENOUGH` on it is worth showing."""

    article_id: str
    score: int


@dataclass(frozen=True, repr=False)
class Handbook:
    """All articles and quiz questions of every language, checked and ready to be searched.

    Written out it would be two megabytes, in every error and every task that holds a World.
    """

    articles: Mapping[tuple[str, str], Article]  # by (locale, id)
    quizzes: Mapping[str, tuple[QuizQuestion, ...]]  # by locale
    _indexes: dict[str, "_Index"] = field(default_factory=dict, init=False, compare=False)
    """By locale, each made with the first question in it: that takes a tenth of a second and some MiB."""

    @classmethod
    def load(cls, root: Path) -> "Handbook":
        """Read `root/<locale>/handbook/*.md` and `root/<locale>/quiz.toml`.

        A folder of `root` without a `handbook` folder is left alone.
        Raises HandbookError for the first file that is wrong.
        """
        found = (path.parent.name for path in root.glob("*/handbook"))
        locales = sorted(found, key=lambda locale: (locale != REFERENCE, locale))
        if REFERENCE not in locales:
            raise HandbookError(root / REFERENCE / "handbook", "the folder is missing")
        articles = {(a.locale, a.id): a for locale in locales for a in _read_articles(root, locale)}
        _check_across(root, articles, locales)
        quizzes = {locale: _read_quiz(root / locale / "quiz.toml", articles) for locale in locales}
        return cls(articles, quizzes)

    def article(self, article_id: str, locale: str) -> Article:
        """In Vietnamese where the language is not ours. Raises KeyError for an id that is nowhere."""
        return self.articles[self._known(locale), article_id]

    @property
    def sections(self) -> tuple[str, ...]:
        """Ids in the order of the menu."""
        return SECTIONS

    def in_section(self, section: str, locale: str) -> tuple[Article, ...]:
        known = self._known(locale)
        inside = (a for (of, _), a in self.articles.items() if of == known and a.section == section)
        return tuple(sorted(inside, key=lambda article: (article.order, article.id)))

    def quiz(self, locale: str) -> tuple[QuizQuestion, ...]:
        return self.quizzes[self._known(locale)]

    def search(self, text: str, locale: str) -> tuple[Hit, ...]:
        """Best first, at most ten. Who reads English may still type Vietnamese, so that is tried too."""
        hits = self._index(self._known(locale)).search(text)
        if locale == REFERENCE or (hits and hits[0].score >= ENOUGH):
            return hits
        others = self._index(REFERENCE).search(text)
        return max(hits, others, key=lambda found: found[0].score if found else 0)

    def _known(self, locale: str) -> str:
        return locale if locale in self.quizzes else REFERENCE

    def _index(self, locale: str) -> "_Index":
        if locale not in self._indexes:
            self._indexes[locale] = _Index.of([a for (of, _), a in self.articles.items() if of == locale])
        return self._indexes[locale]


# Reading. Heads are checked by hand rather than by a schema library: the messages are for editors.

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FORBIDDEN: Final = (
    (re.compile(r"^[ \t]*#", re.MULTILINE), "a heading"),
    (re.compile(r"\]\(|https?://|www\."), "a link"),
    (re.compile(r"^[ \t]*\|", re.MULTILINE), "a table"),
    (re.compile(r"^[ \t]*(\*|\+|\d+\.)[ \t]", re.MULTILINE), 'a list that does not begin with "- "'),
    (re.compile(r"<[a-zA-Z/]"), "HTML"),
    (re.compile(r"^[ \t]+- ", re.MULTILINE), "an indented list"),
)
_SAME_IN_ALL: Final = ("section", "order", "related", "service")


class _Head:
    """Typed reading of one TOML table; every complaint carries the file."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self.path = path
        self.table = table

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        value = self.table.get(key, default)
        if value is None:
            raise HandbookError(self.path, f"the key {key} is missing")
        # type() and not isinstance(): in Python true is an int and a moment is a date
        if type(value) is not kind:
            raise HandbookError(self.path, f"{key} should be {kind.__name__}, not {type(value).__name__}")
        return value

    def text(self, key: str, max_chars: int) -> str:
        value = str(self.get(key, str)).strip()
        if not value or len(value) > max_chars:
            raise HandbookError(self.path, f"{key} has {len(value)} characters, it may have 1 to {max_chars}")
        return value

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        values = self.get(key, list, default)
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise HandbookError(self.path, f"{key} should be a list of texts")
        return tuple(values)


def _read_articles(root: Path, locale: str) -> list[Article]:
    return [_read_article(path, locale) for path in sorted((root / locale / "handbook").glob("*.md"))]


def _read_article(path: Path, locale: str) -> Article:
    if not _ID.fullmatch(path.stem):
        raise HandbookError(path, "a file name may hold small letters, digits and hyphens")
    table, body = _parts_of(path)
    head = _Head(path, table)
    section = head.text("section", 20)
    if section not in SECTIONS:
        raise HandbookError(path, f"section {section} is unknown, it is one of {', '.join(SECTIONS)}")
    questions = head.texts("questions")
    if not 3 <= len(questions) <= 8:
        raise HandbookError(path, f"there are {len(questions)} questions, there should be 3 to 8")
    return Article(
        id=path.stem,
        locale=locale,
        title=head.text("title", MAX_FAQ_TITLE_CHARS if section == "faq" else MAX_TITLE_CHARS),
        section=section,
        order=head.get("order", int),
        legal_basis=head.text("legal_basis", 200),
        checked_on=head.get("checked_on", date),
        questions=questions,
        related=head.texts("related", []),
        service=head.get("service", bool, False),
        body=_checked_body(path, body),
    )


def _parts_of(path: Path) -> tuple[dict[str, Any], str]:
    parts = re.split(r"^\+\+\+\s*$", path.read_text(encoding="utf-8"), maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise HandbookError(path, "the head should stand between two lines of +++")
    return _toml(path, parts[1]), parts[2].strip("\n").rstrip()


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HandbookError(path, f"not TOML: {error}") from error


def _checked_body(path: Path, body: str) -> str:
    if not body:
        raise HandbookError(path, "the body is empty")
    if len(body) > MAX_BODY_CHARS:
        raise HandbookError(path, f"the body has {len(body)} characters, the limit is {MAX_BODY_CHARS}")
    for pattern, what in _FORBIDDEN:
        if pattern.search(body):
            raise HandbookError(path, f"the body holds {what}")
    if body.count("**") % 2:
        raise HandbookError(path, "a ** is not closed")
    return body


def _check_across(root: Path, articles: Mapping[tuple[str, str], Article], locales: list[str]) -> None:
    """Every language tells the same: the same files, in the same places, pointing to files there are."""
    ids = {article_id for _, article_id in articles}
    for locale in locales:
        for article_id in sorted(ids):
            path = root / locale / "handbook" / f"{article_id}.md"
            if (locale, article_id) not in articles:
                raise HandbookError(path, "the article is missing in this language")
            article = articles[locale, article_id]
            if unknown := [other for other in article.related if other not in ids]:
                raise HandbookError(path, f"related names {unknown[0]}, which is not an article")
            _check_same(path, article, articles.get((REFERENCE, article_id), article))


def _check_same(path: Path, article: Article, reference: Article) -> None:
    for key in _SAME_IN_ALL:
        if getattr(article, key) != getattr(reference, key):
            raise HandbookError(path, f"{key} differs from the {REFERENCE} file")


def _read_quiz(path: Path, articles: Mapping[tuple[str, str], Article]) -> tuple[QuizQuestion, ...]:
    """The tables `[[question]]` of one `quiz.toml`, exactly QUIZ_QUESTIONS of them."""
    if not path.is_file():
        raise HandbookError(path, "the file is missing")
    tables = _Head(path, _toml(path, path.read_text(encoding="utf-8"))).get("question", list)
    if len(tables) != QUIZ_QUESTIONS:
        raise HandbookError(path, f"there are {len(tables)} questions, there should be {QUIZ_QUESTIONS}")
    return tuple(_quiz_question(_Head(path, table), articles) for table in tables)


def _quiz_question(head: _Head, articles: Mapping[tuple[str, str], Article]) -> QuizQuestion:
    question = QuizQuestion(
        id=head.text("id", 40),
        question=head.text("question", 200),
        options=head.texts("options"),
        correct=head.get("correct", int),
        explanation=head.text("explanation", 400),
        article=head.text("article", 60),
    )
    if len(question.options) != QUIZ_OPTIONS or max(map(len, question.options)) > MAX_OPTION_CHARS:
        reason = f"{question.id} needs {QUIZ_OPTIONS} options of at most {MAX_OPTION_CHARS} characters"
        raise HandbookError(head.path, reason)
    if not 0 <= question.correct < QUIZ_OPTIONS:
        raise HandbookError(head.path, f"{question.id}: correct counts the options from 0")
    if (REFERENCE, question.article) not in articles:
        raise HandbookError(head.path, f"{question.id}: {question.article} is not an article")
    return question


def plain(body: str) -> str:
    """Chat text: "• " for list items, bold marks gone; the same on a channel without Markdown."""
    return re.sub(r"^- ", "• ", body, flags=re.MULTILINE).replace("**", "")


# Searching. Words and pairs of neighbouring words are weighed by how few articles hold them (TF-IDF):
# without diacritics one Vietnamese syllable means many things ("sao": star, why), two rarely do.
# The weights below are those that found most of the handbook's own questions, each taken out in turn.

_SOFTENERS: Final = frozenset(
    ["a", "ah", "ak", "chao", "da", "oi", "em", "nhe", "nha", "nhi", "ha", "hen", "minh", "toi", "tui", "e", "c"]
)
"""Folded words that are politeness more than content. "anh", "chi", "ma" are not here: they are also
photo, cost and code."""

_NOTHING_SAID: Final = _SOFTENERS | frozenset(
    ["the", "thi", "lam", "sao", "nao", "gi", "la", "roi", "nua", "vay", "nhu", "phai", "gio", "bay", "ma"]
)
"""Folded words that ask nothing by themselves: "thế thì làm sao" is not about stars ("sao")."""

_STAR_WORDS: Final = {"mot": "1", "hai": "2", "ba": "3", "bon": "4", "nam": "5"}
_ALIKE: Final = (
    (re.compile(r"\b(mot|hai|ba|bon|nam) sao\b"), lambda found: f"{_STAR_WORDS[found[1]]} sao"),
    (re.compile(r"\bsao ([1-5])\b"), r"\1 sao"),
    (re.compile(r"\b(phan|part) ([abc])\b"), r"\1\2"),  # or the letter would be taken for a softener
    (re.compile(r"\b(?!100\b)\d\d+ diem\b"), "may diem"),  # "55 diem duoc may sao" asks what "70 diem" does
)

_PAIR_WEIGHT: Final = 0.5
_NEAREST, _PROFILE, _COVERAGE = 0.4, 0.3, 0.3
_SECOND: Final = 0.25  # of the nearest phrases: two that agree are worth more than one
_SPELLING: Final = 0.3  # part of the likeness of two phrases that comes from their letters
_UNSEEN_PAIR: Final = 0.25  # a pair no article holds says little, a word no article holds says a lot
_MIN_TYPO_CHARS: Final = 5  # a slip in a shorter word gives another word
_TYPO_CUTOFF: Final = 0.74
_MAX_HITS: Final = 10
_MAX_QUERY_CHARS: Final = 300  # a long story is not a question; bounds the work


@dataclass(frozen=True, slots=True)
class _Index:
    """One language. A phrase is a title or one of the questions of an article; a feature is a word or a pair.

    The profile of an article is all its phrases as one vector of length 1; what stands only in the body
    counts as covered, with 0 in the profile.
    """

    phrases: tuple[tuple[str, str], ...]  # (article id, words)
    in_phrases: Mapping[str, tuple[tuple[int, float], ...]]  # feature -> (phrase, its unit weight)
    in_articles: Mapping[str, tuple[tuple[str, float], ...]]  # feature -> (article id, weight in its profile)
    weights: Mapping[str, float]
    unknown: float  # weight of a word no article holds
    words: tuple[str, ...]  # what a misspelt word may be mended to

    @classmethod
    def of(cls, articles: list[Article]) -> "_Index":
        spoken = {a.id: [_words(expand(fold(said))) for said in (a.title, *a.questions)] for a in articles}
        told = {a.id: [_words(expand(fold(line))) for line in plain(a.body).splitlines()] for a in articles}
        weights = _weights([spoken[article_id] + told[article_id] for article_id in spoken])
        phrases = tuple((article_id, words) for article_id, said in spoken.items() for words in said)
        profiles = [(article_id, _profile(said, told[article_id], weights)) for article_id, said in spoken.items()]
        return cls(
            phrases=tuple((article_id, " ".join(words)) for article_id, words in phrases),
            in_phrases=_inverted(enumerate(_unit(_features(words), weights) for _, words in phrases)),
            in_articles=_inverted(profiles),
            weights=weights,
            unknown=_weight("", len(spoken)),
            words=tuple(sorted(word for word in weights if " " not in word and not word.isdigit())),
        )

    def search(self, text: str) -> tuple[Hit, ...]:
        best: dict[str, float] = {}
        if _NOTHING_SAID.issuperset(expand(fold(text[:_MAX_QUERY_CHARS])).split()):
            return ()
        for form in forms(text[:_MAX_QUERY_CHARS]):
            for article_id, score in self._scores(form):
                best[article_id] = max(score, best.get(article_id, 0.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Hit(article_id, min(100, round(100 * score))) for article_id, score in ranked[:_MAX_HITS])

    def _scores(self, folded: str) -> Iterator[tuple[str, float]]:
        """For each article that shares a word, 0 to 1: likeness to its nearest phrases and to its profile,
        and how much of what was asked it holds anywhere."""
        words = [self._mended(word) for word in _words(folded)]
        asked = {feature: self._weight(feature) for feature in _features(words)}
        length, total = _length(asked.values()), sum(asked.values()) or 1.0
        nearest = self._nearest(asked, length, " ".join(words))
        profile: defaultdict[str, float] = defaultdict(float)
        covered: defaultdict[str, float] = defaultdict(float)
        for feature, weight in asked.items():
            for article_id, unit in self.in_articles.get(feature, ()):
                profile[article_id] += weight * unit / length
                covered[article_id] += weight / total
        for article_id, share in covered.items():
            near = nearest.get(article_id, 0.0)
            yield article_id, _NEAREST * near + _PROFILE * profile[article_id] + _COVERAGE * share

    def _nearest(self, asked: Mapping[str, float], length: float, text: str) -> dict[str, float]:
        """Per article, the likeness of its two nearest phrases, mostly of the first."""
        dots: defaultdict[int, float] = defaultdict(float)
        for feature, weight in asked.items():
            for phrase, unit in self.in_phrases.get(feature, ()):
                dots[phrase] += weight * unit
        found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for phrase, dot in dots.items():
            article_id, words = self.phrases[phrase]
            spelling = fuzz.token_sort_ratio(text, words) / 100
            found[article_id].append((1 - _SPELLING) * dot / length + _SPELLING * spelling)
        best = ((article_id, sorted(near, reverse=True)) for article_id, near in found.items())
        return {article_id: (1 - _SECOND) * near[0] + _SECOND * near[1] for article_id, near in best}

    def _mended(self, word: str) -> str:
        """The nearest word of the handbook for one it does not hold."""
        if word in self.weights or len(word) < _MIN_TYPO_CHARS or word.isdigit():
            return word
        near = process.extractOne(word, self.words, scorer=OSA.normalized_similarity, score_cutoff=_TYPO_CUTOFF)
        return near[0] if near else word

    def _weight(self, feature: str) -> float:
        return self.weights.get(feature, self.unknown * _UNSEEN_PAIR if " " in feature else self.unknown)


def _words(folded: str) -> list[str]:
    """Words of folded text without softeners, unless nothing else was said."""
    for pattern, alike in _ALIKE:
        folded = pattern.sub(alike, folded)
    words = folded.split()
    return [word for word in words if word not in _SOFTENERS] or words


def _features(words: list[str]) -> list[str]:
    """The different words and pairs, in order."""
    return list(dict.fromkeys([*words, *(f"{left} {right}" for left, right in pairwise(words))]))


def _weights(articles: list[list[list[str]]]) -> dict[str, float]:
    """From the lines of each article, as words: the weight of every feature."""
    held = Counter(feature for lines in articles for feature in {f for words in lines for f in _features(words)})
    return {feature: _weight(feature, len(articles) / holders) for feature, holders in held.items()}


def _weight(feature: str, rarity: float) -> float:
    """`rarity`: articles there are for each that holds the feature. The root keeps common words audible."""
    return sqrt(log(1 + rarity)) * (_PAIR_WEIGHT if " " in feature else 1.0)


def _unit(features: Iterable[str], weights: Mapping[str, float]) -> dict[str, float]:
    """A vector of length 1; a feature named several times weighs more, but not as many times more."""
    vector = {feature: weights[feature] * (1 + log(times)) for feature, times in Counter(features).items()}
    length = _length(vector.values())
    return {feature: weight / length for feature, weight in vector.items()}


def _profile(said: list[list[str]], told: list[list[str]], weights: Mapping[str, float]) -> dict[str, float]:
    in_body = {feature: 0.0 for words in told for feature in _features(words)}
    return in_body | _unit((feature for words in said for feature in _features(words)), weights)


def _length(weights: Iterable[float]) -> float:
    return sqrt(sum(weight * weight for weight in weights)) or 1.0


def _inverted(vectors: Iterable[tuple[_Key, dict[str, float]]]) -> dict[str, tuple[tuple[_Key, float], ...]]:
    places: defaultdict[str, list[tuple[_Key, float]]] = defaultdict(list)
    for key, vector in vectors:
        for feature, weight in vector.items():
            places[feature].append((key, weight))
    return {feature: tuple(found) for feature, found in places.items()}
