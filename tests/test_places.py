"""The tables of units hold together, and communes are found the way people write them."""

import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.matching import fold
from dialogs.places import (
    PlaceHit,
    commune,
    commune_by_prefix,
    communes_of,
    find_communes,
    find_provinces,
    parse_territory,
    province,
    provinces,
    territory,
)

RULES = Path(__file__).parent.parent / "dialogs" / "rules"


def rows(file_name: str) -> list[list[str]]:
    lines = (RULES / file_name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


ALL = [c for p in provinces() for c in communes_of(p.code)]
FORMER = rows("former_communes.tsv")


def found(hits: tuple[PlaceHit, ...]) -> list[str]:
    return [hit.commune.full_name for hit in hits]


def test_a_call_is_no_place() -> None:
    assert found(find_communes("alo can bo oi", None)) == []
    assert found(find_communes("thi tran Bo", None)) == ["xã Kim Bôi"]


# ---------------------------------------------------------------- the tables


def test_counts() -> None:
    assert len(provinces()) == 34
    assert len(ALL) == 3321
    assert len(FORMER) == 10_040


def test_kinds_after_the_resolutions_of_april_2026() -> None:
    assert Counter(c.kind for c in ALL) == {"xã": 2611, "phường": 697, "đặc khu": 13}
    assert sum(p.kind == "thành phố" for p in provinces()) == 7
    dong_nai = province("75")
    assert dong_nai is not None
    assert dong_nai.full_name == "thành phố Đồng Nai"


def test_codes_and_prefixes_are_unique_and_well_formed() -> None:
    assert len({c.code for c in ALL}) == len({c.prefix for c in ALL}) == 3321
    assert all(re.fullmatch(r"\d{5}", c.code) and re.fullmatch(r"[A-Z]+\d*", c.prefix) for c in ALL)
    assert all(re.fullmatch(r"\d\d", p.code) for p in provinces())
    assert max(len(c.prefix) for c in ALL) <= 8


def test_prefixes_are_initials() -> None:
    for c in ALL:
        initials = "".join(word[0] for word in re.findall(r"[a-z]+", fold(re.sub(r"\d", " ", c.name))))
        assert re.fullmatch(rf"{initials.upper()}\d*", c.prefix), c


def test_every_former_commune_leads_to_communes() -> None:
    for name, district, province_name, codes, _ in FORMER:
        assert name, (district, province_name)
        assert codes.split(), name
        assert all(commune(code) for code in codes.split()), name


def test_every_former_province_leads_to_a_province() -> None:
    for name in {row[2] for row in FORMER}:
        assert len(find_provinces(name)) == 1, name


def test_the_licence_stands_in_every_table() -> None:
    for table in ("provinces", "communes", "former_communes"):
        header = (RULES / f"{table}.tsv").read_text("utf-8")[:2500]
        assert "Copyright (c) 2025 Tran Ngoc Minh Hieu" in header
        assert "The above copyright notice" in header


# ---------------------------------------------------------------- by code


def test_by_code_and_prefix() -> None:
    place = commune("03253")
    assert place is not None
    assert (place.full_name, place.province_code) == ("xã Tuần Giáo", "11")
    assert commune_by_prefix(place.prefix.lower()) == place
    assert commune("99999") is None
    assert commune_by_prefix("") is None
    assert communes_of("00") == ()


def test_territory() -> None:
    assert territory("03253") == "11/03253"
    assert parse_territory("11/03253") == (province("11"), commune("03253"))
    assert parse_territory("11") == (province("11"), None)


@pytest.mark.parametrize("path", ["", "/", "11/", "00", "15/03253", "11/99999", "11/03253/1"])
def test_no_such_territory(path: str) -> None:
    assert parse_territory(path) is None


# ---------------------------------------------------------------- provinces by name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Lào Cai", ["Lào Cai"]),
        ("tinh lao cai", ["Lào Cai"]),
        ("laocai", ["Lào Cai"]),
        ("lào cia", ["Lào Cai"]),
        ("Yên Bái", ["Lào Cai"]),
        ("ha giang", ["Tuyên Quang"]),
        ("nam dinh", ["Ninh Bình"]),
        ("hcm", ["Hồ Chí Minh"]),
        ("sài gòn", ["Hồ Chí Minh"]),
        ("TP.HCM", ["Hồ Chí Minh"]),
        ("hn", ["Hà Nội"]),
        ("thua thien hue", ["Huế"]),
        ("tp huế", ["Huế"]),
        ("Bà Rịa - Vũng Tàu", ["Hồ Chí Minh"]),
        ("Đắk Nông, nay là Lâm Đồng", ["Lâm Đồng"]),
        ("dac lac", ["Đắk Lắk"]),
        ("Ddieenj Bieen", ["Điện Biên"]),
        ("em ở Điện Biên ạ", ["Điện Biên"]),
        ("quảng", ["Quảng Ninh", "Quảng Trị", "Đà Nẵng", "Quảng Ngãi"]),
        ("xyz", []),
        ("", []),
    ],
)
def test_find_provinces(text: str, names: list[str]) -> None:
    assert [p.name for p in find_provinces(text)] == names


# ---------------------------------------------------------------- communes by name


@pytest.mark.parametrize(
    ("text", "province_code", "names"),
    [
        ("Xã Tân Lĩnh", "15", ["xã Tân Lĩnh"]),
        ("xa tan linh", "15", ["xã Tân Lĩnh"]),
        ("tanlinh", "15", ["xã Tân Lĩnh"]),
        ("tan lnih", "15", ["xã Tân Lĩnh"]),
        ("xa taan lixnh", "15", ["xã Tân Lĩnh"]),
        ("Tan Linh Luc Yen", None, ["xã Tân Lĩnh"]),
        ("tan lnih luc yen", None, ["xã Tân Lĩnh"]),
        ("bản Nà Hẩu, xã Tân Lĩnh, huyện Lục Yên, Yên Bái", None, ["xã Tân Lĩnh"]),
        ("em ở xã Tân Lĩnh ạ", None, ["xã Tân Lĩnh"]),
        ("ea hleo", None, ["xã Ea H'Leo"]),
        ("Ea H’Leo", None, ["xã Ea H'Leo"]),
        ("xã Trảng Bom", "75", ["phường Trảng Bom"]),  # a ward since April 2026
        ("thi tran sa pa", "15", ["phường Sa Pa"]),
        ("ly son", None, ["đặc khu Lý Sơn"]),
        ("chuối sấy", None, []),
        ("khong biet", None, []),
        ("?", None, []),
        ("", "15", []),
    ],
)
def test_find_communes(text: str, province_code: str | None, names: list[str]) -> None:
    assert found(find_communes(text, province_code)) == names


@pytest.mark.parametrize(
    ("text", "former", "names"),
    [
        ("xã Mường Khong, huyện Tuần Giáo, Điện Biên", "xã Mường Khong (Tuần Giáo)", ["xã Chiềng Sinh"]),
        ("xã Thạch Kim, Lộc Hà", "xã Thạch Kim (Thạch Hà)", ["xã Lộc Hà"]),
        ("p.15 tan binh", "phường 15 (Tân Bình)", ["phường Tân Sơn", "phường Tân Bình"]),
        ("phường 15, quận Tân Bình", "phường 15 (Tân Bình)", ["phường Tân Sơn", "phường Tân Bình"]),
        ("p08 q10", "phường 8 (Quận 10)", ["phường Diên Hồng"]),
        ("phuong 5 quan 10", "phường 8 (Quận 10)", ["phường Diên Hồng"]),  # merged into phường 8 before 2025
    ],
)
def test_former_names(text: str, former: str, names: list[str]) -> None:
    hits = find_communes(text, None)
    assert found(hits) == names
    assert {hit.former for hit in hits} == {former}


def test_marks_decide_between_names_that_fold_alike() -> None:
    assert found(find_communes("Tân Lĩnh", None)) == ["xã Tân Lĩnh"]
    bare = find_communes("tan linh", None)
    assert bare[0].commune.name == "Tân Lĩnh"
    assert {hit.former for hit in bare} == {None, "xã Tản Lĩnh (Ba Vì)", "xã Tân Linh (Đại Từ)"}


def test_a_name_borne_by_many_gives_a_choice() -> None:
    hits = find_communes("tân tiến", None)
    assert len(hits) == 8
    assert len({hit.commune.code for hit in hits}) == 8
    assert {hit.commune.name for hit in hits} == {"Tân Tiến"}


def test_every_commune_is_found_by_its_folded_name_in_its_province() -> None:
    for c in ALL:
        assert c in [hit.commune for hit in find_communes(fold(c.full_name), c.province_code)], c


def test_former_addresses_lead_home() -> None:
    sample = random.Random(26).sample(FORMER, 400)
    for name, district, province_name, codes, _ in sample:
        hits = find_communes(fold(f"{name}, {district}, {province_name}"), None)
        assert {hit.commune.code for hit in hits} & set(codes.split()), (name, district, province_name)


@given(st.text(max_size=80), st.sampled_from([None, "15", "79", "00"]))
def test_any_text_is_survived(text: str, province_code: str | None) -> None:
    assert len(find_communes(text, province_code)) <= 8
    assert len(find_provinces(text)) <= 34


@pytest.mark.timed
def test_lookups_are_quick() -> None:
    """Some 0.1 ms each on an ordinary machine; the bound is for a busy one."""
    texts = [fold(f"{row[0]} {row[1]}") for row in FORMER[::100]]
    find_communes("x", None)
    began = time.perf_counter()
    for text in texts:
        find_communes(text, None)
    assert (time.perf_counter() - began) / len(texts) < 0.02


@pytest.mark.timed
def test_a_very_long_text_is_read_only_so_far() -> None:
    began = time.perf_counter()
    find_communes("tan tien " * 400, None)
    assert time.perf_counter() - began < 2
