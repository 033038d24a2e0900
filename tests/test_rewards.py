"""What provinces have paid for stars: dated, with a source, and never the figures turned around."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dialogs import places
from dialogs.model import ResultFacts
from dialogs.producer.points import explained
from dialogs.rules import rewards
from dialogs.rules.tables import RulesetError
from tests.facts import desk_facts, sample_case, world

HAI_DUONG, TAN_LINH = "10525", "04336"


def told(commune: str, stars: int, status: str = "certified") -> list[str]:
    decided = date(2026, 6, 1)
    result = ResultFacts(Decimal(30), Decimal(20), Decimal(25), stars, "1/QĐ-UBND", date(2029, 6, 1), decided)
    case = replace(sample_case("HD-26-0001", status, "food", "household", own=True), commune=commune, result=result)
    facts = replace(desk_facts(), cases=(case,), named=())
    return [world().catalog("vi").say(text) for text in explained({"subject": case.code}, facts)]


def test_who_has_stars_reads_what_was_paid_when_and_by_which_paper() -> None:
    lines = told(HAI_DUONG, 5)
    assert "Năm 2021, Hải Dương thưởng 30 triệu đồng cho 5 sao (kế hoạch của tỉnh năm 2021)." in lines
    assert lines[-1].startswith("Đó là mức hồi ấy.")
    assert "thưởng 10 triệu đồng cho 3 sao" in " ".join(told(HAI_DUONG, 3))


def test_nothing_is_said_of_other_provinces_and_before_there_is_a_certificate() -> None:
    assert not [line for line in told(TAN_LINH, 5) if "triệu" in line]
    assert not [line for line in told(HAI_DUONG, 5, "revoked") if "triệu" in line]
    assert rewards.rewards_of("24", 5)[0].kind == "support"  # the bonus there knew no fifth star


def test_every_province_is_one_of_today() -> None:
    assert all(places.province(one.province) is not None for one in rewards._rewards())


def test_more_stars_are_never_paid_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a text that we were given had it: 30, 20 and 10 for 3, 4 and 5 stars."""
    turned = rewards._FILE.read_text(encoding="utf-8").replace(
        "{ 3 = 10, 4 = 20, 5 = 30 }", "{ 3 = 30, 4 = 20, 5 = 10 }"
    )
    (tmp_path / "rewards.toml").write_text(turned, encoding="utf-8")
    monkeypatch.setattr(rewards, "_FILE", tmp_path / "rewards.toml")
    with pytest.raises(RulesetError, match="more stars"):
        rewards._rewards.__wrapped__()
