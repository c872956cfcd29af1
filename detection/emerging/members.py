"""The members of a series: of one type each case is counted, of a group one case of each event."""

from __future__ import annotations

from collections.abc import Iterable

from detection.emerging.facts import Case, CaseKey, Match, SeriesKey
from detection.emerging.groups import Group
from detection.emerging.series import Series
from detection.emerging.settings import Settings


class Members:
    """The cases of one series. `series` has those that are counted."""

    def __init__(self, key: SeriesKey, settings: Settings, today: int) -> None:
        datasets = [stream.dataset for stream in key.streams]
        self._group = Group(settings, datasets, today) if key.is_group else None
        self.series = self._group.series if self._group else Series(settings, today)

    @property
    def is_empty(self) -> bool:
        """Return True if there is no case."""
        return self.series.is_empty

    def put(self, case: Case) -> list[Case]:
        """Add a case that is not a member. Return the cases that are counted now, and were not."""
        if self._group:
            return self._group.put(case)
        self.series.put(case)
        return [case]

    def remove(self, case: Case) -> list[Case]:
        """Take a case out. Return the cases that are counted now, and were not."""
        if self._group:
            return self._group.remove(case)
        self.series.remove(case)
        return []

    def advance(self, today: int) -> None:
        """Make `today` the as-of day, if it is later."""
        (self._group or self.series).advance(today)

    def matches(self, keys: Iterable[CaseKey]) -> tuple[Match, ...]:
        """Return the matches with some of the counted cases."""
        return self._group.matches(frozenset(keys)) if self._group else ()
