"""Counts the changed cases of each series since its distributions were made."""

from __future__ import annotations

from collections import Counter

from detection.emerging.catalogue import Catalogue
from detection.emerging.facts import Case, SeriesKey


class Changed:
    """Counts changed cases by series, once their batch is committed."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Begin with no change."""
        self._catalogue = catalogue
        self._committed: Counter[SeriesKey] = Counter()
        self._batch: list[SeriesKey] = []

    def add(self, case: Case) -> None:
        """Count a case that the batch changes."""
        self._batch.extend(self._catalogue.series_of_case(case))

    def commit(self) -> None:
        """Keep the changes of the batch."""
        self._committed.update(self._batch)
        self._batch.clear()

    def rollback(self) -> None:
        """Forget the changes of the batch."""
        self._batch.clear()

    def begin(self, series: SeriesKey) -> None:
        """Count the changes of a series from now on."""
        self._committed.pop(series, None)

    def since(self, series: SeriesKey) -> int:
        """Return the number of changed cases of a series since `begin`."""
        return self._committed[series]
