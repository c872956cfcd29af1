"""Group the hits of an attack by field, row and reason, without any value of an original."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

_ROWS_SHOWN = 5


class Hit(NamedTuple):
    """One hit of an attack; `row` counts from 1 after the header, 0 means all rows."""

    attack: str
    field: str
    reason: str
    row: int = 0


class Finding(NamedTuple):
    """Hits of one kind: their number, and the first rows."""

    attack: str
    field: str
    reason: str
    hits: int
    rows: tuple[int, ...]

    def document(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return {**self._asdict(), "rows": list(self.rows)}


def gathered(hits: Iterable[Hit]) -> list[Finding]:
    """Return the hits by kind, in order of attack and field."""
    rows: dict[tuple[str, str, str], list[int]] = {}
    for hit in hits:
        rows.setdefault(hit[:3], []).append(hit.row)
    return [
        Finding(*kind, len(found), tuple(n for n in found[:_ROWS_SHOWN] if n))
        for kind, found in sorted(rows.items())
    ]
