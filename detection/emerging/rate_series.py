"""The rates of one type: which are tested, by which detector, and their numbers by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from detection.emerging.facts import Source
from detection.emerging.history import Days, History, Kin
from detection.emerging.settings import Settings

WEEK: Final = 7

_YEARS: Final = 3
_DAYS_OF_YEAR: Final = 365
_HALF_WIDTH: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """The cases a day of one source in one area, and which days have a supply.

    Shape (D,): the days from `first_day`. On a day that is not covered the number of cases is missing, not 0.
    """

    source: Source
    area: str
    first_day: int
    counts: NDArray[int64]
    is_covered: NDArray[bool_]


def detector_of(days: int) -> Literal["farrington", "ears"]:
    """Return the detector for a history of so many days: Farrington Flexible needs three years."""
    enough = _YEARS * _DAYS_OF_YEAR + (_HALF_WIDTH + 1) * WEEK
    return "farrington" if days >= enough else "ears"


def tested(
    history: History, kin: Kin, as_of: int, settings: Settings
) -> Iterator[tuple[Source, str, Days, int]]:
    """Yield the source, area, numbers and first day of each rate that is tested.

    An area is tested if it has the minimum of cases in the study period. The history of all areas of a source
    begins with its first case.
    """
    places = history.places(kin)
    first: dict[Source, int] = {}
    for place, days in places.items():
        first[place.source] = min(first.get(place.source, as_of), *days)
    for place, days in sorted(places.items(), key=lambda item: item[0]):
        studied = sum(days.get(day, 0) for day in range(as_of - settings.study_days + 1, as_of + 1))
        if place.area and studied >= settings.minimum_cases:
            first_day = max(first[place.source], as_of - settings.history_days + 1)
            yield place.source, place.area, days, first_day


def rates(
    history: History,
    kin: Kin,
    as_of: int,
    settings: Settings,
    covered: Callable[[Source, int], bool],
) -> tuple[Rate, ...]:
    """Return the rates of one type that are tested as of a day."""
    found = []
    known: dict[Source, NDArray[bool_]] = {}
    for source, area, days, first_day in tested(history, kin, as_of, settings):
        period = range(first_day, as_of + 1)
        if source not in known:
            known[source] = np.array([covered(source, day) for day in period], dtype=bool)
        counts = np.array([days.get(day, 0) for day in period], dtype=int64)
        found.append(Rate(source, area, first_day, counts, known[source]))
    return tuple(found)
