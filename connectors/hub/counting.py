"""Count the records of a party's copy by month and by the values of some dimensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connectors.hub.dimensions import Dimension
from connectors.hub.party_copy import PartyCopy
from sanitiser.counts.periods import Span
from sanitiser.counts.table import Counts

_MONTHS = 12


class Counted(NamedTuple):
    """A table to count: its name in the copy, the column with the date of the event, and its dimensions."""

    table: str
    day: str
    dimensions: Mapping[str, Dimension]


def count(copy: PartyCopy, counted: Counted, names: Sequence[str], span: Span) -> Counts:
    """Return the number of records of each month of a span, by the values of dimensions.

    A record without a date of its event is not counted.
    """
    dimensions = [counted.dimensions[name] for name in names]
    found: Counter[tuple[int, tuple[str | None, ...]]] = Counter()
    columns = [dimension.column for dimension in dimensions]
    for month, *values, number in copy.query(_statement(counted, columns), *span):
        named = zip(dimensions, values, strict=True)
        found[month, tuple(dimension.name_of(value) for dimension, value in named)] += number
    return found


def _statement(counted: Counted, columns: Sequence[str]) -> str:
    """Return the statement: months are numbered from the year 0, from 0."""
    day = _quoted(counted.day)
    table = ".".join(map(_quoted, counted.table.split(".")))
    month = f"year({day}) * {_MONTHS} + month({day}) - 1"
    selected = ", ".join([month, *map(_quoted, columns), "count(*)"])
    return f"SELECT {selected} FROM {table} WHERE {month} BETWEEN ? AND ? GROUP BY ALL"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
