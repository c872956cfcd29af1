"""Put the events of a file at sites, one for each point, and count them by stratum and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.emerging.strata import day_kind
from detection.scan.counts import Counts, Ints
from offline.detect.reading import Event

Strata = Literal["none", "weekday"]

Point = tuple[float, float]
STRATA: Final[tuple[Strata, ...]] = ("none", "weekday")


class Period(NamedTuple):
    """The days of a study, both ends included. The windows of the scan end on the last day."""

    first: int
    last: int

    @property
    def days(self) -> int:
        """Return the number of days."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of a file. `points` (S, 2) are eastings and northings in metres.

    `at` has the site of each event. `names` has the ids at each site, or its easting and northing if the ids
    are those of records.
    """

    points: NDArray[float64]
    at: Ints
    names: tuple[tuple[str, ...], ...]
    ids_are_sites: bool


def sites_of(events: Sequence[Event], *, of_records: bool) -> Sites:
    """Return the sites of the events, in order of first appearance.

    An id is that of a site if it always has the same point, and either some id is repeated or no point
    has two ids. With `of_records` every id is that of a record.
    """
    numbers: dict[Point, int] = {}
    at = [numbers.setdefault((e.easting, e.northing), len(numbers)) for e in events]
    ids_are_sites = not of_records and _are_sites(events, len(numbers))
    points = np.array(list(numbers), dtype=float64).reshape(-1, 2)
    names = _ids_at(events, at, len(numbers)) if ids_are_sites else [(_named(p),) for p in numbers]
    return Sites(points, np.array(at, dtype=np.int64), tuple(names), ids_are_sites)


def counts_of(
    events: Sequence[Event], sites: Sites, period: Period, window: int, strata: Strata
) -> Counts:
    """Return the counts of the events of a period, for windows of 1 to `window` days that end with it."""
    inside = [
        (site, e)
        for site, e in zip(sites.at.tolist(), events, strict=True)
        if e.day is not None and e.cases and period.first <= e.day <= period.last
    ]
    numbers: dict[tuple[str, int], int] = {}
    kinds = [numbers.setdefault(_stratum(e, strata), len(numbers)) for _, e in inside]
    base = np.zeros((len(sites.points), len(numbers)), dtype=np.int64)
    recent = np.zeros((len(sites.points), window), dtype=np.int64)
    by_lag = np.zeros((len(numbers), window), dtype=np.int64)
    for (site, event), kind in zip(inside, kinds, strict=True):
        lag = period.last - (event.day or 0)
        base[site, kind] += event.cases
        if lag < window:
            recent[site, lag] += event.cases
            by_lag[kind, lag] += event.cases
    return Counts(base=base, recent=recent, by_lag=by_lag)


def number_text(value: float) -> str:
    """Return a number without a decimal point if it is whole."""
    return str(int(value)) if value.is_integer() else str(value)


def _are_sites(events: Sequence[Event], points: int) -> bool:
    pairs = {(e.id, e.easting, e.northing) for e in events}
    ids = Counter(name for name, *_ in pairs)
    if len(ids) != len(pairs):
        return False
    return len(ids) == points or len(ids) < len(events)


def _ids_at(events: Sequence[Event], at: Sequence[int], size: int) -> list[tuple[str, ...]]:
    found: list[dict[str, None]] = [{} for _ in range(size)]
    for event, site in zip(events, at, strict=True):
        found[site][event.id] = None
    return [tuple(each) for each in found]


def _named(point: Point) -> str:
    return ",".join(map(number_text, point))


def _stratum(event: Event, strata: Strata) -> tuple[str, int]:
    if strata == "none":
        return "", 0
    return event.agency, day_kind(event.day or 0)
