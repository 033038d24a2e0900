"""What the alerts and the dashboard ask for exists in the program; each alert has its paragraph in both runbooks."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

import bot.channels.zalo
import bot.channels.zalo_tokens
import bot.deliver
import bot.ladder
import bot.web.app  # noqa: F401  these modules make the metrics
from bot.turn import outbox_row
from storage import backlog
from storage.models import timers, updates
from storage.outbox import post
from tests.heart import chat, keep_files
from tests.transcripts import Clock

ROOT = Path(__file__).parent.parent
RULES = (ROOT / "docs/monitoring/rules.yml").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "docs/monitoring/dashboard.json").read_text(encoding="utf-8"))
ASKED = re.compile(r"\b(ocop_\w+|process_\w+)(\{[^}]*\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!=|!~|=)")
OF_PROMETHEUS = {"job", "instance", "le"}


def expressions() -> Iterator[str]:
    yield from re.findall(r"^\s+expr: (.+)$", RULES, re.MULTILINE)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def exposed() -> dict[str, set[str]]:
    """Names as they stand on /metrics, each with its labels."""
    found: dict[str, set[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        found |= dict.fromkeys(REGISTRY._collector_to_names[collector], labels)
    return found


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_metric_and_label_that_is_asked_for_exists(expression: str) -> None:
    known = exposed()
    for name, selector in ASKED.findall(expression):
        assert name in known
        assert set(LABEL.findall(selector)) <= known[name] | OF_PROMETHEUS
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        names = {part for name, _ in ASKED.findall(expression) for part in known[name]}
        assert {label.strip() for label in group.split(",")} <= names | OF_PROMETHEUS


def test_each_metric_of_ours_is_looked_at_somewhere() -> None:
    asked = {name for expression in expressions() for name, _ in ASKED.findall(expression)}
    ours = {
        name for name in exposed() if name.startswith("ocop_") and not name.endswith(("_created", "_sum", "_count"))
    }
    families = {name.removesuffix("_bucket").removesuffix("_total") for name in ours}
    assert {name.removesuffix("_bucket").removesuffix("_total") for name in asked if "ocop" in name} == families


@pytest.mark.parametrize("name", ["operations.md", "operations.vi.md"])
def test_each_alert_has_its_paragraph_in_the_runbook(name: str) -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES)
    headings = re.findall(r"^### (Ocop\w+)", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == alerts


# ---------------------------------------------------------------- what is read from the database


async def test_what_waits_is_counted_from_when_it_was_due(engine: AsyncEngine) -> None:
    clock = Clock()
    assert {one.what: one.count for one in await waiting(engine, clock)} == dict.fromkeys(WHAT, 0)
    anna = await chat(engine, clock, "anna")
    later = clock() + timedelta(minutes=10)
    async with engine.begin() as connection:
        await post(connection, [row(anna.id, "reply", clock), row(anna.id, "notice", clock)])
        held_for_morning = row(anna.id, "notice", clock) | {"due_at": later}
        await post(connection, [held_for_morning])
        timer = {"conversation_id": anna.id, "kind": "reminder", "subject": "", "turn": 1}
        await connection.execute(insert(timers), [timer | {"due_at": clock()}])
    await keep_files(engine, clock, anna, "f1")  # stored: it waits for nothing
    clock.now += timedelta(minutes=5)
    found = {one.what: (one.count, one.oldest_s) for one in await waiting(engine, clock)}
    assert found == {"reply": (1, 300.0), "notice": (1, 300.0), "timer": (1, 300.0), "file": (0, 0.0)}


WHAT = ("reply", "notice", "file", "timer")


def row(conversation_id: int, kind: str, clock: Clock) -> dict[str, Any]:
    return outbox_row(conversation_id, kind, {"text": "a"}, clock())


async def waiting(engine: AsyncEngine, clock: Clock) -> list[backlog.Waiting]:
    async with engine.begin() as connection:
        return await backlog.waiting(connection, clock())


async def test_what_was_given_up_is_counted(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        for status in ("failed", "waiting"):
            await post(connection, [row(anna.id, "reply", clock) | {"status": status}])
        seen = [{"channel": "web", "key": k, "received_at": clock(), "error": e} for k, e in (("1", ""), ("2", "a"))]
        await connection.execute(insert(updates), seen)
        assert await backlog.given_up(connection) == {"message": 1, "update": 1}
