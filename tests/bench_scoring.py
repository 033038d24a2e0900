"""How many products one core scores, and how long it plans: `python -m tests.bench_scoring [--products 10000]`.

Marks are drawn at random for every set, complete and half filled in. docs/benchmarks.md keeps the figures.
"""

import argparse
import platform
import random
import time

from dialogs.rules.planner import plans
from dialogs.rules.scoring import Marks, choices, score
from dialogs.rules.sheet import Sheet, sheets
from dialogs.rules.work import works


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


def measure_plans(products: int, seed: int = 1) -> list[float]:
    """CPU seconds of each plan: that many products of every set, to three, four and five stars."""
    source, known = random.Random(seed), works("ocop-2026")
    work = [
        (sheet, drawn(source, sheet, filled))
        for sheet in sheets("ocop-2026").values()
        for filled in (0.0, *(0.8,) * (products - 1))
    ]
    spent = []
    for sheet, marks in work:
        for stars in (3, 4, 5):
            started = time.process_time()
            plans(sheet, marks, stars, known)
            spent.append(time.process_time() - started)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    products = parser.parse_args().products
    print(f"Python {platform.python_version()}, {platform.machine()}")  # noqa: T201  its only output
    for filled in (1.0, 0.5):
        spent = measure(products, filled)
        each = f"{spent:.3f} s CPU, {1e6 * spent / products:.0f} µs each"
        print(f"{products} products, {filled:.0%} of the items marked: {each}")  # noqa: T201  likewise
    planned = sorted(measure_plans(20))
    middle, most = (1e3 * seconds for seconds in (planned[len(planned) // 2], planned[-1]))
    print(f"{len(planned)} plans: median {middle:.1f} ms CPU, longest {most:.1f} ms")  # noqa: T201  likewise


if __name__ == "__main__":
    main()
