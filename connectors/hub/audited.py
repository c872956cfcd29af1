"""The audit's entry of a copy: who gets the rows of which tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from connectors.hub.copies import Rows
from connectors.hub.tables import AnyTable
from isp.audit.shares import read_shares

ACTION = "copy"


def copy_entry(
    actor: str, recipient: str, tables: Sequence[AnyTable], rows: Rows
) -> dict[str, Any]:
    """Return the entry of the audit, with a share for each supplier; the two are principals."""
    shares = [read_shares(t.topic, recipient, rows[t.topic.name]) for t in tables]
    return {
        "actor": actor,
        "action": ACTION,
        "subject": recipient,
        "outcome": "done",
        "counts": {"tables": len(rows), "rows": sum(sum(of.values()) for of in rows.values())},
        "shares": list(chain.from_iterable(shares)),
    }
