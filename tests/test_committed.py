"""Nothing that opens anything is committed: no token, no key, no password.

detect-secrets knows what such things look like. It takes two minutes for the whole repository, line by line, so it is
shown only those that have anything long enough to be one.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

ROOT = Path(__file__).parent.parent
CANDIDATE = re.compile(
    r"[A-Za-z0-9+/=_.-]{20,}|PRIVATE KEY|://[^ /]*:[^ /]*@"
    r"""|(?i:pass|secret|token|key)\w*["']?\s*[:=]\s*["']?[\w+/.-]{8,}"""
)
LOCKS = ":!*.lock"
"""Hashes, one a line."""
MOST_CHARS = 4000
NOT_ASKED = {"IPPublicDetector"}
ALLOWED = "pragma: allowlist secret"
"""detect-secrets' own mark, at the end of a line."""
KNOWN = {
    "", "…", "password", "{password}", "word", "b", "k", "p", "p%3A", "p%40ss", "p%40ss%2Fword", "another", "geheim",
    "hunter2", "s3cret", "12345678", "se%40cret", "AWS_REGION",
    "x-telegram-bot-api-secret-token", "x-bot-api-secret-token",
    "s", "a-secret-of-the-bot", "app-secret-that-opens-nothing", "oa-secret-key-for-tests", "a-secret-of-the-webhook",
    "123456789:AAF-example_of_a_token_that_opens_0",
    # ids of Zalo's own examples, which the recorded payloads repeat
    "1234567890123456789", "1234567890123456780", "96d3cdf3af150460909a", "a4d0243feee163bd3af2",
    "db8f0a790d28e3d8658a0ff084618900",
    "12a8aa9e47bea264a1492faa3ba168a803aa935aa701d32ebfdf0c2eec71181e",
    # the public halves of browsers' push keys
    "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM=",
    "BLVNqEE973HdJKUW1S44sBDDan0Yr2dKZXJBQrqbP9XmFv0HIq4A1-ffGCkjM2zewO86TfwrqWa6PC2L5_dI4B4",
    "BAAAqEE973HdJKUW1S44sBDDan0Yr2dKZXJBQrqbP9XmFv0HIq4A1-ffGCkjM2zewO86TfwrqWa6PC2L5_dI4B4",
    # digits, and the bytes of a picture of one pixel
    "0123456789abcdef", "c9fe92ef0000000049454e44ae426082",
    "1f15c4890000000d49444154789c6360f8cf00000003010100c9fe92ef0000000049454e44ae426082",
}  # fmt: skip
"""What looks like a secret and opens nothing: names, examples, words of tests."""


def finds(folder: Path, *paths: str) -> Iterator[str]:
    """`path:line: kind: value` of each line in what git keeps there."""
    kinds: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    detectors = [kind() for kind in kinds if kind.__name__ not in NOT_ASKED]
    for path, number, line in candidates(folder, *paths):
        name = f"{path}.conf" if Path(path).name.startswith(".env") else path  # a kind of file that it knows
        for detector in detectors:
            for found in detector.analyze_line(filename=name, line=line, line_number=number):
                yield f"{path}:{number}: {found.type}: {found.secret_value}"


def candidates(folder: Path, *paths: str) -> Iterator[tuple[str, int, str]]:
    """Path, number and text of the lines that are long enough."""
    listed = ["git", "ls-files", "-z", "--", *(paths or (".", LOCKS))]
    tracked = subprocess.run(listed, cwd=folder, capture_output=True, text=True, check=True).stdout
    for path in filter(None, tracked.split("\0")):
        lines = (folder / path).read_text(encoding="utf-8", errors="replace").split("\n")
        for number, line in enumerate(lines, start=1):
            if CANDIDATE.search(line) and ALLOWED not in line:
                yield path, number, line[:MOST_CHARS]


def unknown(found: Iterator[str]) -> list[str]:
    return [one for one in found if one.rpartition(": ")[2] not in KNOWN]


def test_no_secret_is_committed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("a copy without its history: nothing is committed here")
    assert unknown(finds(ROOT)) == []


PLANTED = {
    "Telegram Bot Token": ("token: 8134567890", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
    "AWS Access Key": ("aws_access_key_id = AKIA", "Q7KLMNOPQRSTUVWX"),
    "Private Key": ("-----BEGIN RSA ", "PRIVATE KEY-----"),
    "Basic Auth Credentials": ("DATABASE_URL=postgresql://ocop", ":Xk29qPz@db/ocop"),
    "Hex High Entropy String": ('zalo = "9f1c02ab77e4', '53d86a1be07c44f2d935"'),
    "Secret Keyword": ("SMTP_PASSWORD: ", "kX9mQ2vL"),
}
"""In two parts, as this file must not be found itself."""


@pytest.mark.parametrize("kind", PLANTED)
def test_a_secret_that_somebody_commits_is_found(kind: str, tmp_path: Path) -> None:
    alone = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=alone, check=True)
    (tmp_path / ".env.example").write_text(f"# settings\n{''.join(PLANTED[kind])}\n")
    subprocess.run(["git", "add", "."], cwd=tmp_path, env=alone, check=True)
    assert f".env.example:2: {kind}" in {one.rpartition(": ")[0] for one in unknown(finds(tmp_path))}
