"""The precision of a profile's releases: dates of a whole week or month, and places of a whole sector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from sanitiser.places.location import Released
from schemas.record_type import Field

OfPlace = Callable[[Released], Released]
"""Takes a place as released by Appendix 1, and returns the coarser place that a profile gets."""


class Precision(NamedTuple):
    """The least period of dates and the least place of a profile; the default changes nothing.

    `period` is week or month. `minimum_households` is the least number of households of a place.
    """

    period: str | None = None
    by_sector: bool = False
    minimum_households: int = 0

    def changes(self, field: Field, profile: str) -> bool:
        """Return True if a field is released otherwise than by its treatment in the profile.

        Dates are those of the period, and times and names of premises are not released.
        """
        if field.kind in {"date", "time"}:
            return self.period is not None
        return self.by_sector and field.treatments[profile].action == _PREMISES

    def caveats(self, released: Iterable[Field], profile: str) -> Iterator[str]:
        """Yield the caveats that say, in each release, which of its fields are coarser than their name."""
        for field in released:
            action = field.treatments[profile].action
            if field.kind == "date" and self.period is not None:
                yield f"{field.name}:first-day-of-{self.period}"
            elif self.by_sector and action in _OF_SECTOR:
                yield f"{field.name}:{_OF_SECTOR[action]}"


_PREMISES: Final = "premises"
_OF_SECTOR: Final = {
    "postcode": "sector", "easting": "centre-of-sector", "northing": "centre-of-sector",
}  # fmt: skip

FULL: Final = Precision()


class Coarser(NamedTuple):
    """The means by which one policy makes its releases coarser.

    `place_of` has a function for each location group, by prefix. It is empty if places are not changed.
    """

    precision: Precision = FULL
    place_of: Mapping[str, OfPlace] = MappingProxyType({})


AS_TREATED: Final = Coarser()
"""The releases are as the declared treatments make them."""


def as_it_is(released: Released) -> Released:
    """Return the place itself."""
    return released


def first_day(period: str, day: date) -> date:
    """Return the first day of the ISO week, or of the month, of a day."""
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday())


def first_millisecond(period: str, now_ms: int) -> int:
    """Return the begin of the week or month, in UTC, of an instant in milliseconds since 1970 UTC."""
    day = first_day(period, datetime.fromtimestamp(now_ms / 1000, UTC).date())
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000
