"""A declared group: the cases of several agencies, of which one is counted for each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import pi
from typing import Final

from detection.emerging.facts import Case, CaseKey, Match, Source
from detection.emerging.matching import match, may_be_same
from detection.emerging.series import SPARE_DAYS, Series
from detection.emerging.settings import Settings

NEAR_KM: Final = 1.0

CROWD: Final = 30
"""In a cell of `same_event_metres` and a day with more cases than this none is matched.

Nobody can tell which of so many are about one event, and the time to match them grows with their cube: an
agency that sends thousands of records without a time from one postcode must not stop the detector.
"""

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
        return self._count_again(self._affected(case, CROWD + 1), new={case.key})

    def remove(self, case: Case) -> list[Case]:
        """Take a case out. Return the cases that are counted now, and were not."""
        if self._cases.pop(case.key, None) is None:
            return []
        affected = self._affected(case, CROWD + 1)
        del affected[case.key]
        cell = self._cells[self._cell(case)]
        del cell[case.key]
        if not cell:
            del self._cells[self._cell(case)]
        if case.key in self._left_out:
            self._left_out.remove(case.key)
        else:
            self.series.remove(case)
        if len(cell) == CROWD:
            affected = self._connected([*affected.values(), *cell.values()])
        return self._count_again(affected, new=set())

    def advance(self, today: int) -> None:
        """Make `today` the as-of day, if it is later."""
        first_day = today - self._settings.study_days + 1 - SPARE_DAYS
        for case in [case for case in self._cases.values() if case.day < first_day]:
            self.remove(case)
        self.series.advance(today)

    def matches(self, keys: AbstractSet[CaseKey]) -> tuple[Match, ...]:
        """Return the matches with some of the counted cases."""
        cases = self._connected([self._cases[key] for key in keys if key in self._cases])
        densities: dict[tuple[int, int, Source], float] = {}

        def density(case: Case, source: Source) -> float:
            place = case.easting, case.northing, source
            if place not in densities:
                densities[place] = self.density(case, source)
            return densities[place]

        found = match(self._matchable(cases), self._datasets, self._settings, density)
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
        matchable = self._matchable(cases)
        found = match(matchable, self._datasets, self._settings, _never)
        left_out = {case.key for case in matchable} - found.counted
        counted = []
        for key, case in cases.items():
            is_new, was_left_out = key in new, key in self._left_out
            if key not in left_out:
                self._left_out.discard(key)
                if is_new or was_left_out:
                    self.series.put(case)
                    counted.append(case)
            else:
                self._left_out.add(key)
                if not is_new and not was_left_out:
                    self.series.remove(case)
        return counted

    def _affected(self, case: Case, crowd: int) -> dict[CaseKey, Case]:
        """Return the case with those whose matches can change if it comes or goes.

        If its cell has `crowd` cases with it, all of the cell are matched without it, and none with it.
        """
        cell = self._cells[self._cell(case)]
        if len(cell) != crowd:
            return self._connected([case])
        others = [other for each in cell.values() for other in self._agreeing(each)]
        return self._connected([*cell.values(), *others])

    def _matchable(self, cases: Mapping[CaseKey, Case]) -> list[Case]:
        return [case for case in cases.values() if not self._is_crowded(self._cell(case))]

    def _is_crowded(self, cell: Cell) -> bool:
        return len(self._cells.get(cell, ())) > CROWD

    def _connected(self, cases: Iterable[Case]) -> dict[CaseKey, Case]:
        """Return the cases with all that are connected with them, over any number of steps."""
        found = {case.key: case for case in cases}
        todo = list(found.values())
        while todo:
            one = todo.pop()
            for case in () if self._is_crowded(self._cell(one)) else self._agreeing(one):
                if case.key not in found:
                    found[case.key] = case
                    todo.append(case)
        return found

    def _agreeing(self, case: Case) -> list[Case]:
        """Return the cases that agree with a case and are matched."""
        return [other for other in self._around(case) if may_be_same(case, other, self._settings)]

    def _around(self, case: Case) -> Iterator[Case]:
        column, row, day = self._cell(case)
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for near_day in range(day - self._reach, day + self._reach + 1):
                    cell = self._cells.get((x, y, near_day))
                    if cell and len(cell) <= CROWD:
                        yield from cell.values()

    def _cell(self, case: Case) -> Cell:
        return int(case.easting // self._side), int(case.northing // self._side), case.day


def _never(_case: Case, _source: Source) -> float:
    return 0.0
