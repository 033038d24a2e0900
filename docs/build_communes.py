"""Make the tables of provinces, communes and former communes in dialogs/rules/ from a PyPI package.

Run it only when units change, in an environment of its own, never in the project's:

    python -m venv throwaway
    throwaway/bin/pip install --no-deps vietnamadminunits==1.0.4
    throwaway/bin/python docs/build_communes.py

The package's data files are read, its code is not run. Prefixes already in communes.tsv are kept: they stand
in case codes people hold on paper. Later changes of units that the package does not know are in AMENDED_*.

Checked on the day the tables were made: codes and names of all 3,321 communes equal those of the independent
package vietnam-provinces 2026.9.0, and but for Ba Chẽ (06970 here, 06978 there) those of the MIT-licensed
github.com/thanglequoc/vietnamese-provinces-database of 25 July 2026, which follows the statistics office.
vietnam-provinces 2025.10.1 still had other codes for 114 communes.
"""

import json
import re
import sqlite3
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from itertools import chain, count
from pathlib import Path
from typing import Any

PACKAGE, VERSION = "vietnamadminunits", "1.0.4"
RULES = Path(__file__).resolve().parent.parent / "dialogs" / "rules"

# National Assembly Resolution 30/2026/QH16: Đồng Nai is a centrally run city from 30/4/2026.
AMENDED_PROVINCE_KINDS = {"75": "Thành phố"}
# Standing Committee Resolution 237/NQ-UBTVQH16 of 14/4/2026: ten communes of Đồng Nai are wards from 30/4/2026.
AMENDED_COMMUNE_KINDS = dict.fromkeys(
    ("25270", "25357", "25363", "26116", "26170", "26248", "26326", "26368", "26425", "26485"), "Phường"
)

KINDS = ("Xã", "Phường", "Đặc khu")

Row = tuple[str, ...]


def main() -> None:
    database = sqlite3.connect(f"file:{_file('data/dataset.db')}?mode=ro", uri=True)
    database.execute(_FORMER)
    codes_of_former = _new_codes(database)
    _write("provinces.tsv", "code kind name former_names", _provinces(database, codes_of_former))
    _write("communes.tsv", "code name province_code prefix", _communes(database))
    _write("former_communes.tsv", "name district province codes earlier", _former(database, codes_of_former))
    database.close()


def _file(name: str) -> Path:
    return Path(str(distribution(PACKAGE).locate_file(f"{PACKAGE}/{name}")))


# ---------------------------------------------------------------- provinces


def _provinces(database: sqlite3.Connection, codes_of_former: dict[str, list[str]]) -> Iterator[Row]:
    """(code, kind, name, names of the provinces merged into it, joined by semicolons)."""
    merged = _merged_provinces(database, codes_of_former)
    query = "SELECT DISTINCT provinceCode, province, provinceShort FROM admin_units ORDER BY 1"
    for code, full, name in database.execute(query):
        kind = AMENDED_PROVINCE_KINDS.get(code, full.removesuffix(name).strip())
        yield code, kind, _clean(name), ";".join(sorted(merged[code] - {_clean(name)}))


def _merged_provinces(
    database: sqlite3.Connection, codes_of_former: dict[str, list[str]]
) -> defaultdict[str, set[str]]:
    """Old province names by new province code; the few communes that changed province are outvoted."""
    province_of = dict(database.execute("SELECT wardCode, provinceCode FROM admin_units"))
    votes: defaultdict[str, list[str]] = defaultdict(list)
    for key, name in database.execute("SELECT oldKey, provinceShort FROM former"):
        votes[_clean(name)] += [province_of[code] for code in codes_of_former[key]]
    merged: defaultdict[str, set[str]] = defaultdict(set)
    for name, codes in votes.items():
        merged[max(set(codes), key=codes.count)].add(name)
    return merged


# ---------------------------------------------------------------- communes


def _communes(database: sqlite3.Connection) -> Iterator[Row]:
    """(code, name with its kind, province code, prefix), in order of code."""
    rows = database.execute("SELECT wardCode, ward, provinceCode FROM admin_units ORDER BY wardCode").fetchall()
    prefixes = _prefixes({code: _bare_name(ward) for code, ward, _ in rows})
    for code, ward, province_code in rows:
        kind = AMENDED_COMMUNE_KINDS.get(code, _clean(ward).removesuffix(_bare_name(ward)).strip())
        yield code, f"{kind} {_bare_name(ward)}", province_code, prefixes[code]


def _prefixes(names: dict[str, str]) -> dict[str, str]:
    """Initials by code, "Tân Lĩnh" -> "TL"; the next commune with the same ones has "TL2", then "TL3"."""
    prefixes = _kept_prefixes()
    taken = set(prefixes.values())
    for code in sorted(names.keys() - prefixes.keys()):
        initials = "".join(word[0] for word in re.findall(r"[a-z]+", _ascii(names[code]))).upper()
        numbered = (f"{initials}{number}" for number in count(2))
        prefixes[code] = next(p for p in chain([initials], numbered) if p not in taken)
        taken.add(prefixes[code])
    return prefixes


def _kept_prefixes() -> dict[str, str]:
    path = RULES / "communes.tsv"
    if not path.exists():
        return {}
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if re.match(r"\d{5}\t", line))
    return {code: prefix for code, _, _, prefix in rows}


def _bare_name(ward: str) -> str:
    return re.sub(rf"^(?:{'|'.join(KINDS)}) ", "", _clean(ward))


# ---------------------------------------------------------------- former communes

# Keyed as converter_2025.json names old communes; five island districts had none of their own.
_FORMER = """
    CREATE TEMP VIEW former AS
    SELECT provinceKey || '_' || districtKey || '_' || coalesce(wardKey, '') AS oldKey, * FROM admin_units_legacy
"""


def _new_codes(database: sqlite3.Connection) -> dict[str, list[str]]:
    """New codes by old key; of a divided commune the package's own guess stands first."""
    converter = json.loads(_file("data/converter_2025.json").read_text("utf-8"))
    code_of = {(p, w): c for p, w, c in database.execute("SELECT provinceKey, wardKey, wardCode FROM admin_units")}
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for province, olds_by_ward in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, olds in olds_by_ward.items():
            for old in olds:
                codes[old].append(code_of[province, ward])
    for province, parts_by_old in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in parts_by_old.items():
            codes[old] += [code_of[province, ward] for ward in _likeliest_first(parts)]
    return dict(codes)


def _likeliest_first(parts: list[dict[str, Any]]) -> list[str]:
    return [p["newWardKey"] for p in sorted(parts, key=lambda p: (not p["isDefaultNewWard"], p["newWardKey"]))]


def _former(database: sqlite3.Connection, codes_of_former: dict[str, list[str]]) -> Iterator[Row]:
    """(name and district with their kinds, province, new codes, names before the mergers of 2019-2025).

    The last two are lists joined by spaces; the earlier names are folded and without spaces.
    """
    query = (
        "SELECT oldKey, ward, district, provinceShort, wardAlias FROM former"
        " ORDER BY provinceCode, districtCode, wardCode"
    )
    for key, ward, district, province, aliases in database.execute(query):
        name = _clean(ward or district)
        codes = " ".join(dict.fromkeys(codes_of_former[key]))
        yield name, _clean(district), _clean(province), codes, " ".join(_earlier(aliases))


def _earlier(aliases: str | None) -> list[str]:
    """Each name once and without its kind: phuongsaidong, saidong, p05 and ward5 -> saidong, 5."""
    names = [re.sub(r"^(?:phuong|ward|p|f)0*(?=\d)", "", name) for name in json.loads(aliases or "[]")]
    bare = {re.sub(r"^(?:phuong|xa|thitran)", "", name) for name in names}
    return [name for name in dict.fromkeys(names) if name in bare]


# ---------------------------------------------------------------- files


def _write(file_name: str, columns: str, rows: Iterable[Row]) -> None:
    lines = ["\t".join(row) for row in rows]
    header = [f"# {line}".rstrip() for line in _header(columns, len(lines))]
    (RULES / file_name).write_text("\n".join([*header, *lines]) + "\n", "utf-8")
    sys.stdout.write(f"{file_name}: {len(lines)} rows\n")


def _header(columns: str, rows: int) -> list[str]:
    licence = distribution(PACKAGE).read_text("licenses/LICENSE") or ""
    return [
        f"Derived by docs/build_communes.py from the PyPI package {PACKAGE} {VERSION}; do not edit by hand.",
        "State: two-level units of 1 July 2025 (Decision 19/2025/QĐ-TTg), package data of 23 August 2025, with",
        "Resolutions 30/2026/QH16 and 237/NQ-UBTVQH16 (Đồng Nai, from 30 April 2026).",
        f"{rows} rows, tab-separated: {', '.join(columns.split())}",
        "",
        *licence.strip().splitlines(),
        "",
    ]


def _clean(name: str) -> str:
    """Composed, single spaces, one kind of apostrophe, the kind capitalised once: "Thị xã Mường Lay"."""
    plain = " ".join(unicodedata.normalize("NFC", name).replace("’", "'").split())
    return re.sub(r"^(Thị Trấn|Thị Xã|Thành Phố|Đặc Khu) ", lambda kind: kind[0].capitalize(), plain)


def _ascii(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


if __name__ == "__main__":
    main()
