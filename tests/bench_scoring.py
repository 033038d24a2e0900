"""How many products a second one core scores: `python -m tests.bench_scoring [--products 10000]`.

Marks are drawn at random for every set, complete and half filled in. docs/benchmarks.md keeps the figures.
"""

import argparse
import platform
import random
import time

from dialogs.rules.scoring import Marks, choices, score
from dialogs.rules.sheet import Sheet, sheets


def drawn(source: random.Random, sheet: Sheet, filled: float) -> Marks:
    return {c.code: source.choice(choices(c)) for c in sheet.criteria if source.random() < filled}


def measure(products: int, filled: float, seed: int = 1) -> float:
    """CPU seconds for that many products, spread over all sets; making the marks is not counted."""
    source = random.Random(seed)
    every = list(sheets("ocop-2026").values())
    work = [(sheet, drawn(source, sheet, filled)) for sheet in (every[n % len(every)] for n in range(products))]
    for sheet in every:
        score(sheet, {})
    started = time.process_time()
    for sheet, marks in work:
        score(sheet, marks)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    products = parser.parse_args().products
    print(f"Python {platform.python_version()}, {platform.machine()}")  # noqa: T201  its only output
    for filled in (1.0, 0.5):
        spent = measure(products, filled)
        each = f"{spent:.3f} s CPU, {1e6 * spent / products:.0f} µs each"
        print(f"{products} products, {filled:.0%} of the items marked: {each}")  # noqa: T201  likewise


if __name__ == "__main__":
    main()
