"""Counts the changed cases of each series since its distributions were made."""

from __future__ import annotations

from collections import Counter

from detection.emerging.facts import SeriesKey, Stream
from detection.emerging.settings import Settings


class Changed:
    """Counts changed cases by stream and type, once their batch is committed."""

    def __init__(self, settings: Settings) -> None:
        """Begin with no change."""
        self._types = {group.name: group.types for group in settings.groups}
        self._committed: Counter[tuple[Stream, str]] = Counter()
        self._batch: list[tuple[Stream, str]] = []
        self._begun: dict[SeriesKey, int] = {}

    def add(self, stream: Stream, code: str) -> None:
        """Count a case that the batch changes."""
        self._batch.append((stream, code))

    def commit(self) -> None:
        """Keep the changes of the batch."""
        self._committed.update(self._batch)
        self._batch.clear()

    def rollback(self) -> None:
        """Forget the changes of the batch."""
        self._batch.clear()

    def begin(self, series: SeriesKey) -> None:
        """Count the changes of a series from now on."""
        self._begun[series] = self._all(series)

    def since(self, series: SeriesKey) -> int:
        """Return the number of changed cases of a series since `begin`."""
        return self._all(series) - self._begun.get(series, 0)

    def _all(self, series: SeriesKey) -> int:
        if not series.is_group:
            return sum(self._committed[stream, series.name] for stream in series.streams)
        types = self._types.get(series.name, {})
        return sum(
            number
            for (stream, code), number in self._committed.items()
            if stream in series.streams
            and (not types.get(stream.dataset) or code in types[stream.dataset])
        )
