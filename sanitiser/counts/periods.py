"""Calendar periods of counts: months, quarters and years. No other span of days is counted.

Counts of spans that overlap at will could be subtracted until one day is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

MONTHS_IN: Final = {"month": 1, "quarter": 3, "year": 12}
"""The number of months in each unit, from the shortest unit to the longest."""

_YEAR = 12
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)


class Period(NamedTuple):
    """A month, a quarter or a year, by the number of its first month."""

    unit: str
    first: int

    @property
    def months(self) -> range:
        """Return the numbers of its months."""
        return range(self.first, self.first + MONTHS_IN[self.unit])

    @property
    def label(self) -> str:
        """Return its name: 2026-03, 2026-Q1 or 2026."""
        year, month = divmod(self.first, _YEAR)
        names = {"month": f"{year:04}-{month + 1:02}", "quarter": f"{year:04}-Q{month // 3 + 1}"}
        return names.get(self.unit, f"{year:04}")


class Span(NamedTuple):
    """All months from the first to the last, both by number."""

    first: int
    last: int

    @property
    def label(self) -> str:
        """Return its name, such as 2025-11 to 2026-10."""
        names = [month_label(self.first), month_label(self.last)]
        return " to ".join(dict.fromkeys(names))

    def each(self, unit: str) -> tuple[Period, ...]:
        """Return its periods of one unit, in order.

        Raises:
            ValueError: it begins or ends within a period of the unit.
        """
        length = MONTHS_IN[unit]
        if self.first % length or (self.last + 1) % length:
            raise ValueError(f"{self.label} has parts of a {unit}; accepted: whole {unit}s")
        return tuple(Period(unit, at) for at in range(self.first, self.last + 1, length))

    def parts(self) -> tuple[Period, ...]:
        """Return the fewest periods that make it up: years, then quarters, then months."""
        return tuple(self._parts())

    def _parts(self) -> Iterator[Period]:
        at = self.first
        while at <= self.last:
            fitting = (u for u, n in MONTHS_IN.items() if not at % n and at + n - 1 <= self.last)
            found = Period(list(fitting)[-1], at)
            yield found
            at = found.months.stop


def month_of(day: date) -> int:
    """Return the number of the month of a day: months since the year 0."""
    return day.year * _YEAR + day.month - 1


def month_label(number: int) -> str:
    """Return the name of a month by its number: 2026-03."""
    return Period("month", number).label


def read_month(text: str) -> int:
    """Return the number of a month.

    Raises:
        ValueError: it is no month; the text says what is accepted.
    """
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no month; accepted: a year and a month, such as 2026-03")
    return int(found[1]) * _YEAR + int(found[2]) - 1


def usual_span(unit: str, months: Span) -> Span:
    """Return the last year of whole periods of a unit, as far as some months have them."""
    length = MONTHS_IN[unit]
    end = months.last + 1 - (months.last + 1) % length
    first = max(end - _YEAR, months.first + -months.first % length)
    return Span(first, end - 1)
