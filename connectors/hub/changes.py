"""The changes that messages make to one table: the newest version of each record, or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from connectors.hub.tables import RELEASED_AT, HubTable

Row = Mapping[str, Any]
_MILLISECONDS: Final = 1_000


@dataclass(slots=True)
class Changes:
    """The newest row of each changed record by its id; None if the record is to go."""

    table: HubTable
    rows: dict[str, Row | None] = field(default_factory=dict)
    _instants: tuple[str, ...] = field(init=False, repr=False)
    _facts: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._instants, self._facts = self.table.of_kind("instant"), self.table.of_kind("facts")

    def put(self, record_id: str, record: Row, at_ms: int) -> None:
        """Take a version of a record, released at `at_ms` (UTC, since 1970). The newest comes last."""
        row = {**record, RELEASED_AT: instant(at_ms)}
        for name in self._instants:
            row[name] = _utc(row[name])
        for name in self._facts:
            row[name] = _json(row[name])
        self.rows[record_id] = row

    def remove(self, record_id: str) -> None:
        """Take a record out: it was taken back, or its version cannot be read."""
        self.rows[record_id] = None

    def columns(self) -> dict[str, list[Any]]:
        """Return the values of the rows by column, as many in each."""
        rows = [row for row in self.rows.values() if row is not None]
        return {column.name: [row[column.name] for row in rows] for column in self.table.columns}


def instant(at_ms: int) -> datetime:
    """Return an instant in milliseconds since 1970 as the hub stores it: UTC, without a time zone."""
    return datetime.fromtimestamp(at_ms / _MILLISECONDS, UTC).replace(tzinfo=None)


def _json(facts: Any) -> str | None:
    return None if facts is None else json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None)
