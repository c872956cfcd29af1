"""The rows of an export: those of one table of a party's copy, by a condition and a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.hub.errors import HubError
from connectors.hub.exports.expression import check_expression, refusal
from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import RECORD_ID, RELEASED_AT, HubTable

AGENCY: Final = "source_agency"


@dataclass(frozen=True, slots=True)
class Selection:
    """A table, and which of its rows are wanted.

    `where` is an expression of DuckDB's SQL. It may have subqueries: the copy has only what the party may
    read. `since` is an instant; records count whose release is in its hour or later, because the time of a
    release is exact to the hour.
    """

    table: HubTable
    where: str | None = None
    since: datetime | None = None

    @property
    def from_hour(self) -> datetime | None:
        """Return the hour (UTC) from which releases count."""
        if self.since is None:
            return None
        return self.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)

    def rows(self, copy: PartyCopy) -> pa.Table:
        """Return the rows by column, in the order of their ids.

        A point is Well-Known Binary in EPSG:27700. Instants are UTC, with milliseconds.

        Raises:
            HubError: the copy has no such table, or the condition is faulty.
        """
        if f"{self.table.schema}.{self.table.name}" not in copy.tables():
            raise HubError(
                f"the copy has no table {self.table.schema}.{self.table.name} yet; the hub makes it "
                "when it starts"
            )
        if self.where is not None:
            check_expression(copy, self.where)
        hour = self.from_hour
        values = [] if hour is None else [hour.replace(tzinfo=None)]
        try:
            found = copy.arrow(self._statement, *values)
        except duckdb.Error as error:
            raise refusal(error) from None
        return _typed(found, self.table)

    @property
    def _statement(self) -> str:
        columns = [_quoted(column.name) for column in self.table.columns]
        columns += [f"ST_AsWKB({_quoted(p.name)}) AS {_quoted(p.name)}" for p in self.table.points]
        conditions = [] if self.since is None else [f"{RELEASED_AT} >= ?"]
        if self.where is not None:
            conditions.append(f"(\n{self.where}\n)")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        source = f"{_quoted(self.table.schema)}.{_quoted(self.table.name)}"
        return f"SELECT {', '.join(columns)} FROM {source}{where} ORDER BY {RECORD_ID}"


def by_agency(rows: pa.Table) -> Mapping[str, int]:
    """Return the number of rows of each agency that supplied some."""
    counted = pc.value_counts(rows.column(AGENCY)).to_pylist()
    return {each["values"]: each["counts"] for each in counted if each["values"] is not None}


def retention_ends(
    rows: pa.Table, retention: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """Return when the first row's and the last row's retention ends; without rows, that of `now`."""
    ends = pc.min_max(rows.column(RELEASED_AT)).as_py()
    first, last = ends["min"] or now, ends["max"] or now
    return first + retention, last + retention


def _typed(rows: pa.Table, table: HubTable) -> pa.Table:
    """Return the rows with time zones, and with points as bytes."""
    for column in table.columns:
        if column.kind == "instant":
            place = rows.schema.get_field_index(column.name)
            instants = rows.column(place).cast(pa.timestamp("ms"))
            rows = rows.set_column(place, column.name, pc.assume_timezone(instants, "UTC"))
    for point in table.points:
        place = rows.schema.get_field_index(point.name)
        rows = rows.set_column(place, point.name, rows.column(place).cast(pa.binary()))
    return rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
