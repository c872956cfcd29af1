"""A declared group: the cases of several agencies, of which one is counted for each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import pi
from typing import Final

from detection.emerging.facts import Case, CaseKey, Match, Source
from detection.emerging.matching import match, may_be_same
from detection.emerging.series import SPARE_DAYS, Series
from detection.emerging.settings import Settings

NEAR_KM: Final = 1.0

_HOURS_OF_DAY: Final = 24

Cell = tuple[int, int, int]


class Group:
    """The cases of a group, and the series of those that are counted.

    The counted cases follow from all cases, whatever their order: if a case comes or goes, those that are
    connected with it by places and times that agree are matched again.
    """

    def __init__(self, settings: Settings, datasets: Sequence[str], today: int) -> None:
        self.series = Series(settings, today)
        self._settings = settings
        self._datasets = datasets
        self._side = max(settings.same_event_m, 1.0)
        self._reach = 1 + (settings.same_event_hours + 1) // _HOURS_OF_DAY
        self._cells: dict[Cell, dict[CaseKey, Case]] = {}
        self._cases: dict[CaseKey, Case] = {}
        self._left_out: set[CaseKey] = set()

    def put(self, case: Case) -> list[Case]:
        """Add a case that is not in the group. Return the cases that are counted now, and were not."""
        if case.day < self.series.first_day - SPARE_DAYS:
            return []
        self._cases[case.key] = case
        self._cells.setdefault(self._cell(case), {})[case.key] = case
        return self._count_again(self._connected([case]), new={case.key})

    def remove(self, case: Case) -> list[Case]:
        """Take a case out. Return the cases that are counted now, and were not."""
        if self._cases.pop(case.key, None) is None:
            return []
        cell = self._cells[self._cell(case)]
        del cell[case.key]
        if not cell:
            del self._cells[self._cell(case)]
        if case.key in self._left_out:
            self._left_out.remove(case.key)
        else:
            self.series.remove(case)
        return self._count_again(self._connected(self._agreeing(case)), new=set())

    def advance(self, today: int) -> None:
        """Make `today` the as-of day, if it is later."""
        first_day = today - self._settings.study_days + 1 - SPARE_DAYS
        for case in [case for case in self._cases.values() if case.day < first_day]:
            self.remove(case)
        self.series.advance(today)

    def matches(self, keys: AbstractSet[CaseKey]) -> tuple[Match, ...]:
        """Return the matches with some of the counted cases."""
        cases = self._connected([self._cases[key] for key in keys if key in self._cases])
        found = match(list(cases.values()), self._datasets, self._settings, self.density)
        return tuple(each for each in found.matches if each.cases[0] in keys)

    def density(self, case: Case, source: Source) -> float:
        """Return the cases of a source within `NEAR_KM` of a case, per square kilometre and day."""
        reach = (1_000 * NEAR_KM) ** 2
        near = sum(
            (other.easting - case.easting) ** 2 + (other.northing - case.northing) ** 2 <= reach
            for other in self._cases.values()
            if other.source == source
        )
        return near / (pi * NEAR_KM**2) / self._settings.study_days

    def _count_again(self, cases: dict[CaseKey, Case], new: set[CaseKey]) -> list[Case]:
        """Match connected cases again. The `new` ones were not counted."""
        found = match(list(cases.values()), self._datasets, self._settings, _never)
        counted = []
        for key, case in cases.items():
            is_new, was_left_out = key in new, key in self._left_out
            if key in found.counted:
                self._left_out.discard(key)
                if is_new or was_left_out:
                    self.series.put(case)
                    counted.append(case)
            else:
                self._left_out.add(key)
                if not is_new and not was_left_out:
                    self.series.remove(case)
        return counted

    def _connected(self, cases: Iterable[Case]) -> dict[CaseKey, Case]:
        """Return the cases with all that are connected with them, over any number of steps."""
        found = {case.key: case for case in cases}
        todo = list(found.values())
        while todo:
            for case in self._agreeing(todo.pop()):
                if case.key not in found:
                    found[case.key] = case
                    todo.append(case)
        return found

    def _agreeing(self, case: Case) -> list[Case]:
        return [other for other in self._around(case) if may_be_same(case, other, self._settings)]

    def _around(self, case: Case) -> Iterator[Case]:
        column, row, day = self._cell(case)
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for near_day in range(day - self._reach, day + self._reach + 1):
                    cell = self._cells.get((x, y, near_day))
                    if cell:
                        yield from cell.values()

    def _cell(self, case: Case) -> Cell:
        return int(case.easting // self._side), int(case.northing // self._side), case.day


def _never(_case: Case, _source: Source) -> float:
    return 0.0
