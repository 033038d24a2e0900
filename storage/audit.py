"""What was decided and what personal data was looked at: who, when, over which channel. Entries are only added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing for the audit; `details` hold no personal data beyond ids."""

    action: str
    actor_id: int | None
    channel: str
    case_code: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
