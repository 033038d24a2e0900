"""The dialogs as charts."""

from collections.abc import Iterable
from pathlib import Path

from bot.doctor.walk import ROOT, Walked, everywhere
from dialogs.model import (
    Dialog,
    Dialogs,
)
from dialogs.tree import DIALOGS


def graphs(dialogs: Dialogs = DIALOGS, root: Path = ROOT, walked: Walked | None = None) -> list[str]:
    """One Mermaid flowchart for each dialog: questions, the options between them, and where they lead out."""
    ways = (walked or everywhere(dialogs, root)).ways
    return [graph(dialog, ways) for dialog in dialogs.by_name.values()]


def graph(dialog: Dialog, all_ways: Iterable[tuple[str, str, str]]) -> str:
    ways = [way for way in all_ways if way[0].startswith(f"{dialog.name}/")]
    order = {ask.name: n for n, ask in enumerate(dialog.steps)}
    lines = [f"%% {dialog.name}", "flowchart TD"]
    lines += [f'    {_node(dialog, ask.name)}["{ask.name}"]' for ask in dialog.steps]
    outside = sorted({end.partition("/")[0] for _, _, end in ways} - {dialog.name})
    lines += [f'    to_{name}(("{name}"))' for name in outside]
    labels: dict[tuple[str, str], set[str]] = {}
    for start, label, end in sorted(ways, key=lambda way: (order[way[0].partition("/")[2]], way[2])):
        labels.setdefault((_node(dialog, start.partition("/")[2]), _end(dialog, end)), set()).add(label)
    for (start, end), words in labels.items():
        shown = " · ".join(_quoted(label) for label in sorted(words) if label)
        lines.append(f"    {start} " + (f'-->|"{shown}"| ' if shown else "--> ") + end)
    return "\n".join(lines) + "\n"


def _node(dialog: Dialog, name: str) -> str:
    return f"{dialog.name}_{name}"


def _end(dialog: Dialog, where: str) -> str:
    name, _, ask = where.partition("/")
    return _node(dialog, ask) if name == dialog.name else f"to_{name}"


def _quoted(label: str) -> str:
    """Mermaid takes quotes only as a character reference."""
    return label.replace('"', "#quot;")
