"""The engine: counts each record at once, and looks at its neighbourhood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from detection.emerging.evaluating import Snapshot
from detection.emerging.facts import Case, CaseKey, Detection, Kind, SeriesKey, Source
from detection.emerging.settings import Settings
from detection.scan.p_values import Null

Held = Callable[[Source], bool]


class Supplied(Protocol):
    """What is known of the supplies. Days are since 1970-01-01."""

    def held(self, source: Source) -> bool:
        """Return True if a supply of the source is incomplete, or not all its records are here."""

    def complete_day(self, source: Source) -> int | None:
        """Return the last day whose records have all arrived by the learned delay, or None if unknown."""

    def covered(self, source: Source, day: int) -> bool:
        """Return True if a supply covers the day."""


class Engine:
    """The counts of all series. `today` is the as-of day of the looks."""

    def __init__(self, settings: Settings) -> None:
        self.today = 0

    def advance(self, day: int) -> None:
        """Make `day` the as-of day, if it is later. Cases that are too old leave the counts."""
        raise NotImplementedError

    def case(self, key: CaseKey) -> Case | None:
        """Return the case with this key, if it is in the study period."""
        raise NotImplementedError

    def put(self, case: Case) -> None:
        """Count a case, in the place of the case with its key."""
        raise NotImplementedError

    def remove(self, key: CaseKey) -> None:
        """Take a case out of the counts. An unknown key changes nothing."""
        raise NotImplementedError

    def commit(self) -> None:
        """Keep the changes since the last commit."""
        raise NotImplementedError

    def rollback(self) -> None:
        """Undo the changes since the last commit."""
        raise NotImplementedError

    def series(self) -> Sequence[SeriesKey]:
        """Return the series that have cases."""
        raise NotImplementedError

    def series_of(self, recipient: str) -> Sequence[SeriesKey]:
        """Return the series of a recipient that have cases."""
        raise NotImplementedError

    def tests(self, recipient: str) -> Mapping[Kind, int]:
        """Return the number of tests of each kind for a recipient at one evaluation."""
        raise NotImplementedError

    def looks(self, nulls: Mapping[SeriesKey, Null], held: Held) -> list[Detection]:
        """Look at the places of the records since the last call. Return what is at the level of the looks.

        `nulls` are the look nulls. Cases of held sources are left out; their series wait for `settle`.
        """
        raise NotImplementedError

    def settle(self, source: Source) -> frozenset[SeriesKey]:
        """Return the series that wait for a source which is not held any more, for a look at each."""
        raise NotImplementedError

    def look_at(self, series: SeriesKey, null: Null, held: Held) -> Detection | None:
        """Look at a whole series. Return its best cluster if that is at the level of the looks."""
        raise NotImplementedError

    def snapshot(
        self, series: SeriesKey, as_of: int, supplied: Supplied, kinds: frozenset[Kind]
    ) -> Snapshot:
        """Return the series as of a day, without held sources."""
        raise NotImplementedError
