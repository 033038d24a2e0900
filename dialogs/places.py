"""Provinces and communes by code, and finding them the way people write where they live.

Source of the units and of what became of the former ones: the tables in dialogs/rules/, whose headers say
where they come from. Codes are those of Decision 19/2025/QĐ-TTg: two digits for a province, five for a commune.

    find_communes("xa muong khong tuan giao", None)  -> xã Chiềng Sinh, former "xã Mường Khong (Tuần Giáo)"
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from dialogs.matching import allowed_slips, contradicts, fold, marked_words, near_miss, spelling, untelex

_RULES = Path(__file__).with_name("rules")


@dataclass(frozen=True, slots=True)
class Province:
    """A province ("tỉnh") or centrally run city ("thành phố"); the name stands without that word."""

    code: str
    name: str
    kind: str
    former_names: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune: "xã", "phường" or "đặc khu". `prefix` opens its case codes ("TL12") and never changes."""

    code: str
    name: str
    kind: str
    province_code: str
    prefix: str

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """A commune found; `former` is the old unit it was found by, "xã Mường Khong (Tuần Giáo)", or None."""

    commune: Commune
    former: str | None = None


# ---------------------------------------------------------------- by code


def provinces() -> tuple[Province, ...]:
    """All 34, in order of code."""
    return tuple(_provinces().values())


def province(code: str) -> Province | None:
    return _provinces().get(code)


def communes_of(province_code: str) -> tuple[Commune, ...]:
    """In order of code; () for an unknown province."""
    return tuple(c for c in _communes().values() if c.province_code == province_code)


def commune(code: str) -> Commune | None:
    return _communes().get(code)


def commune_by_prefix(prefix: str) -> Commune | None:
    """The commune whose case codes begin so; the case of letters does not matter."""
    return _by_prefix().get(prefix.upper())


def territory(commune_code: str) -> str:
    """Province and commune codes as one path, "11/03253". KeyError for an unknown commune."""
    return f"{_communes()[commune_code].province_code}/{commune_code}"


def parse_territory(path: str) -> tuple[Province, Commune | None] | None:
    """What "11/03253" or, for a whole province, "11" stands for; None when there is no such territory."""
    province_code, slash, commune_code = path.partition("/")
    place, inside = province(province_code), commune(commune_code)
    if place is None or (slash and (inside is None or inside.province_code != province_code)):
        return None
    return place, inside


# ---------------------------------------------------------------- the tables


def _rows(file_name: str) -> Iterator[list[str]]:
    lines = (_RULES / file_name).read_text("utf-8").splitlines()
    return (line.split("\t") for line in lines if line and not line.startswith("#"))


@cache
def _provinces() -> Mapping[str, Province]:
    return {
        code: Province(code, name, kind.lower(), tuple(filter(None, former.split(";"))))
        for code, kind, name, former in _rows("provinces.tsv")
    }


@cache
def _communes() -> Mapping[str, Commune]:
    return {
        code: Commune(code, *_name_and_kind(full_name), province_code, prefix)
        for code, full_name, province_code, prefix in _rows("communes.tsv")
    }


@cache
def _by_prefix() -> Mapping[str, Commune]:
    return {c.prefix: c for c in _communes().values()}


_KINDS = ("Thị trấn", "Thị xã", "Thành phố", "Đặc khu", "Phường", "Huyện", "Quận", "Xã")


@cache
def _name_and_kind(full_name: str) -> tuple[str, str]:
    """ "Xã Tân Lĩnh" -> ("Tân Lĩnh", "xã")."""
    kind = next(kind for kind in _KINDS if full_name.startswith(f"{kind} "))
    return full_name[len(kind) + 1 :], kind.lower()


# ---------------------------------------------------------------- finding provinces

# What people call them besides their names and the names merged away in 2025.
_ALSO_CALLED = {
    "01": "hn, ha tay",
    "19": "bac can",
    "46": "thua thien hue, thua thien, tt hue",
    "48": "dn",
    "51": "con tum",
    "56": "nha trang",
    "66": "dac lac, dak lac, buon ma thuot",
    "68": "dac nong, da lat",
    "79": "hcm, hcmc, tphcm, sg, sai gon, vung tau, ba ria, brvt, ho chi minh city",
}
_PROVINCE_NOISE = frozenset({"tinh", "t", "thanh", "pho", "tp", "o", "em", "chi", "anh", "toi", "minh", "a", "nha"})


def find_provinces(text: str) -> tuple[Province, ...]:
    """Provinces the text may name, best first; () for none. One whose name was typed comes alone.

    Names merged away in 2025 lead to today's province. A beginning ("quang") gives every province with it.
    """
    typed = _province_forms(text)
    whole = ["".join(words) for words in typed]
    within = [run for words in typed for run in _runs(words)]
    codes = (
        _provinces_named(whole) or _provinces_within(within) or _provinces_beginning(whole) or _provinces_near(whole)
    )
    return tuple(_provinces()[code] for code in dict.fromkeys(codes))


def _province_forms(text: str) -> list[list[str]]:
    """Its words, and the same without what people say around a province's name."""
    return [words for form in _key_forms(text) for words in (form, _without(_PROVINCE_NOISE, form)) if words]


def _province_called(text: str) -> str:
    """Code of the province whose name this is, with nothing else beside it, or ""."""
    return next(iter(_provinces_named(["".join(words) for words in _province_forms(text)])), "")


def _provinces_named(typed: Sequence[str]) -> list[str]:
    return [_province_names()[name] for name in typed if name in _province_names()]


def _provinces_within(runs: Sequence[str]) -> list[str]:
    """Provinces named somewhere in a longer text; initials do not count there."""
    return _provinces_named([run for run in runs if len(run) > 4 or run == "hue"])


def _provinces_beginning(typed: Sequence[str]) -> list[str]:
    starts = tuple(start for start in typed if len(start) > 2)
    return [code for name, code in _province_names().items() if name.startswith(starts)]


def _provinces_near(typed: Sequence[str]) -> list[str]:
    scored = [
        (score, code)
        for name, code in _province_names().items()
        if (score := max((near_miss(word, name) for word in typed), default=0.0))
    ]
    best = max((score for score, _ in scored), default=0.0)
    return [code for score, code in sorted(scored, reverse=True) if score > best - 5]


@cache
def _province_names() -> Mapping[str, str]:
    """Code by joined name: today's names, the merged ones and what people say."""
    names = ((name, p.code) for p in provinces() for name in (p.name, *p.former_names))
    also = ((name, code) for code, called in _ALSO_CALLED.items() for name in called.split(","))
    return {_joined(name): code for name, code in (*names, *also)}


# ---------------------------------------------------------------- what was typed, and what names are compared by


def _key_forms(text: str) -> list[list[str]]:
    """Folded words of the text, as typed and without Telex leftovers: "P.015" -> p, 15."""
    readings = dict.fromkeys(spelling(form) for form in (fold(text), untelex(text)))
    return [_words(form) for form in readings if form]


def _words(form: str) -> list[str]:
    return re.sub(r"\b0+(?=\d)", "", re.sub(r"\b([a-z]+)(?=\d)", r"\1 ", form)).split()


@cache  # names of the tables only
def _joined(name: str) -> str:
    """How names are compared: folded and without spaces, since "Ea H'Leo" is typed in three ways."""
    return "".join(map(_joined_word, name.split()))


@cache
def _joined_word(word: str) -> str:
    return "".join(_words(spelling(fold(word))))


def _without(noise: frozenset[str], words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in noise]


def _runs(words: Sequence[str]) -> list[str]:
    """Every row of up to six words, joined, the longest first."""
    lengths = range(min(len(words), 6), 0, -1)
    return ["".join(words[i : i + size]) for size in lengths for i in range(len(words) - size + 1)]


# ---------------------------------------------------------------- the index of communes


class _Entry(NamedTuple):
    """One name a commune can be found by. `areas` are joined names of districts that may stand beside it."""

    commune: Commune
    name: tuple[str, ...]  # words with marks, lower case
    kind: str
    areas: frozenset[str]
    former: str | None = None


_Index = Mapping[str, Sequence[_Entry]]


@cache
def _index(province_code: str | None) -> _Index:
    """Entries by joined name, of one of today's provinces or of the country."""
    if province_code is None:
        return _whole_index()
    index = {
        name: [entry for entry in entries if entry.commune.province_code == province_code]
        for name, entries in _whole_index().items()
    }
    return {name: entries for name, entries in index.items() if entries}


@cache
def _whole_index() -> _Index:
    index: defaultdict[str, list[_Entry]] = defaultdict(list)
    former = [_Former._make(row) for row in _rows("former_communes.tsv")]
    areas = _areas_by_code(former)
    for c in _communes().values():
        index[_joined(c.name)].append(_Entry(c, _marked(c.name), c.kind, frozenset(areas[c.code])))
    for old in former:
        for name, entry in old.entries():
            index[name].append(entry)
    return dict(index)


def _areas_by_code(former: Iterable["_Former"]) -> defaultdict[str, set[str]]:
    """The former districts and provinces of each of today's communes."""
    areas: defaultdict[str, set[str]] = defaultdict(set)
    for old in former:
        for code in old.codes.split():
            areas[code] |= old.areas()
    return areas


@cache
def _today(code: str) -> frozenset[str]:
    """What may stand beside any name of a commune: its own and its province's, "Thạch Kim nay là Lộc Hà"."""
    c = _communes()[code]
    return frozenset({_joined(c.name), _joined(_provinces()[c.province_code].name)})


@cache
def _areas(district: str, province_name: str) -> frozenset[str]:
    return frozenset({_joined(_name_and_kind(district)[0]), _joined(province_name)})


class _Former(NamedTuple):
    """One row of former_communes.tsv."""

    full_name: str
    district: str
    province: str
    codes: str
    earlier: str

    def areas(self) -> frozenset[str]:
        return _areas(self.district, self.province)

    def entries(self) -> Iterator[tuple[str, _Entry]]:
        """Joined name and entry for each commune it went to; not where the name lives on."""
        name, kind = _name_and_kind(self.full_name)
        joined, marked, areas = _joined(name), _marked(name), self.areas()
        shown = self._shown(name, kind)
        for c in map(_communes().__getitem__, self.codes.split()):
            if name != c.name:
                yield joined, _Entry(c, marked, kind, areas, shown)
            for earlier in self.earlier.split():
                yield earlier, _Entry(c, marked, kind, areas, shown)

    def _shown(self, name: str, kind: str) -> str:
        district, _ = _name_and_kind(self.district)
        if self.district == self.full_name:  # an island district without communes
            return f"{kind} {name}"
        return f"{kind} {name} ({self.district if district.isdigit() else district})"


@cache
def _marked(name: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s'-]+", name.lower()))


# ---------------------------------------------------------------- finding communes

_KIND_WORDS = {
    "xa": "xã", "x": "xã", "phuong": "phường", "p": "phường", "f": "phường", "tran": "thị trấn", "tt": "thị trấn",
    "khu": "đặc khu", **dict.fromkeys(("huyen", "h", "quan", "q", "tx", "tp", "pho", "tinh"), "area"),
}  # fmt: skip
_NOISE = frozenset(
    [
        *("xa", "x", "phuong", "p", "f", "thi", "tran", "tt", "dac", "khu", "huyen", "h", "quan", "q", "tx", "tp"),
        *("thanh", "pho", "tinh", "t", "viet", "nam", "vn", "o", "tai", "thuoc", "nay", "la", "cu", "moi", "truoc"),
        *("em", "chi", "anh", "toi", "tui", "minh", "nha", "que", "ben", "da", "a", "ah", "nhe", "oi", "va", "cho"),
        *("ubnd", "uy", "ban", "nhan", "dan"),
    ]
)
_Spellings = Mapping[str, Sequence[str]]
_MAX_HITS = 8
_MAX_WORDS = 24  # an address has fewer; a longer text is read only so far
_MARGIN = 5  # hits this much below the best are left out
_CLEAR = 57  # below this no name was plainly typed, so near misses are looked for
_TRIED_AGAIN = 60  # so many of the plain finds are read again for a mistyped district
_NEAR = 52  # what a near miss must reach; one with a stray word beside it does not


@dataclass(frozen=True, slots=True)
class _Reading:
    """A row of the typed words taken as the name, with the words before and after it."""

    name: str
    before: Sequence[str] = field(default=())
    after: Sequence[str] = field(default=())

    @property
    def kind(self) -> str | None:
        """The kind of unit typed right before the name; of districts and provinces "area"."""
        if self.before[-1:] == ["xa"] and self.before[-2:-1] == ["thi"]:
            return "area"
        return _KIND_WORDS.get(self.before[-1]) if self.before else None


@lru_cache(1000)  # a name is looked for at each question that might be meant by it, and many write the same
def find_communes(text: str, province_code: str | None) -> tuple[PlaceHit, ...]:
    """Communes the text may mean, best first, at most eight; () for none.

    Several when a name occurs more than once or a former commune was divided: ask which. Names before 2025,
    a district or province beside the name, missing marks and small typing slips are all understood.
    """
    readings = [reading for words in _key_forms(text) for reading in _readings(words[:_MAX_WORDS])]
    typed = _spellings(text)
    index = _index(province_code)
    named = [(_score(r, e, typed), r, e) for r in readings for e in index.get(r.name, ())]
    scored = [(score, entry) for score, _, entry in named]
    if max((score for score, _ in scored), default=0) < _CLEAR:
        best = sorted(named, key=lambda found: -found[0])[:_TRIED_AGAIN]
        scored += [(_score(r, e, typed, _resembles), e) for _, r, e in best]
        scored += _near(readings, typed, province_code)
    return _best_hits(scored)


def find_within(text: str) -> tuple[PlaceHit, ...]:
    """Communes of a text that says where they lie: "tan linh lao cai", "Lào Cai, xã Tân Lĩnh".

    () where it names only the province or only a commune; "yen bai lao cai" are two names of one province.
    """
    words = text.split()[:_MAX_WORDS]
    ends = range(1, len(words))
    parts = [(" ".join(words[:end]), " ".join(words[end:])) for end in ends]
    turned = [(last, first) for first, last in reversed(parts)]
    for commune_name, province_name in (*parts, *turned):  # the longest names of provinces first
        if code := _province_called(province_name):
            return () if _province_called(commune_name) else find_communes(commune_name, code)
    return ()


def _spellings(text: str) -> _Spellings:
    """What was typed for each folded word: {"tan": ["Tân", "tan"]} in lower case."""
    typed: defaultdict[str, list[str]] = defaultdict(list)
    for word in marked_words(text)[:_MAX_WORDS]:
        typed[fold(word)].append(word)
    return dict(typed)


def _misspelt(typed: _Spellings, word: str) -> bool:
    """Typed, and only with other marks: "Tản" is not "Tân"."""
    spelt = typed.get(_folded(word))
    return spelt is not None and all(contradicts(one, word) for one in spelt)


@cache  # words of the tables only
def _folded(word: str) -> str:
    return fold(word)


def _readings(words: Sequence[str]) -> Iterator[_Reading]:
    for start in range(len(words)):
        for end in range(start + 1, min(start + 6, len(words)) + 1):
            yield _Reading("".join(words[start:end]), words[:start], words[end:])


def _is_area(joined: str, areas: frozenset[str]) -> bool:
    return joined in areas


def _resembles(joined: str, areas: frozenset[str]) -> bool:
    """Is one of the areas or nearly so."""
    similar = (area for area in areas if abs(len(area) - len(joined)) <= allowed_slips(len(joined)))
    return joined in areas or any(near_miss(joined, area) for area in similar)


_Names = Callable[[str, frozenset[str]], bool]


def _score(reading: _Reading, entry: _Entry, typed: _Spellings, names: _Names = _is_area) -> int:
    """How well a reading fits: 60 for the name, more for what agrees beside it, less for what does not."""
    areas = entry.areas | _today(entry.commune.code)
    before, stray_before = _explained(reading.before, areas, names)
    after, stray_after = _explained(reading.after, areas, names)
    score = 60 + 8 * min(before + after, 2) - 8 * stray_after
    score -= 0 if reading.kind else 8 * stray_before  # "bản Nà Hẩu, xã ...": what stands before is smaller
    score += _for_kind(reading.kind, entry.kind) + (4 if entry.former is None else 0)
    return score - (6 if any(_misspelt(typed, word) for word in entry.name) else 0)


def _for_kind(typed: str | None, kind: str) -> int:
    """Kinds changed with the mergers, so another one weighs little; a district's name is hardly meant."""
    if typed is None:
        return 0
    return -12 if typed == "area" else 3 if typed == kind else -3


def _explained(words: Sequence[str], areas: frozenset[str], names: _Names) -> tuple[int, int]:
    """How many areas the words name, and how many words say nothing known."""
    if not words:
        return 0, 0
    for size in range(min(len(words), 5), 0, -1):
        if names("".join(words[:size]), areas):
            named, stray = _explained(words[size:], areas, names)
            return named + 1, stray
    named, stray = _explained(words[1:], areas, names)
    return named, stray + (words[0] not in _NOISE)


def _near(readings: Iterable[_Reading], typed: _Spellings, province_code: str | None) -> Iterator[tuple[int, _Entry]]:
    """Scored entries whose name was perhaps mistyped: where a name begins, 5 less for each slip."""
    index = _index(province_code)
    near = (
        (slips, reading, entry)
        for reading in readings
        if reading.kind or _NOISE.issuperset(reading.before)
        for name, slips in _near_names(reading.name, province_code)
        for entry in index[name]
    )
    for slips, reading, entry in sorted(near, key=lambda found: found[0])[:_TRIED_AGAIN]:
        if (score := _score(reading, entry, typed, _resembles) - 5 * slips) >= _NEAR:
            yield score, entry


def _near_names(joined: str, province_code: str | None) -> list[tuple[str, int]]:
    limit = allowed_slips(len(joined))
    if not limit:
        return []
    names = _names(province_code, len(joined), limit)
    found = process.extract(joined, names, scorer=OSA.distance, score_cutoff=limit, limit=5)
    return [(name, int(slips)) for name, slips, _ in found if near_miss(joined, name)]


@lru_cache(maxsize=512)
def _names(province_code: str | None, length: int, limit: int) -> tuple[str, ...]:
    """Those that so many slips may lead to from a word of this length."""
    return tuple(name for name in _index(province_code) if abs(len(name) - length) <= limit)


def _best_hits(scored: Iterable[tuple[int, _Entry]]) -> tuple[PlaceHit, ...]:
    """One hit per commune, by its better name, without those far below the best or hardly fitting at all."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    near = [(score, entry) for score, entry in ranked if score >= max(ranked[0][0] - _MARGIN, 45)]
    hits: dict[str, PlaceHit] = {}
    for _, entry in near:
        hits.setdefault(entry.commune.code, PlaceHit(entry.commune, entry.former))
    return tuple(hits.values())[:_MAX_HITS]
