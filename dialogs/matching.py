"""How Vietnamese people type on phones: without marks, in shorthand, with keyboard leftovers and near misses.

Everything here compares; nothing here is shown or stored. What a person wrote stays as it was written.

    match("dang ky chuoi say", [("Tìm hiểu OCOP",), ("Đăng ký ý tưởng", "đăng ký")])  -> takes 1
    split_question("Chuối sấy Mẩy Lý. ma 3 sao duoc gi vay em")  -> ("Chuối sấy Mẩy Lý", "ma 3 sao duoc ...")
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import Literal

from rapidfuzz.distance import OSA


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ---------------------------------------------------------------- folding

# Stroke letters have no decomposition; eth and African d are what some keyboards and fonts give for đ.
_STROKES = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})
MAX_CHARS = 2_000
"""What lies beyond is not compared: no label, name or question is longer, and every message is folded."""
_SHORT_TEXT_CHARS = 80  # labels and words come thousands of times
_BEING_READ = 32
"""What is remembered of typed texts: one message is compared with one list after the other, whole and in parts."""


def fold(text: str) -> str:
    """Lower-case letters without marks, ASCII digits and single spaces; "" when nothing is left.

    Letters of other scripts stay (without their marks). Compatibility forms become plain: "２" and "²" are
    "2", "①" is "1". Punctuation, emoji, control and zero-width characters separate words. Only the first
    MAX_CHARS count, of the text and of what it unfolds to: "ﷺ" is one character and becomes eighteen.
    """
    return _folded_short(text) if len(text) <= _SHORT_TEXT_CHARS else _folded(text)


def _folded(text: str) -> str:
    if text.isascii():
        return " ".join(re.findall(r"[a-z0-9]+", text[:MAX_CHARS].lower()))
    plain = _clipped("NFKD", _clipped("NFKD", text).casefold())
    return " ".join("".join(map(_fold_char, plain)).translate(_STROKES).split())


_folded_short = lru_cache(maxsize=4096)(_folded)


def _clipped(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Normalised, and at most MAX_CHARS before and after."""
    return unicodedata.normalize(form, text[:MAX_CHARS])[:MAX_CHARS]


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] == "L":
        return char
    if category[0] == "M":  # tone and vowel marks stand apart after NFKD
        return ""
    return str(unicodedata.decimal(char, " "))


_SHORT = {
    word: full
    for full, words in {
        "khong": "ko k hok hk khg kohng",
        "duoc": "dc dx",
        "san pham": "sp spham",
        "dang ky": "dk dki dky dangki dangky",
        "ho so": "hs hso",
        "hop tac xa": "htx",
        "to hop tac": "tht",
        "ho kinh doanh": "hkd",
        "kinh doanh": "kd",
        "san xuat": "sx",
        "san xuat kinh doanh": "sxkd",
        "cong ty": "cty cti",
        "can bo": "cb",
        "uy ban": "ub",
        "uy ban nhan dan": "ubnd",
        "giay to": "gt gto",
        "giay chung nhan": "gcn",
        "giay phep": "gp",
        "an toan thuc pham": "attp atvstp vsattp",
        "ket qua": "kq kqua",
        "so dien thoai": "sdt sodt",
        "dien thoai": "dt dthoai",
        "thong tin": "ttin",
        "huong dan": "hdan",
        "ke hoach": "khoach",
        "yeu cau": "ycau",
        "tra loi": "tl",
        "thoi gian": "tgian",
        "gi": "j ji",
        "bao nhieu": "bn bnhieu",
        "bao gio": "bgio bh",
        "nhu the nao": "ntn",
        "the nao": "tnao",
        "minh": "mk mik mh",
        "voi": "vs",
        "nguoi": "ng ngta",
        "nua": "nx",
        "vay": "z zay",
        "roi": "r rui",
        "lam": "lm",
        "cung": "cx",
        "moi": "ms",
        "nhe": "nhes",
        "biet": "bik bit",
        "ok": "oke oki okie okey okay okela okla",
        "u": "uh uhm uk uki ukm",
    }.items()
    for word in words.split()
}
# "3 k" is three thousand đồng and "5 r" may be a size: one letter after a number is a unit.
_UNIT_AFTER_NUMBER = frozenset({"k", "r", "z", "j"})


@lru_cache(maxsize=_BEING_READ)
def expand(text: str) -> str:
    """Folded text with common shortenings written out, whole words only: "hs cua mk" -> "ho so cua minh".

    Letters drawn out for effect are shortened first ("khonggg"). Text must be folded already.
    """
    words = _undrawn(text).split()
    return " ".join(_in_full(before, word) for before, word in pairwise(["", *words]))


def _undrawn(text: str) -> str:
    return _DRAWN.sub(r"\1", text)


_DRAWN = re.compile(r"([a-z])\1{2,}")


def _in_full(before: str, word: str) -> str:
    return word if word in _UNIT_AFTER_NUMBER and before.isdigit() else _SHORT.get(word, word)


# ---------------------------------------------------------------- Telex and VNI leftovers

_ONSET = "(?:b|ch?|d|gh?|gi|h|kh?|l|m|ngh?|nh?|ph?|qu|r|s|th?|tr|v|x)?"
_RIMES = """
    a ac ach ai ak am an ang anh ao ap at au ay e ec ech ek em en eng enh eo ep et eu
    i ia ich iec iek iem ien ieng iep iet ieu ik im in inh ip it iu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi ok om on ong ooc oong op ot
    u ua uan uang uat uay uc ue uech uen uenh ui uk um un ung uo uoc uoi uom uon uong uop uot uou up ut uu
    uy uya uych uyen uyet uyn uynh uyt uyu y yem yen yet yeu ynh yt
"""
_TYPED_SYLLABLE_MAX = 12  # "nghieengs" has nine
_SYLLABLE = re.compile(f"{_ONSET}(?:{'|'.join(sorted(_RIMES.split(), key=len, reverse=True))})")


def untelex(text: str) -> str:
    """Folded text with Telex or VNI keystrokes read as marks: "ddawng kys", "d9a8ng ky1" -> "dang ky".

    A word changes only when it is no Vietnamese syllable as it stands and is one afterwards, so "ocop 2026"
    stays. Another candidate to compare, never a replacement: "how" would become "ho".
    """
    return " ".join(map(_untelex_word, fold(text).split()))


def _untelex_word(word: str) -> str:
    if len(word) > _TYPED_SYLLABLE_MAX or _SYLLABLE.fullmatch(word):
        return word
    for bare in (_without_telex(word), _without_vni(word)):
        if _SYLLABLE.fullmatch(bare):
            return bare
    return word


def _without_telex(word: str) -> str:
    word = re.sub(r"^d(.*)d", r"d\1", word)  # dd, or the second d typed late: "dangd"
    word = re.sub(r"(?<=[aou])([a-z]*?)w", r"\1", word)
    word = re.sub(r"^([^aeiouyw]*)w", r"\1u", word)  # a w of its own is ư
    word = re.sub(r"(?<=[aou])([a-z]*?)w", r"\1", word)  # the second w of "rwowuj"
    word = re.sub(r"([aeo])\1", r"\1", word)
    return re.sub(r"(?<=[aeiouy])([a-z]*?)[sfrxjz]", r"\1", word, count=1)


def _without_vni(word: str) -> str:
    """Without digits when each can be a mark: 9 after a d, the others after a vowel."""
    unmarked = re.sub(r"^d([a-z0-8]*)9", r"d\1", word)
    if re.search(r"9|^[^aeiouy]*\d", unmarked):
        return word
    return re.sub(r"\d", "", unmarked)


@lru_cache(maxsize=_BEING_READ)
def forms(text: str) -> tuple[str, ...]:
    """Folded readings of the text to compare with, the plainest first; () when nothing can be read."""
    folded, decoded = fold(text), untelex(text)
    return _distinct((folded, expand(folded), decoded, expand(decoded)))


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


# ---------------------------------------------------------------- marks people did type


def marked_words(text: str) -> list[str]:
    """Words in lower case with their marks, aligned with the words of `fold`."""
    kept = (c if unicodedata.category(c)[0] in "LM" or c.isdecimal() else " " for c in _composed(text))
    return "".join(kept).split()


def _composed(text: str) -> str:
    return _clipped("NFKC", text).lower()


def contradicts(typed: str, meant: str) -> bool:
    """Typed with marks, and not those: "dừng" is not "đúng", "bà" not "ba". "hoà" and "hòa" agree."""
    return typed != fold(typed) and sorted(unicodedata.normalize("NFD", typed)) != sorted(
        unicodedata.normalize("NFD", meant)
    )


# ---------------------------------------------------------------- choices


@dataclass(frozen=True, slots=True)
class Match:
    """One choice that fits; score 0..100, where 100 is the same words."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a typed text may mean.

    `exact` is the choice whose phrase was typed. `close` holds indexes, best first: none - not understood,
    one - take it, more - ask which. When `exact` is set, `close` is just that one.
    """

    exact: int | None = None
    close: tuple[int, ...] = ()
    matches: tuple[Match, ...] = ()


_MARGIN = 6.0  # two candidates nearer than this are both offered
_CONTAINED_MAX_WORDS = 12  # a longer text is a story, a label inside it is chance
_SHORT_CHARS = 4  # up to this length a near miss is another word: "cha", "chè", "chả"


def match(text: str, choices: Sequence[Sequence[str]]) -> Found:
    """Which choice the text names; a choice is its label and aliases, in any language.

    The same words win; then a phrase within the text or the text within a phrase; then near misses.
    A negation around a phrase ("không gửi" for "Gửi") keeps it from being taken.
    """
    typed = _typed(text)
    if not typed.forms:
        return Found()
    if ranking := _named(typed, choices):
        return _found(ranking, exact=True)
    return _found(_contained(typed, choices) or _near(typed, choices), exact=False)


def same(text: str, choices: Sequence[Sequence[str]]) -> Found:
    """As `match`, but only the same words count, which is many times faster to find out."""
    typed = _typed(text)
    return _found(_named(typed, choices), exact=True) if typed.forms else Found()


def _named(typed: "_Typed", choices: Sequence[Sequence[str]]) -> "list[Match]":
    return _same_words(typed, choices) or _same_words(_bare(typed), choices)


def _found(ranking: Sequence[Match], *, exact: bool) -> Found:
    best = sorted(ranking, key=lambda m: -m.score)
    near = tuple(m for m in best if m.score > best[0].score - _MARGIN)
    close = tuple(m.index for m in near)
    return Found(close[0] if exact and len(close) == 1 else None, close, near)


@dataclass(frozen=True, slots=True)
class _Typed:
    """`joined`: the forms without their spaces; `long`: those of them that are no short word."""

    marked: tuple[str, ...]
    forms: tuple[str, ...]
    joined: frozenset[str]
    long: frozenset[str]

    @classmethod
    def made(cls, marked: Sequence[str], spelt: tuple[str, ...]) -> "_Typed":
        joined = {form: form.replace(" ", "") for form in spelt}
        long = frozenset(joined[form] for form in spelt if len(form) > _SHORT_CHARS + 1)
        return cls(tuple(marked), spelt, frozenset(joined.values()), long)


@lru_cache(maxsize=_BEING_READ)
def _typed(text: str) -> _Typed:
    return _Typed.made(marked_words(text), tuple(map(spelling, forms(text))))


@lru_cache(maxsize=_BEING_READ)
def _bare(typed: _Typed) -> _Typed:
    """Without the courtesies around an answer: "dạ có ạ" -> "có". "Đã có" is not a courtesy."""
    if "đã" in typed.marked:
        return typed
    forms_ = (" ".join(_without_courtesy(form.split())) for form in typed.forms)
    return _Typed.made(_without_courtesy(typed.marked), _distinct(forms_))


@lru_cache(maxsize=4096)  # what is offered comes again and again; what people type is not kept
def _phrase(text: str) -> _Typed:
    folded = fold(text)
    return _Typed.made(marked_words(text), _distinct(map(spelling, (folded, expand(folded)))))


@lru_cache(maxsize=4096)
def _joined(phrases: tuple[str, ...]) -> frozenset[str]:
    """All the forms of a choice without their spaces."""
    return frozenset().union(*(_phrase(phrase).joined for phrase in phrases))


def spelling(form: str) -> str:
    """One spelling for i and y where both are usual: "dang ki", "qui dinh"."""
    return _WRITTEN_I.sub(r"\1y", form)


_WRITTEN_I = re.compile(r"\b(h|k|l|m|t|qu)i\b")


_BEFORE = _words("da vang thua em oi chi anh cho toi minh muon la thi u ok chon bam nhan")
_AFTER = _words("a ah nhe nha nhen em oi chi anh di nhi voi giup ban chu bac vay the luon")


def _without_courtesy(words: Sequence[str]) -> Sequence[str]:
    while len(words) > 1 and fold(words[-1]) in _AFTER:
        words = words[:-1]
    while len(words) > 1 and fold(words[0]) in _BEFORE:
        words = words[1:]
    return words


def _same_words(typed: _Typed, choices: Sequence[Sequence[str]]) -> list[Match]:
    ranking = [
        Match(index, score)
        for index, phrases in enumerate(choices)
        if not typed.joined.isdisjoint(_joined(tuple(phrases)))  # of most choices: nothing in common
        and (score := max((_sameness(typed, _phrase(p)) for p in phrases), default=0.0))
    ]
    as_marked = [m for m in ranking if m.score == 100]
    return as_marked or ranking


def _sameness(typed: _Typed, phrase: _Typed) -> float:
    """100 the same down to the marks, 99 the same but for marks, 98 but for spaces, else 0."""
    if not phrase.forms:
        return 0.0
    if typed.marked == phrase.marked:
        return 100.0
    if typed.joined.isdisjoint(phrase.joined):
        return 0.0
    if not set(typed.forms).isdisjoint(phrase.forms):
        return 0.0 if _another_word(typed, phrase) else 99.0
    return 0.0 if typed.joined.isdisjoint(phrase.long) else 98.0


def _another_word(typed: _Typed, phrase: _Typed) -> bool:
    """One word against one word, and the marks say no. In longer phrases a wrong mark is a slip."""
    return len(typed.marked) == len(phrase.marked) == 1 and _marked_otherwise(typed, phrase)


# ---------------------------------------------------------------- a phrase within the text, and the other way

# Folded and as meant: without marks "dung" may be "đừng" (do not), with them "đúng" (right) is none.
_NEGATIONS = {
    "khong": ("không",), "chua": ("chưa",), "dung": ("đừng", "dừng"), "chang": ("chẳng",), "cha": ("chả",),
    "thoi": ("thôi",), "huy": ("hủy",), "not": ("not",), "no": ("no",), "dont": ("dont",), "never": ("never",),
}  # fmt: skip
_EMPTY_WORDS = _NEGATIONS.keys() | _BEFORE | _AFTER | _words("co duoc roi sao gi nao va hay cua cac nhung")


def _contained(typed: _Typed, choices: Sequence[Sequence[str]]) -> list[Match]:
    inside = {i: held for i, phrases in enumerate(choices) if (held := _held_phrases(typed, map(_phrase, phrases)))}
    if inside:
        return [Match(i, 90.0) for i, held in inside.items() if not _outdone(held, i, inside)]
    around = [(i, max((_holds(_phrase(p), typed) for p in ps), default=0.0)) for i, ps in enumerate(choices)]
    if (
        len(typed.marked) > 1
    ):  # "rau củ quả" begins one kind and stands in another: not the same as the verb of a button
        return [Match(i, score) for i, score in around if score]
    best = max((score for _, score in around), default=0.0)
    return [Match(i, score) for i, score in around if score and score == best]


def _held_phrases(typed: _Typed, phrases: Iterable[_Typed]) -> set[str]:
    """Folded phrases that stand as whole words in the text, unless negated or written with other marks."""
    return {
        form
        for phrase in phrases
        for form in phrase.forms
        for text in typed.forms
        if _stands_in(form, text) and not _negated(typed, text, form) and not _marked_otherwise(typed, phrase)
    }


def _stands_in(form: str, text: str) -> bool:
    if len(form) <= _SHORT_CHARS:  # "có" in "cơ sở có vườn" says nothing
        return text.startswith(f"{form} ") and len(text.split()) <= 3
    if text.startswith(f"{form} "):
        return True
    return f" {form} " in f" {text} " and len(text.split()) <= _CONTAINED_MAX_WORDS


def _negated(typed: _Typed, text: str, form: str) -> bool:
    """Whether a negation stands in the text outside the form: "không gửi" is not "gửi"."""
    rest = set(f" {text} ".replace(f" {form} ", " ", 1).split())
    return any(word in _NEGATIONS and _may_mean(typed.marked, word, _NEGATIONS[word]) for word in rest)


def _may_mean(typed: Sequence[str], folded: str, meanings: Sequence[str]) -> bool:
    spelt = {word for word in typed if fold(word) == folded}
    return not spelt or any(not contradicts(word, meant) for word in spelt for meant in meanings)


def _marked_otherwise(typed: _Typed, phrase: _Typed) -> bool:
    """A word of the phrase was typed only with other marks: "thuốc đông y" does not hold "đồng ý".

    A phrase without any marks may just be a lazy alias and contradicts nothing.
    """
    if all(word == fold(word) for word in phrase.marked):
        return False
    return any(_only_contradicted(typed.marked, word) for word in phrase.marked)


def _only_contradicted(typed: Sequence[str], meant: str) -> bool:
    spelt = {word for word in typed if fold(word) == fold(meant)}
    return bool(spelt) and all(contradicts(word, meant) for word in spelt)


def _outdone(held: set[str], index: int, inside: dict[int, set[str]]) -> bool:
    """Every phrase of this choice is only part of a longer phrase of another: "dong y" in "khong dong y"."""
    others = [form for i, forms_ in inside.items() if i != index for form in forms_]
    return all(any(form != other and f" {form} " in f" {other} " for other in others) for form in held)


def _holds(phrase: _Typed, typed: _Typed) -> float:
    """The text is the beginning of the phrase (89), or some of its words (85)."""
    if len(typed.marked) == 1 and _marked_otherwise(typed, phrase):
        return 0.0
    pairs = [(form, text) for form in phrase.forms for text in typed.forms if len(text) > 1]
    if any(form.startswith(f"{text} ") for form, text in pairs):
        return 89.0
    return 85.0 if any(f" {text} " in f" {form} " and _says_something(text) for form, text in pairs) else 0.0


def _says_something(text: str) -> bool:
    return len(text) > 2 and not _EMPTY_WORDS.issuperset(text.split())


# ---------------------------------------------------------------- near misses


def _near(typed: _Typed, choices: Sequence[Sequence[str]]) -> list[Match]:
    scored = (Match(i, max((_nearness(typed, _phrase(p)) for p in ps), default=0.0)) for i, ps in enumerate(choices))
    return [m for m in scored if m.score]


def _nearness(typed: _Typed, phrase: _Typed) -> float:
    return max((_best_window(typed, text, form) for text in typed.forms for form in phrase.forms), default=0.0)


def _best_window(typed: _Typed, text: str, form: str) -> float:
    """Similarity of the phrase with the whole text or with as many words in a row; 0 when too far."""
    whole = near_miss(text, form)
    words, size = text.split(), len(form.split())
    if whole or len(form) < 7 or not size < len(words) <= _CONTAINED_MAX_WORDS:
        return whole
    windows = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return max((near_miss(w, form) for w in windows if not _negated(typed, text, w)), default=0.0)


def near_miss(typed: str, meant: str) -> float:
    """Similarity 0..100 of two folded texts, 0 when they differ by more than typing slips.

    Allowed: 1 slip from 5 letters, 2 from 9, 3 from 15; a slip is a letter missing, added, wrong or swapped
    with its neighbour. Digits and short words must agree.
    """
    shorter, longer = sorted((len(typed), len(meant)))
    allowed = allowed_slips(shorter)
    if not allowed or longer - shorter > allowed:
        return 0.0
    slips = OSA.distance(typed, meant, score_cutoff=allowed)
    return 100.0 * (1 - slips / longer) if slips <= allowed and _digits(typed) == _digits(meant) else 0.0


def allowed_slips(length: int) -> int:
    return (length > _SHORT_CHARS) + (length > 8) + (length > 14)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


# ---------------------------------------------------------------- numbers as answers

_NUMBER_WORDS = {
    "một": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8,
    "chín": 9, "mười": 10,
}  # fmt: skip
_FOLDED_NUMBERS = {fold(word): value for word, value in _NUMBER_WORDS.items()}
_BEFORE_NUMBER = _words("so cau muc chon bam nhan cai y dong phuong an lua option number line no da vang")
_PERSONS = _words("em chi anh toi minh tui")
_AFTER_NUMBER = _AFTER - {"bac", "ban", "di"}
LAST = -1
"""The number of "cái cuối": the last line, however many there are."""
_NOT_A_CHOICE = re.compile(r"(?<!\w)[-−+]\d|[%‰]")


@lru_cache(maxsize=_BEING_READ)
def number(text: str) -> int | None:
    """The number of a list answer: "2", "2.", "(3)", "số 2", "câu hai", "cái đầu tiên", "em chọn 2 ạ"; None otherwise.

    Up to four digits; words from "một" to "mười". "năm" is also a year and "ba" a father: labels that are
    such words should be matched before this is asked.
    """
    words = fold(text).split()
    if _NOT_A_CHOICE.search(_clipped("NFKC", text)):
        return None
    while len(words) > 1 and words[-1] in _AFTER_NUMBER:
        words.pop()
    if (place := _ordinal(words, marked_words(text))) is not None:
        return place
    while len(words) > 1 and words[0] in _BEFORE_NUMBER | (_PERSONS if words[-1].isdigit() else frozenset()):
        words.pop(0)
    if len(words) != 1:
        return None
    return _digits_value(words[0]) if words[0].isdecimal() else _word_value(words[0], text)


def names_line(text: str) -> bool:
    """Whether a number that was typed is said to be a line's: "dòng 2", "line 2"."""
    return not _LINE_NAMED.isdisjoint(fold(text).split())


_LINE_NAMED = _words("dong line")
_LINE_WORDS = ("cái", "dòng", "số", "câu", "mục", "ý", "xã", "phường", "tỉnh")
_ORDINALS = {
    **dict.fromkeys(("đầu", "đầu tiên", "thứ nhất"), 1),
    **dict.fromkeys(("cuối", "cuối cùng", "sau cùng"), LAST),
    **{f"thứ {word}": value for word, value in _NUMBER_WORDS.items()},
    **{f"thứ {value}": value for value in range(1, 11)},
}
_ORDINAL = {f"{fold(line)} {fold(words)}": (line, words) for line in _LINE_WORDS for words in _ORDINALS}


def _ordinal(words: Sequence[str], marked: Sequence[str]) -> int | None:
    """ "cái đầu tiên", "dòng cuối", "cái thứ hai": with the word for a line, as "thứ hai" alone is Monday.

    Marks must not say otherwise, and "cai dau" without any may be the town of Cái Dầu.
    """
    while len(words) > 2 and words[0] in _PERSONS | _BEFORE:
        words, marked = words[1:], marked[1:]
    if (meant := _ORDINAL.get(" ".join(words))) is None:
        return None
    spelt, typed = " ".join(meant).split(), marked[: len(words)]
    if any(map(contradicts, typed, spelt)) or (meant[1] == "đầu" and typed[-1] != "đầu"):
        return None
    return _ORDINALS[meant[1]]


def _digits_value(word: str) -> int | None:
    return int(word) if len(word) <= 4 else None


def _word_value(word: str, text: str) -> int | None:
    spelt = [w for w in marked_words(text) if fold(w) == word]
    if any(contradicts(w, right) for w in spelt for right in _NUMBER_WORDS if fold(right) == word):
        return None
    return _FOLDED_NUMBERS.get(word)


# ---------------------------------------------------------------- questions

# Each with its marks, so that a text typed with marks is not misread: "ổ đậu" is not "ở đâu".
_ASKING = tuple(
    tuple(phrase.split())
    for phrase in (
        "là gì", "gì vậy", "gì thế", "được gì", "những gì", "gồm gì", "giấy tờ gì", "lợi gì", "gì không",
        "thế nào", "ra sao", "làm sao", "sao vậy", "tại sao", "vì sao", "sao lại", "ở đâu", "chỗ nào",
        "đến đâu rồi",
        "tới đâu rồi", "khi nào", "bao giờ", "lúc nào", "chừng nào", "bao nhiêu", "bao lâu", "mấy ngày",
        "mấy tháng", "mấy sao", "mấy điểm", "mấy tiền", "được không", "phải không", "đúng không", "hay không",
        "được chưa", "xong chưa", "rồi chưa", "có phải", "nghĩa là sao", "cái nào", "loại nào", "mẫu nào", "nhóm nào",
        "ngày nào", "nộp đâu", "gửi đâu", "đi đâu", "gì nữa không", "rồi sao", "sao nữa", "mấy người",
    )
)  # fmt: skip
_ASKING_FOLDED = tuple((phrase, frozenset(map(fold, phrase))) for phrase in _ASKING)
# Without marks "dau" is as likely oil, bean or mulberry ("tinh dau"), and "nao" the brain.
_ASKING_LAST_MARKED = frozenset({"nào", "đâu"})
_ASKING_FRAMES = (("có", "không"), ("đã", "chưa"))
_ASKING_FIRST = (
    "what", "how", "why", "where", "when", "which", "who", "can i", "can we", "can you", "could you", "do i",
    "do we", "does", "is it", "is there", "are there", "may i", "should i", "am i", "ai duoc", "ai cham",
    "sao phai", "sao khong",
)  # fmt: skip
# "bao nhiêu cũng được", "ở đâu đó", "gì đó": the words are there and nothing is asked.
_NOT_ASKING_NEXT = _words("cung do ay day cha dau")
_HOI_FOLLOWED_BY = _words(
    "em chi anh co bac chut xiu ti ve the xem la gi cai ban xa thu may nay them dieu tham nho viec ad"
)
_ASK_OPENING = re.compile(
    r"(?:(?:da|a|alo|chao|em|chi|anh|co|bac|ban|ad|shop|oi|thua|minh|toi|muon|can|cho|xin|lam on|ma|con|the)"
    r"\s)*"
    r"(?:cho|xin|muon|can|ma)\s(?:(?:em|chi|anh|toi|minh|tui|co|bac|ba con)\s)?hoi\b"
)
# Nobody answers so: "bao nhiêu người thì được hỗ trợ", "tôi nhớ cái gì nữa không", "xã bảo thế nào tôi quên rồi".
_PLAINLY_ASKS = re.compile(
    r"(?:bao nhieu|may) (?:\w+ ){1,3}(?:thi|moi) (?:duoc|du|phai|moi|co|nhan)\b"
    r"|.*\bgi nua khong$"
    r"|.* (?:toi|minh|em|tui) quen(?: mat| het)?(?: roi)?$"
)
_QUESTION_MARK = re.compile(r"[?？¿؟⁇⁈❓❔]")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+")


def looks_like_question(text: str) -> bool:
    """Whether anything asks at all; see `question_strength`."""
    return question_strength(text) > 0


@lru_cache(maxsize=_BEING_READ)
def question_strength(text: str) -> int:
    """2 - a question mark or an opening such as "cho hỏi"; 1 - question words only; 0 - no question."""
    text = _ADDRESS.sub(" ", text)
    if _QUESTION_MARK.search(text):
        return 2
    marked = marked_words(text)
    asks = _asks(marked)
    if asks and _PLAINLY_ASKS.match(" ".join(_bare_asking(marked))):
        return 2
    return max(_opening_strength(marked), int(asks))


def _opening_strength(marked: Sequence[str]) -> int:
    words = expand(" ".join(map(fold, marked))).split()
    if not words:
        return 0
    if _ASK_OPENING.match(" ".join(words)):
        return 2 if _hoi_as_marked(marked) else 0
    if words[0] == "ask":
        return 2
    return _hoi_strength(marked, words) if words[0] == "hoi" else 0


def _hoi_as_marked(marked: Sequence[str]) -> bool:
    spelt = [word for word in marked if fold(word) == "hoi"]
    return bool(spelt) and not contradicts(spelt[0], "hỏi")


def _hoi_strength(marked: Sequence[str], words: Sequence[str]) -> int:
    """ "hoi" typed bare may be hỏi (ask), hồi (star anise, an OCOP product) or Hội An."""
    if marked[0] == "hỏi":
        return 2
    if marked[0] != "hoi":
        return 0
    return 2 if len(words) == 1 or words[1] in _HOI_FOLLOWED_BY or _asks(marked) else 0


def _bare_asking(marked: Sequence[str]) -> list[str]:
    """Folded, shortenings written out, without the courtesies around it."""
    return list(_without_courtesy([fold(word) for word in _spelt_out(marked)]))


def _asks(marked: Sequence[str]) -> bool:
    words = _spelt_out(marked)
    while len(words) > 1 and fold(words[-1]) in _AFTER:
        words.pop()
    plain = [fold(word) for word in words]
    there = set(plain)
    return (
        f"{' '.join(plain)} ".startswith(tuple(f"{opening} " for opening in _ASKING_FIRST))
        or any(_occurs(words, plain, phrase) for phrase, needed in _ASKING_FOLDED if needed <= there)
        or any(_frames(words, first, last) for first, last in _ASKING_FRAMES)
        or _asks_last(words, plain)
    )


def _spelt_out(marked: Sequence[str]) -> list[str]:
    """Shortenings written out, "3 sao dc j" -> "3 sao duoc gi"; other words keep their marks."""
    plain = [_undrawn(fold(word)) for word in marked]
    full = [_in_full(before, word) for before, word in pairwise(["", *plain])]
    as_typed = (typed if word == short else word for typed, short, word in zip(marked, plain, full, strict=True))
    return " ".join(as_typed).split()


def _asks_last(words: Sequence[str], plain: Sequence[str]) -> bool:
    """ "nộp gì" asks, "không có gì" answers, "gì" alone does neither."""
    if len(words) < 2 or not _NEGATIONS.keys().isdisjoint(plain):
        return False
    return words[-1] in _ASKING_LAST_MARKED or _fits(words[-1:], ("gì",))


def _frames(words: Sequence[str], first: str, last: str) -> bool:
    """ "có ... không": a question with something in between, not the answers "có" and "không".

    Who types marks means "cá da trơn kho chua" (sour) as it stands.
    """
    if any(word != fold(word) for word in words):
        return words[-1] == last and first in words[:-2]
    return len(words) > 2 and words[-1] == fold(last) and fold(first) in words[:-2]


@lru_cache(maxsize=256)  # words of the phrases above
def _folded_asking(word: str) -> str:
    return fold(word)


def _occurs(words: Sequence[str], plain: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    return any(
        _fits(words[i : i + size], phrase) and not (i + size < len(words) and plain[i + size] in _NOT_ASKING_NEXT)
        for i in range(len(words) - size + 1)
        if plain[i] == _folded_asking(phrase[0])
    )


def _fits(words: Sequence[str], phrase: Sequence[str]) -> bool:
    return all(fold(w) == fold(p) and not contradicts(w, p) for w, p in zip(words, phrase, strict=True))


# ---------------------------------------------------------------- a statement and a question in one message

# A sentence ends at its mark before a space; "2.5" and "P.15" are not ends, nor is the dot of "TP. Huế".
_SENTENCE_END = re.compile(
    r"(?<!\b[A-ZĐ]\.)(?<!\bTP\.)(?<!\btp\.)(?<!\bTX\.)(?<!\btx\.)(?<=[.!;…])\s+"
    r"|(?<=[?？])(?![?？!.…\s])|(?<=[?？])\s+|[\r\n]+"
)
_TURN = re.compile(
    r"\s{0,3}[,;–—-]\s{0,3}(?=(?:mà|ma|còn|con|thế|the|vậy|vay|à mà|a ma|nhân tiện|nhan tien|em ơi|em oi"
    r"|hỏi|hoi|cho)\s)"
    r"|\s(?=(?:em ơi |em oi )?(?:cho|xin) (?:(?:em|chị|chi|anh|tôi|toi|mình|minh) )?(?:hỏi|hoi)\b)",
    re.IGNORECASE,
)
_VOCATIVES = _words("da a alo chao xin em chi anh co bac ban ad oi thua vang u ok hi hello")


def without_call(text: str) -> str:
    """Without who is called first: "em ơi tôi đây, làm tiếp" -> "làm tiếp"."""
    call, _, rest = text.partition(",")
    return rest.strip() if rest.strip() and (_VOCATIVES | _PERSONS | {"day"}).issuperset(fold(call).split()) else text


_MAX_SENTENCES = 200


def split_question(text: str) -> tuple[str, str]:
    """(statement, question), each as typed but for the mark between them; "" for what is missing.

    Calling words ("em ơi") go with the question: they are no answer. No word is lost, however long the text;
    after _MAX_SENTENCES the rest is one sentence.
    """
    sentences = _SENTENCE_END.split(text, maxsplit=_MAX_SENTENCES)
    parts = [part for sentence in sentences for part in _turns(sentence) if part.strip()]
    asked = [looks_like_question(part) for part in parts]
    if not any(asked):
        return text.strip(), ""
    aside = [asks or _VOCATIVES.issuperset(fold(part).split()) for part, asks in zip(parts, asked, strict=True)]
    told = " ".join(part.strip() for part, out in zip(parts, aside, strict=True) if not out)
    return told.rstrip(" .,;…-–—"), " ".join(part.strip() for part, out in zip(parts, aside, strict=True) if out)


def _turns(sentence: str) -> list[str]:
    """The sentence cut where it turns to a question: "Chuối sấy, mà 3 sao được gì"; else in one piece."""
    for turn in islice(_TURN.finditer(sentence), 3):
        told, asked = sentence[: turn.start()], sentence[turn.end() :]
        if told.strip() and looks_like_question(asked) and not looks_like_question(told):
            return [told, asked]
    return [sentence]
