"""Tables of counts that may be passed on: changed a little, rounded, and without small counts.

All that a table shows is computed from the changed counts of cells. A cell has a period and at most two
values. Sums, rounding and hiding add nothing. So no choice of tables has more information than all cells
have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sanitiser.counts.noise import Cell, Noise
from sanitiser.counts.periods import MONTHS_IN, Period, Span

LEAST_SHOWN: Final = 10
"""A changed count below this is hidden: all true counts to 2, and of those from 3 to 7 all but a few."""

ROUNDED_TO: Final = 5

MOST_DIMENSIONS: Final = 2
"""The greatest number of dimensions of a cell beside its period."""

TOTAL: Final = "total"
NOT_KNOWN: Final = "not known"

Value = str | None
Counts = Mapping[tuple[int, tuple[Value, ...]], int]
"""The true number of records by month and by the values of some dimensions."""

CountsOf = Callable[[tuple[str, ...]], Counts]
"""Returns the true counts by the values of some dimensions, whose names are in ascending order."""


class QuestionError(ValueError):
    """A table of counts that is not given; the text says what is accepted."""


@dataclass(frozen=True, slots=True)
class Question:
    """A table of counts: what its rows and columns are, and the values that all its records have.

    Rows and columns are a unit of time (month, quarter, year) or the name of a dimension.
    """

    table: str
    span: Span
    rows: str
    columns: str | None
    only: Mapping[str, str]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the names of its dimensions: rows, columns, and those of which one value is counted."""
        return tuple(name for name in (self.rows, self.columns, *self.only) if name is not None)

    def __post_init__(self) -> None:
        """Check that each cell has a period and at most two values.

        Raises:
            QuestionError: it has more, or the same dimension twice.
        """
        named = self.dimensions
        if len(set(named)) != len(named):
            raise QuestionError(
                "each dimension can be used once: as rows, as columns or with --only"
            )
        times = [name for name in named if name in MONTHS_IN]
        if len(times) > 1:
            raise QuestionError(f"{' and '.join(times)}: accepted: one unit of time")
        if len(named) - len(times) > MOST_DIMENSIONS:
            message = f"{', '.join(named)}: too many; accepted: one unit of time and"
            raise QuestionError(f"{message} {MOST_DIMENSIONS} other dimensions, --only included")


class Row(NamedTuple):
    """A row of a table, with its counts; None if a count is not shown."""

    label: str
    counts: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class CountTable:
    """A table of counts; `totals` has the totals of the columns, and of the whole."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: Row


class _Line(NamedTuple):
    """A row or a column: its name, the periods that it counts, and the value that its records have."""

    label: str
    periods: tuple[Period, ...]
    values: Mapping[str, Value]


class Counter:
    """Answers questions on one table from its true counts."""

    def __init__(self, counts_of: CountsOf, noise: Noise) -> None:
        """Take where the true counts come from, and the key by which they are changed."""
        self._counts_of = counts_of
        self._noise = noise

    def answer(self, question: Question) -> CountTable:
        """Return the table of a question.

        A row or column without a shown count is left out, because its name would reveal that it has records.
        Periods are never left out.

        Raises:
            ValueError: the span has parts of a unit of the question.
        """
        rows, columns = self._lines(question, question.rows), []
        if question.columns is not None:
            columns = self._lines(question, question.columns)
        whole = _Line(TOTAL, question.span.parts(), {})
        grid = [(row, self._row(question, row, columns, whole)) for row in rows]
        kept = [
            row
            for line, row in grid
            if not line.values or any(count is not None for count in (*row.counts, row.total))
        ]
        totals = self._row(question, whole, columns, whole)
        shown = [
            at
            for at, column in enumerate(columns)
            if not column.values or any(row.counts[at] is not None for row in (*kept, totals))
        ]
        labels = tuple(columns[at].label for at in shown)
        return CountTable(labels, tuple(_only(kept, shown)), next(_only([totals], shown)))

    def _row(self, question: Question, line: _Line, columns: Sequence[_Line], whole: _Line) -> Row:
        counts = tuple(self._shown(question, line, column) for column in columns)
        return Row(line.label, counts, self._shown(question, line, whole))

    def _lines(self, question: Question, name: str) -> list[_Line]:
        if name in MONTHS_IN:
            return [_Line(period.label, (period,), {}) for period in question.span.each(name)]
        months = range(question.span.first, question.span.last + 1)
        found = {values[0] for month, values in self._counts_of((name,)) if month in months}
        return [
            _Line(NOT_KNOWN if value is None else value, question.span.parts(), {name: value})
            for value in sorted(found, key=lambda value: (value is None, value))
        ]

    def _shown(self, question: Question, row: _Line, column: _Line) -> int | None:
        values = {**question.only, **row.values, **column.values}
        # A period of a row or of a column is shorter than the span of the other.
        periods = min(row.periods, column.periods, key=_months)
        changed = sum(self._changed(question.table, period, values) for period in periods)
        return shown(changed, len(periods))

    def _changed(self, table: str, period: Period, values: Mapping[str, Value]) -> int:
        names = tuple(sorted(values))
        counts, wanted = self._counts_of(names), tuple(values[name] for name in names)
        true = sum(counts.get((month, wanted), 0) for month in period.months)
        return true + self._noise.of(Cell(table, period, values))


def shown(changed: int, periods: int) -> int | None:
    """Return a changed count as it is shown, or None if it is hidden.

    The change of a sum of periods is as the square root of their number, so the limit is too.
    """
    if changed < LEAST_SHOWN * math.sqrt(periods):
        return None
    return ROUNDED_TO * round(changed / ROUNDED_TO)


def _months(periods: Iterable[Period]) -> int:
    return sum(len(period.months) for period in periods)


def _only(rows: Iterable[Row], at: Sequence[int]) -> Iterator[Row]:
    """Yield rows with some of their columns."""
    for row in rows:
        yield row._replace(counts=tuple(row.counts[index] for index in at))
