"""A conversation's state as JSON, and how states written by older releases are read.

Version 1: {"v": 1, "at": "register_idea.3/phone", "then"?: "menu", "n"?: drafts begun, "t"?: turn,
"drafts": {"register_idea.3": {"a": {answers}, "v": dialog version, "at"?, "p"?: partial, "s"?: suggested,
"pg"?: page, "t"?: turn, "sh"?: shelved}}}. Fields at their default are left out.
"""

from collections.abc import Mapping
from typing import Any

from dialogs.model import Draft, State

STATE_VERSION = 1


def dump(state: State) -> dict[str, Any]:
    fields = {"then": state.then, "n": state.serial, "t": state.turn}
    drafts = {key: _dump_draft(draft) for key, draft in state.drafts.items()}
    return {"v": STATE_VERSION, "at": state.at, **_given(fields), "drafts": drafts}


def _dump_draft(draft: Draft) -> dict[str, Any]:
    fields = {"at": draft.at, "p": draft.partial, "s": draft.suggested, "pg": draft.page, "t": draft.turn}
    fields |= {"sh": dict(draft.shelved)}
    return {"a": dict(draft.answers), "v": draft.version, **_given(fields)}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def load(data: Mapping[str, Any]) -> State:
    """The state; what cannot be read as one (empty, damaged, of a later release) begins anew at the menu."""
    if data.get("v") != STATE_VERSION:
        return State()
    try:
        return _load(data)
    except (ValueError, TypeError, AttributeError, KeyError):
        return State()


def _load(data: Mapping[str, Any]) -> State:
    drafts = {str(key): _load_draft(draft) for key, draft in data["drafts"].items() if isinstance(draft, Mapping)}
    return State(
        at=str(data.get("at", "")),
        drafts=drafts,
        then=str(data.get("then", "")),
        serial=int(data.get("n", 0)),
        turn=int(data.get("t", 0)),
    )


def _load_draft(data: Mapping[str, Any]) -> Draft:
    return Draft(
        answers={str(name): str(value) for name, value in data.get("a", {}).items()},
        version=int(data.get("v", 1)),
        at=str(data.get("at", "")),
        partial=str(data.get("p", "")),
        suggested=str(data.get("s", "")),
        page=int(data.get("pg", 0)),
        turn=int(data.get("t", 0)),
        shelved={str(name): str(value) for name, value in data.get("sh", {}).items()},
    )
