"""Photos that came without a word: which papers they are, as far as that can be read from them.

Whoever fetches a photo reads the words on it and keeps only what they are like (`likeness`), among its findings. The
rest is a proposal, which the producer confirms with one word or puts right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from dialogs.matching import fold
from dialogs.model import Facts
from dialogs.producer.pages_back import Page
from dialogs.rules.ruleset import Paper

LIKE = "like:"
"""Begins the finding that says what a photo is like."""
TEXT, PICTURE = "text", "picture"

HEADINGS = {
    "business_plan": ("Phương án sản xuất kinh doanh", "Kế hoạch sản xuất kinh doanh", "Kế hoạch kinh doanh"),
    "household_reg": ("Giấy chứng nhận đăng ký hộ kinh doanh",),
    "business_reg": (
        "Giấy chứng nhận đăng ký hợp tác xã",
        "Giấy chứng nhận đăng ký tổ hợp tác",
        "Giấy chứng nhận đăng ký doanh nghiệp",
        "Giấy chứng nhận đăng ký kinh doanh",
        "Hợp đồng hợp tác",
    ),
    "material": ("Hợp đồng mua bán nguyên liệu", "Hợp đồng cung cấp nguyên liệu", "Xác nhận vùng trồng"),
    "food_safety": (
        "Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm",
        "Giấy chứng nhận đủ điều kiện an toàn thực phẩm",
        "Bản cam kết sản xuất thực phẩm an toàn",
        "Bản cam kết bảo đảm an toàn thực phẩm",
    ),
    "test_report": ("Phiếu kết quả kiểm nghiệm", "Phiếu kết quả thử nghiệm", "Phiếu kiểm nghiệm"),
    "trademark": ("Giấy chứng nhận đăng ký nhãn hiệu", "Tờ khai đăng ký nhãn hiệu", "Đơn đăng ký nhãn hiệu"),
    "story": ("Câu chuyện sản phẩm",),
    "form_01": ("Phiếu đăng ký đánh giá, phân hạng sản phẩm",),
    "form_02": ("Báo cáo tự đánh giá", "Báo cáo tự đánh giá sản phẩm OCOP"),
    "quality_declaration": ("Bản tự công bố sản phẩm", "Bản công bố sản phẩm", "Bản công bố chất lượng sản phẩm"),
    "linkage": ("Hợp đồng liên kết",),
}
"""What stands at the top of a paper, by its id in the rulesets (without "plan_")."""
_OTHERWISE = {"material_origin": "material", "registration_sheet": "form_01", "photos": PICTURE}
"""Papers that look like another one, or like no paper at all."""
_PLAN = "plan_"
_TOP_LINES, _MOST_LINES = 15, 3
"""Where a name may stand: near the top, on lines of its own. Elsewhere the paper speaks of another one."""
_OWN_LINES = 2
"""How many times as long as the name its lines may be: "PHIẾU KIỂM NGHIỆM số 12/KN"."""
_ALIKE = 88.0
"""Per cent of a heading's letters that have to be there: what is read has a slip here and there."""
_FEW_WORDS = 20
"""What stands on a product and its label; a page of a paper has more."""


def likeness(words: str) -> str:
    """What a photo is, by the words on it: the id of a paper whose name stands at its top, "text" or "picture"."""
    lines = [folded for line in words.splitlines() if (folded := fold(line))]
    scores = [
        (fuzz.partial_ratio(name, there, score_cutoff=_ALIKE), len(name), paper)
        for there in _headlines(lines[:_TOP_LINES])
        for paper, names in HEADINGS.items()
        for name in map(fold, names)
        if len(name) <= len(there) <= _OWN_LINES * len(name)
    ]
    best = max(scores, default=(0.0, 0, ""))
    if best[0]:
        return best[2]
    folded = " ".join(lines)
    return TEXT if sum(len(word) > 1 for word in folded.split()) >= _FEW_WORDS else PICTURE


def _headlines(lines: Sequence[str]) -> Iterator[str]:
    """Each line, and up to three that follow each other: a long name is broken."""
    for first in range(len(lines)):
        for last in range(first, min(first + _MOST_LINES, len(lines))):
            yield " ".join(lines[first : last + 1])


@dataclass(frozen=True, slots=True)
class Pile:
    """Photos that are one paper. `numbers` are theirs among all that came, from 1."""

    paper: Paper
    numbers: tuple[int, ...]
    pages: tuple[Page, ...]

    def first(self, count: int) -> "Pile":
        return replace(self, numbers=self.numbers[:count], pages=self.pages[:count])


def sorted_out(pages: Sequence[Page], papers: Sequence[Paper], facts: Facts) -> tuple[Pile, ...]:
    """The piles of these papers, in the order in which they come; what belongs to none is in none.

    A page of text without a name goes on with the paper before it. A bad photo without words may be anything.
    """
    kinds = {_kind(paper): paper for paper in papers}
    piles: dict[str, list[tuple[int, Page]]] = {}
    open_paper = ""
    for number, page in enumerate(pages, 1):
        findings = facts.files[page[0]].findings if page[0] in facts.files else ()
        like = next((f.removeprefix(LIKE) for f in findings if f.startswith(LIKE)), "")
        if like in HEADINGS:
            open_paper = like
        kind = open_paper if like == TEXT else like
        unclear = kind == PICTURE and len(findings) > 1
        if kind in kinds and not unclear:
            piles.setdefault(kind, []).append((number, page))
    return tuple(
        Pile(kinds[kind], tuple(number for number, _ in found), tuple(page for _, page in found))
        for kind, found in piles.items()
    )


def _kind(paper: Paper) -> str:
    name = paper.id.removeprefix(_PLAN)
    return _OTHERWISE.get(name, name)


def spans(numbers: Sequence[int]) -> str:
    """ "1–2, 5" of 1, 2, 5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
