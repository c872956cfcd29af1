"""A made-up district with a year of records, and what somebody sees of its counts."""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

from sanitiser.counts.noise import Cell, Noise
from sanitiser.counts.periods import MONTHS_IN, Period, Span
from sanitiser.counts.table import Counter, Counts, Question, shown

TABLE = "central.police_incident"
FIRST = 2025 * 12
YEAR = Span(FIRST, FIRST + 11)
TYPES = tuple(f"type {number}" for number in range(12))
OTHERS = ("domestic", "hour", "lsoa", "sector", "ward", "weekday")
"""The dimensions beside the type."""

Record = Mapping[str, Any]

CHANCES = [math.comb(14, ones) / 2**14 for ones in range(15)]
"""How often each change of a count comes, from -7 to 7."""


def records(seed: int = 5, a_month: int = 1_500) -> list[dict[str, Any]]:
    """Return a year of records in 115 LSOAs, 33 wards and 30 sectors, which cut through LSOAs."""
    random = Random(seed)
    shares = [1 / (number + 1) for number in range(len(TYPES))]
    return [
        {
            "month": month,
            "type": random.choices(TYPES, shares)[0],
            "lsoa": str(lsoa := random.randrange(115)),
            "ward": str(lsoa * 33 // 115),
            "sector": str((lsoa * 30 // 115 + random.choice((0, 0, 0, 1))) % 30),
            "weekday": str(random.randrange(7)),
            "hour": str(random.randrange(24)),
            "domestic": str(random.random() < 0.15),
        }
        for month in range(YEAR.first, YEAR.last + 1)
        for _ in range(a_month)
    ]


class District:
    """Records, and the answers to any question about them."""

    def __init__(self, held: Iterable[Record], key: bytes = bytes(32)) -> None:
        self.records = list(held)
        self.noise = Noise(key)
        self.counts_of = cache(self._counts_of)
        self.counter = Counter(self.counts_of, self.noise)

    def _counts_of(self, names: tuple[str, ...]) -> Counts:
        return Tally((r["month"], tuple(r[name] for name in names)) for r in self.records)

    def true(self, period: Period, values: Mapping[str, Any]) -> int:
        """The true count of a cell."""
        names = tuple(sorted(values))
        wanted = tuple(values[name] for name in names)
        counts = self.counts_of(names)
        return sum(counts.get((month, wanted), 0) for month in period.months)

    def seen(self, period: Period, values: Mapping[str, Any]) -> int | None:
        """Return the count of a cell as every table shows it."""
        return shown(self.true(period, values) + self.noise.of(Cell(TABLE, period, values)), 1)

    def guess(self, period: Period, values: Mapping[str, Any]) -> float:
        """Return the best guess of somebody who sees the table: 3.5 for a hidden count."""
        seen = self.seen(period, values)
        return 3.5 if seen is None else float(seen)


def periods_of(month: int) -> Iterator[Period]:
    """Yield the month, quarter and year of a month."""
    for unit, length in MONTHS_IN.items():
        yield Period(unit, month - month % length)


def cells_of(record: Record, type_: str | None = None) -> Iterator[tuple[Period, dict[str, Any]]]:
    """Yield every cell that counts a record and its type, or would if it had another type."""
    for period in periods_of(record["month"]):
        for other in (None, *OTHERS):
            values = {} if other is None else {other: record[other]}
            yield period, {**values, "type": type_ or record["type"]}


@cache
def chance(seen: int | None, true: int) -> float:
    """Return how often a true count is shown as `seen`."""
    return sum(p for change, p in enumerate(CHANCES, -7) if shown(true + change, 1) == seen)


def question(rows: str, columns: str | None = None, **more: Any) -> Question:
    return Question(TABLE, more.pop("span", YEAR), rows, columns, more.pop("only", {}))
