"""The history: all cases by key, and their numbers by type, source, area and day for the rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from detection.emerging.facts import Case, CaseKey, Source, Stream


class Kin(NamedTuple):
    """One type of one stream."""

    stream: Stream
    type: str


class Place(NamedTuple):
    """The cases of one source in one area."""

    source: Source
    area: str


Days = dict[int, int]
"""Numbers of cases by day."""


class History:
    """The cases of the history, as they were put last.

    Cases before the study period are kept without their places and times, so that they need little memory
    and can still be corrected.
    """

    def __init__(self) -> None:
        self._cases: dict[CaseKey, Case] = {}
        self._days: dict[int, set[CaseKey]] = {}
        self._numbers: dict[Kin, dict[Place, Days]] = {}
        self._slim: dict[int, dict[Case, Case]] = {}
        self._whole_from = 0

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self._cases)

    def get(self, key: CaseKey) -> Case | None:
        """Return the case with a key."""
        return self._cases.get(key)

    def put(self, key: CaseKey, case: Case) -> None:
        """Add a case whose key is not known."""
        day = case.day
        self._cases[key] = case if day >= self._whole_from else self._slimmed(case)
        self._days.setdefault(day, set()).add(key)
        days = self._numbers.setdefault(Kin(case.stream, case.type), {}).setdefault(
            _place(case), {}
        )
        days[day] = days.get(day, 0) + 1

    def remove(self, key: CaseKey) -> None:
        """Remove a case."""
        case = self._cases.pop(key)
        keys = self._days[case.day]
        keys.remove(key)
        if not keys:
            del self._days[case.day]
        self._uncount(case)

    def advance(self, first_day: int, whole_from: int) -> None:
        """Forget the cases before a day; keep of those before another only what rates need."""
        for day in [day for day in self._days if day < first_day]:
            for key in self._days.pop(day):
                self._uncount(self._cases.pop(key))
            self._slim.pop(day, None)
        for day in [day for day in self._days if self._whole_from <= day < whole_from]:
            for key in self._days[day]:
                self._cases[key] = self._slimmed(self._cases[key])
        self._whole_from = whole_from

    def places(self, kin: Kin) -> Mapping[Place, Days]:
        """Return the numbers of cases of one type by source, area and day."""
        return self._numbers.get(kin, {})

    def _slimmed(self, case: Case) -> Case:
        slim = slimmed(case)
        return self._slim.setdefault(case.day, {}).setdefault(slim, slim)

    def _uncount(self, case: Case) -> None:
        kin, place = Kin(case.stream, case.type), _place(case)
        of_kin = self._numbers[kin]
        days = of_kin[place]
        days[case.day] -= 1
        if not days[case.day]:
            del days[case.day]
        if not days:
            del of_kin[place]
        if not of_kin:
            del self._numbers[kin]


def slimmed(case: Case) -> Case:
    """Return what rates need of a case. Its key is lost."""
    return replace(
        case,
        record="",
        easting=0,
        northing=0,
        minute=None,
        hour_only=False,
        street="",
        postcode=area_of(case),
        district="",
    )


def area_of(case: Case) -> str:
    """Return the area of a case: the outward part of its postcode, such as BA1, else its district."""
    return (case.postcode or case.district).split(" ")[0]


def _place(case: Case) -> Place:
    return Place(case.source, area_of(case))
