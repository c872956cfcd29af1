"""The audit's entry of a copy: who gets the rows of which tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.hub.tables import AnyTable
from isp.audit.shares import read_share

ACTION = "copy"


def copy_entry(
    actor: str, recipient: str, tables: Sequence[AnyTable], counts: Mapping[str, int]
) -> dict[str, Any]:
    """Return the entry of the audit; `actor` and `recipient` are principals, `counts` rows by topic."""
    return {
        "actor": actor,
        "action": ACTION,
        "subject": recipient,
        "outcome": "done",
        "counts": {"tables": len(counts), "rows": sum(counts.values())},
        "shares": [read_share(t.topic, recipient, counts[t.topic.name]) for t in tables],
    }
