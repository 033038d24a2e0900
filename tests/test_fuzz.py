"""Everything the fuzzer was given or has found, once more and without it: tests/fuzz.py says how to look for more."""

import time
from pathlib import Path

import pytest

from tests.fuzz_targets import TARGETS, standing

CORPUS = Path(__file__).parent / "corpus"
LONGEST_S = 2.0
"""Of a processor, for an input of some thousand bytes; a hundred times what the slowest took."""


def test_every_target_has_its_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == {*TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_a_promise_holds_for_all_that_was_ever_found(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    standing()  # loads what a process loads once
    for path in inputs:
        data, began = path.read_bytes(), time.process_time()
        TARGETS[name](data)
        assert time.process_time() - began < LONGEST_S, path
