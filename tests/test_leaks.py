"""The watch over all logs of these tests finds what it is there to find."""

import logging
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, Counter

from tests import leaks
from tests.leaks import Watch
from tests.program import STARTED, begin

NUMBER = "0912" + "345678"  # in two parts, as this test must not be found itself


@pytest.fixture
def watch() -> Watch:
    return Watch()


def logged(watch: Watch, message: str, *values: object, error: BaseException | None = None) -> list[str]:
    exc_info = (type(error), error, None) if error is not None else None
    watch.handler.handle(logging.LogRecord("bot.x", logging.ERROR, "x.py", 7, message, values, exc_info))
    return watch.taken()


def test_a_number_in_a_message_is_found_and_where_it_came_from(watch: Watch) -> None:
    assert logged(watch, "sent to %s", NUMBER) == ["ERROR bot.x, x.py:7: “912345678”"]
    assert logged(watch, "sent to %s", "+84 912 345 678")
    assert logged(watch, "sent to %s", 12) == []


@pytest.mark.parametrize("words", ["Chuối sấy " + "dẻo", "htx " + "măng", "lan.tran" + "@example.vn"])
def test_a_product_its_maker_and_an_address_are_found(watch: Watch, words: str) -> None:
    assert logged(watch, "sent to %s", words) == [f"ERROR bot.x, x.py:7: “{words}”"]


def test_the_installations_own_address_is_nobodys(watch: Watch) -> None:
    assert logged(watch, "sent by %s", "ocop@example.vn") == []


def test_a_name_in_the_text_of_an_error_or_of_its_cause_is_found(watch: Watch) -> None:
    error = ValueError("not good")
    error.__cause__ = KeyError("Lý Thị " + "Mẩy")
    assert logged(watch, "it failed", error=error) == ["ERROR bot.x, x.py:7, KeyError: “Lý Thị Mẩy”"]


def test_what_a_process_says_is_read_once_it_has_ended(watch: Watch, tmp_path: Path) -> None:
    program = begin(tmp_path, "--help")
    assert program.wait() == 0
    program.logged_in.write_text(f"an update of {NUMBER}")
    watch.look_at_programs()
    assert watch.taken() == [".log of --help: “912345678”"]
    assert program not in STARTED


def test_a_metric_with_a_number_is_found(watch: Watch) -> None:
    counter = Counter("ocop_leak", "Of this test", ["who"])
    try:
        counter.labels(NUMBER).inc()
        watch.look_at_metrics()
    finally:
        REGISTRY.unregister(counter)
    assert watch.taken() == ["metrics: “912345678”"]


def test_the_whole_session_is_watched(request: pytest.FixtureRequest) -> None:
    watch = request.config.stash[leaks.WATCH]
    assert watch.handler in logging.getLogger().handlers
    logging.getLogger("bot.test").error("%s", NUMBER)
    assert len(watch.taken()) == 1
