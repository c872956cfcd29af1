"""Collects the history of each series from the cases of the state, for the measurement of false alarms."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy import int64

from detection.emerging.catalogue import Catalogue
from detection.emerging.facts import Case, SeriesKey, Source
from detection.emerging.replays import History
from detection.emerging.strata import day_kind

_COLUMNS = 4


class Histories:
    """The cases of each series since a day: easting, northing, day and source, in little memory.

    Records of several agencies about one event are all there: a replay takes them apart.
    """

    def __init__(self, catalogue: Catalogue, first_day: int) -> None:
        self._catalogue = catalogue
        self._first_day = first_day
        self._sources: dict[Source, int] = {}
        self._numbers: dict[SeriesKey, array[int]] = {}

    def add(self, case: Case) -> None:
        """Add a case."""
        if case.day < self._first_day:
            return
        source = self._sources.setdefault(case.source, len(self._sources))
        for series in self._catalogue.series_of_case(case):
            numbers = self._numbers.setdefault(series, array("q"))
            numbers.extend((case.easting, case.northing, case.day, source))

    def days(self) -> int:
        """Return the number of days from the first case to the last one."""
        spans = [
            np.frombuffer(n, int64).reshape(-1, _COLUMNS)[:, 2] for n in self._numbers.values()
        ]
        if not spans:
            return 0
        return int(max(s.max() for s in spans) - min(s.min() for s in spans)) + 1

    def of(self, recipient: str) -> Sequence[History]:
        """Return the histories of a recipient's series, in order."""
        return [
            _history(series, self._numbers[series])
            for series in sorted(self._numbers)
            if self._catalogue.is_of(recipient, series)
        ]


def _history(series: SeriesKey, numbers: Iterable[int]) -> History:
    rows = np.array(numbers, dtype=int64).reshape(-1, _COLUMNS)
    rows = rows[np.argsort(rows[:, 2], kind="stable")]
    points, site = np.unique(rows[:, :2], axis=0, return_inverse=True)
    kinds = {int(day): day_kind(int(day)) for day in np.unique(rows[:, 2])}
    pairs = np.column_stack((rows[:, 3], [kinds[int(day)] for day in rows[:, 2]]))
    strata, stratum = np.unique(pairs, axis=0, return_inverse=True)
    return History(
        series, points, site.reshape(-1).astype(int64), stratum.reshape(-1).astype(int64),
        rows[:, 2].copy(), len(strata),
    )  # fmt: skip
