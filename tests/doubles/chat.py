"""A terminal for a phone: what is typed is sent, a line with a slash does something, replies are shown."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tests.doubles.server import Double, Seen

QUIT = "/quit"
WHAT_GOES_WRONG = (AssertionError, OSError, ValueError, TypeError)


@dataclass(frozen=True)
class Chat:
    """`types` sends a line; `commands`: what stands after the slash, and what is done with the rest of the line."""

    platform: Double
    types: Callable[[str], object]
    commands: Mapping[str, Callable[[str], object]]

    def do(self, line: str) -> None:
        """Raises one of WHAT_GOES_WRONG."""
        word, _, rest = line.partition(" ")
        action = self.commands.get(word.removeprefix("/")) if word.startswith("/") else None
        if action is not None:
            action(rest.strip())
        elif word == "/days":
            self.platform.passes(timedelta(days=float(rest)))
        else:
            self.types(line)

    @property
    def help(self) -> str:
        names = "  ".join(f"/{name}" for name in (*self.commands, "days N", QUIT[1:]))
        return f"Type to chat, or one of these: {names}\n/photo and /file want a path.\n"

    async def run(self, lines: AsyncIterator[str]) -> None:
        sys.stdout.write(self.help)
        async for line in lines:
            if line == QUIT:
                break
            try:
                self.do(line)
            except WHAT_GOES_WRONG as error:
                sys.stdout.write(f"{error}\n")


def show(_: str, seen: Seen) -> None:
    """A message of the assistant, as it comes."""
    sys.stdout.write(shown("<", seen.text or f"({seen.kind} {seen.file_name}, {len(seen.data)} bytes)"))
    if seen.buttons:
        sys.stdout.write("  " + " ".join(f"[{title}]" for title, _ in seen.buttons) + "\n")
    sys.stdout.flush()


def shown(mark: str, text: str) -> str:
    lines = text.splitlines() or [""]
    return "".join(f"{'' if at else mark:<{len(mark)}} {line}\n" for at, line in enumerate(lines))


async def typed_lines() -> AsyncIterator[str]:
    """What is typed until the end of the input."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip():
            yield line.strip()


def start_with(environment: Mapping[str, str], more: Iterable[str] = ()) -> str:
    """How the assistant is started, to be copied into another terminal."""
    return "".join((*(f"export {name}={value}\n" for name, value in environment.items()), *more))
