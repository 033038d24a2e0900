"""The score sheets: they say what the decree's transcript says, and a wrong file is refused with its line."""

import hashlib
import json
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dialogs.rules.sheet as module
from dialogs.rules.ruleset import PART_IDS, Label, RulesetError, ruleset
from dialogs.rules.sheet import Criterion, Sheet, build, load, sheet, sheets
from dialogs.rules.tables import parse
from tests.test_catalog_voice import BANNED

FOLDER = Path(module.__file__).with_name("sheets")
REPOSITORY = Path(__file__).parent.parent
TRANSCRIPT = Path(os.environ.get("OCOP_CRITERIA") or REPOSITORY.parent / "shared/data/ocop-2026-criteria.json")
"""The decree's own wording, parsed. It is not part of the repository: OCOP_CRITERIA says where it is."""

FROZEN = "3305176f278459fcce0fc8ec812c04c2f648657d92932b329df481631fae781d"  # pragma: allowlist secret
"""Of all that is printed in the 26 sheets of 2026; changes only with the law or a correction, so look twice."""

every_set = pytest.mark.parametrize("number", range(1, 27))


# --- What the law says, as lines like "3.5|3: 1*** 2**** 3" ---


def priced(criterion: Criterion) -> str:
    prices = [f"{option.points}{'*' * (option.gate or 0)}" for option in criterion.options]
    return f"{criterion.max_points}: {' '.join(prices)}"


def lines(one: Sheet) -> list[str]:
    items = [f"{criterion.code}|{priced(criterion)}" for criterion in one.criteria]
    return sorted(items + [f"{section.code}|{section.max_points}" for section in one.sections])


def transcribed(one: Sheet) -> Iterator[str]:
    """The transcript's lines; where it has a slip the sheet remarks on, what the sheet reads instead."""
    printed = {remark.code: remark.printed for remark in one.remarks if remark.printed}
    headings = {section.code for section in one.sections}
    (found,) = (s for s in transcript() if s["set"] == one.number)
    assert [part["max"] for part in found["parts"]] == [str(one.parts[part]) for part in PART_IDS]
    for criterion in (criterion for part in found["parts"] for criterion in part["criteria"]):
        code = re.match(r"\d+(\.\d+)*", criterion["text"])
        assert code is not None
        said = _transcribed(criterion, heading=code[0] in headings)
        if code[0] in printed:
            assert said == printed.pop(code[0]), "the correction has nothing to correct"
            said = priced(one.criterion(code[0]))
        yield f"{code[0]}|{said}"
    assert printed == {}


def _transcribed(criterion: dict[str, Any], *, heading: bool) -> str:
    if heading:
        assert criterion["options"] == []
        return str(criterion["max"])
    prices = [f"{option['points'] or '?'}{'*' * (option['gate_star'] or 0)}" for option in criterion["options"]]
    if not prices:  # only a maximum is printed: a question of yes or no
        prices = ["0", criterion["max"]]
    return f"{criterion['max']}: {' '.join(prices)}"


@cache
def transcript() -> list[dict[str, Any]]:
    if not TRANSCRIPT.is_file():
        pytest.skip("the transcript is not here: set OCOP_CRITERIA to ocop-2026-criteria.json")
    found: list[dict[str, Any]] = json.loads(TRANSCRIPT.read_bytes())
    return found


@every_set
def test_every_item_option_and_star_is_as_transcribed(number: int) -> None:
    one = sheet("ocop-2026", number)
    assert lines(one) == sorted(transcribed(one))


def test_the_sheets_are_the_ones_compared_with_the_transcript() -> None:
    printed = "\n".join(f"{number}: {line}" for number in range(1, 27) for line in lines(sheet("ocop-2026", number)))
    assert hashlib.sha256(printed.encode()).hexdigest() == FROZEN


def test_no_label_is_a_sentence_of_the_decree() -> None:
    """Our own words: what is taken over are names of one or two words and of certificates, never an option."""
    theirs = {
        folded(option["text"])
        for one in transcript()
        for part in one["parts"]
        for criterion in part["criteria"]
        for option in criterion["options"]
        if len(option["text"].split()) > 5  # shorter ones cannot be said differently: "Không đều"
    }
    assert {folded(label.vi) for label in labels()} & theirs == set()


def folded(text: str) -> str:
    return re.sub(r"\W+", " ", unicodedata.normalize("NFC", text).casefold()).strip()


def labels() -> Iterator[Label]:
    for ruleset_id in ("ocop-2019", "ocop-2026"):
        for one in sheets(ruleset_id).values():
            for criterion in one.criteria:
                yield criterion.label
                yield from (option.label for option in criterion.options)
                if criterion.hint:
                    yield criterion.hint
            yield from (section.label for section in one.sections)
            yield from (knockout.label for knockout in one.knockouts)


# --- What is known, and what is not ---


def test_every_set_has_a_sheet_that_can_be_scored() -> None:
    found = sheets("ocop-2026")
    assert sorted(found) == list(range(1, 27))
    assert not any(one.partial for one in found.values())


def test_what_is_known_of_2019_says_that_it_is_partial() -> None:
    found = sheets("ocop-2019")
    assert sorted(found) == list(range(1, 27))
    assert all(one.partial for one in found.values())
    assert dict(found[12].parts) == {"A": 35, "B": 25, "C": 40}


@pytest.mark.parametrize("ruleset_id", ["ocop-2023", "ocop-2023r2025"])
def test_the_sheets_of_2023_are_not_known(ruleset_id: str) -> None:
    assert sheets(ruleset_id) == {}
    with pytest.raises(LookupError, match="no score sheet for set 1"):
        sheet(ruleset_id, 1)


def test_an_unknown_ruleset() -> None:
    with pytest.raises(LookupError, match="no ruleset 'ocop-2030'"):
        sheets("ocop-2030")


@pytest.mark.parametrize("ruleset_id", ["ocop-2019", "ocop-2026"])
def test_nothing_is_written_that_no_sheet_uses(ruleset_id: str) -> None:
    folder = FOLDER / ruleset_id.replace("-", "_")
    files = [folder / "common.toml", *sorted(folder.glob("set_*.toml"))]
    written = {path.name: tomllib.loads(path.read_text("utf-8")) for path in files}
    said = json.dumps([{k: v for k, v in file.items() if k not in KINDS} for file in written.values()])
    in_use = said + json.dumps([list(file.get("criteria", {}).values()) for file in written.values()])
    unused = [
        (name, kind, key)
        for name, file in written.items()
        for kind in KINDS
        for key in file.get(kind, {})
        if f'"{key}"' not in in_use
    ]
    assert unused == []


KINDS = ("criteria", "scales", "headings", "knockouts", "cases")


@pytest.mark.parametrize("number", range(1, 26))
def test_the_commune_assesses_four_topics(number: int) -> None:
    found = {c.topic: c.code for c in sheet("ocop-2026", number).criteria if c.topic}
    assert found == {"raw_material": "1.1", "idea": "2.1", "local_labour": "3.3", "identity": "5.3"}


def test_of_tourism_the_commune_assesses_three_of_them() -> None:
    found = {c.topic: c.code for c in sheet("ocop-2026", 26).criteria if c.topic}
    assert found == {"idea": "2.1", "local_labour": "3.3", "identity": "5.1"}


@every_set
def test_papers_concern_the_product_and_say_where_the_rule_stands(number: int) -> None:
    rules, one = ruleset("ocop-2026"), sheet("ocop-2026", number)
    group = rules.product_set(number).group
    known = {paper.id: paper for paper in rules.papers}
    for criterion in one.criteria:
        assert all(not known[id_].groups or group in known[id_].groups for id_ in criterion.papers)
        assert criterion.source == f"26/2026/QĐ-TTg, annex II, sheet {number}, {criterion.code}"


def test_corrections_and_doubts_are_told_apart() -> None:
    fixed = {(n, r.code) for n, one in sheets("ocop-2026").items() for r in one.remarks if r.fixed}
    doubtful = {(n, r.code) for n, one in sheets("ocop-2026").items() for r in one.remarks if not r.fixed}
    assert fixed == {
        (4, "1.2"), (4, "7"), (7, "1.2"), (10, "1.2"), (11, "1.2"), (11, "6.1.1"), (19, "2.3"), (23, "9"), (26, "A")
    }  # fmt: skip
    assert doubtful == {(3, "5.1"), (7, "3.1"), (7, "7"), (10, "3.5"), (23, "6.2"), (24, "2.2")}


def test_labels_are_short_composed_and_in_both_languages() -> None:
    for label in labels():
        assert label.vi.strip() == label.vi != ""
        assert label.en.strip() == label.en != ""
        assert unicodedata.is_normalized("NFC", label.vi)
        assert label.vi != label.en


@pytest.mark.parametrize("word", [*BANNED, "đánh giá", "phân hạng", "SXKD"])
def test_labels_say_no_word_the_bot_does_not_say(word: str) -> None:
    pattern = re.compile(rf"(?<!\w){word}(?!\w)", re.IGNORECASE)
    assert [label.vi for label in labels() if pattern.search(label.vi)] == []


# --- What is refused, with its line ---

COMMON = """
[headings]
made = { vi = "Làm", en = "Made" }

[criteria.first]
label = { vi = "Một", en = "One" }
options = [
    { vi = "Ít", en = "Little" },
    { vi = "Nhiều", en = "Much" },
]
points = "0 40*****"

[criteria.second]
label = { vi = "Hai", en = "Two" }
options = [{ vi = "Ít", en = "Little" }, { vi = "Nhiều", en = "Much" }]
points = "1*** 25****"

[criteria.third]
label = { vi = "Ba", en = "Three" }
options = [{ vi = "Ít", en = "Little" }, { vi = "Nhiều", en = "Much" }]
points = "1 35"
topic = "idea"
papers = ["samples"]

[knockouts.forged]
label = { vi = "Giả", en = "Forged" }
source = "here"
"""
OWN = """sets = [1]
source = "here"
knocked_out_by = ["forged"]
[sections]
1 = { is = "made", max = 40 }
[A]
"1.1" = "first"
[B]
"4" = "second"
[C]
"6" = "third"
"""


def test_the_drafts_below_are_wrong_in_one_place_only() -> None:
    (one,) = build(parse(COMMON, "common.toml"), parse(OWN, "set.toml"), ruleset("ocop-2026"))
    assert lines(one) == ["1.1|40: 0 40*****", "1|40", "4|25: 1*** 25****", "6|35: 1 35"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('points = "0 40*****"', 'points = "0 39*****"', "set.toml:5: heading 1 has 40 points, its items 39"),
        ("max = 40", "max = 39", "set.toml:5: heading 1 has 39 points, its items 40"),
        ('points = "1 35"', 'points = "1 34"', "part C adds up to 34, not 35"),
        ('"6" = "third"', '"6" = { is = "third", max = 30 }', "set.toml:11: 6: an option has 35 points, more than 30"),
        ('"6" = "third"', '"6" = { is = "third", points = "1 30", max = 35 }', "no option has the 35 points"),
        ('"6" = "third"', '"6" = { is = "third", points = "35 1" }', "1 points after 35: not in the order"),
        ('"6" = "third"', '"6" = { is = "third", points = "35 35" }', "35 points after 35: not in the order"),
        ('"6" = "third"', '"6" = { is = "third", points = "1 2 35" }', "set.toml:11: 3 points for 2 options"),
        ('"6" = "third"', '"6" = { is = "fourth" }', "set.toml:11: there is no 'fourth' in [criteria]"),
        ('"6" = "third"', '"6" = "fourth"', "set.toml:11: there is no 'fourth' in [criteria]"),
        ('"6" = "third"', '"6" = { is = "third", gate = 3 }', "set.toml:11: unknown key 'gate'"),
        ('"6" = "third"', '"5" = "third"', "set.toml:11: 5 belongs to part B"),
        ('"6" = "third"', '"6.1" = "third"', "set.toml:11: 6.1 has no heading"),
        ('"6" = "third"', '"six" = "third"', "set.toml:11: 'six' is no code like 6.1.1"),
        ('"1.1" = "first"', '"1" = "first"', "set.toml:7: 1 is a heading and a criterion"),
        ("1*** 25****", "1* 25****", "common.toml:16: '1*': there is no gate for 1 stars"),
        ("1*** 25****", "1*** 25******", "there is no gate for 6 stars"),
        ("1*** 25****", "1**** 25***", "set.toml:9: 4: the stars do not rise"),
        ("1*** 25****", "one 25", "common.toml:16: 'one' must be points and stars"),
        ("1*** 25****", "-1 25", "'-1' must be points and stars"),
        ('points = "1 35"\n', "", "common.toml:18: missing key 'points'"),
        ('{ vi = "Nhiều", en = "Much" },\n', '{ vi = "Nhiều", en = "" },\n', "common.toml:7: en is empty"),
        ('{ vi = "Nhiều", en = "Much" },\n', '{ en = "Much" },\n', "common.toml:7: missing key 'vi'"),
        ('{ vi = "Ba", en = "Three" }', '{ vi = "Ba" }', "common.toml:19: missing key 'en'"),
        ('{ vi = "Ba", en = "Three" }', '{ vi = " ", en = "Three" }', "common.toml:19: vi is empty"),
        ('topic = "idea"', 'topic = "price"', "common.toml:22: topic must be one of"),
        ('papers = ["samples"]', 'papers = ["receipt"]', "common.toml:23: papers must be among"),
        ('papers = ["samples"]', 'needs = "1.9"', "6 needs 1.9, which is not before it"),
        ('["forged"]', '["stolen"]', "set.toml:3: there is no 'stolen' in [knockouts]"),
        ("sets = [1]", "sets = [27]", "set.toml:1: sets must be some of 1 to 26"),
        ("sets = [1]", "sets = []", "set.toml:1: sets must be some of 1 to 26"),
        ("sets = [1]", "sets = [1]\ncolour = 1", "set.toml:2: unknown key 'colour'"),
        ('is = "made"', 'is = "bought"', "set.toml:5: there is no 'bought' in [headings]"),
        ("[sections]\n", '[sections]\n2 = { is = "made", max = 3 }\n', "nothing stands under heading 2"),
    ],
)  # fmt: skip
def test_a_wrong_sheet_is_refused(old: str, new: str, said: str) -> None:
    assert (COMMON + OWN).count(old) == 1
    common, own = COMMON.replace(old, new), OWN.replace(old, new)
    with pytest.raises(RulesetError, match=re.escape(said)):
        build(parse(common, "common.toml"), parse(own, "set.toml"), ruleset("ocop-2026"))


def test_equal_points_stand_only_where_the_transcript_is_in_doubt() -> None:
    own = OWN.replace('"6" = "third"', '"6" = { is = "third", points = "35 35" }')
    own += '[[remarks]]\ncode = "6"\nfixed = false\nreason = { vi = "Chưa rõ", en = "Not clear" }\n'
    assert build(parse(COMMON, "common.toml"), parse(own, "set.toml"), ruleset("ocop-2026"))


def test_a_set_has_one_sheet(tmp_path: Path) -> None:
    (tmp_path / "common.toml").write_text(COMMON, "utf-8")
    for name in ("set_01.toml", "set_1.toml"):
        (tmp_path / name).write_text(OWN, "utf-8")
    with pytest.raises(RulesetError, match=r"set_1\.toml:1: set 1 has a sheet already"):
        load(tmp_path, ruleset("ocop-2026"))
