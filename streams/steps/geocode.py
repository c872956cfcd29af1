"""Geocode: locate the places of a record, with the method that found each."""

from __future__ import annotations

from typing import Any

from sanitiser.places.location import Located, Locator, location_of
from schemas.record_type import HOME_PLACES, RecordType
from streams.steps.step import Step, Work


class Geocoder(Step):
    """Locates the places of one record type's records."""

    takes = frozenset({"record", "caveats"})
    completes = frozenset({"locations", "caveats"})
    counts = frozenset({"geocoded", "withheld", "caveats", "cleaned"})

    def __init__(self, record_type: RecordType, locator: Locator) -> None:
        """Take the location groups from the record type."""
        self._places = [
            (prefix, location_of(prefix), prefix in HOME_PLACES) for prefix in record_type.places
        ]
        self.locator = locator
        self._locate = locator.locate

    def __call__(self, work: Work, /) -> None:
        """Find the places, and add a caveat for each field that contradicts one."""
        locations = work.locations = self.locate(work.record)
        for prefix, located in locations.items():
            if located.caveats:
                work.caveats += [prefix + caveat for caveat in located.caveats]

    def locate(self, record: dict[str, Any]) -> dict[str, Located]:
        """Return the located place of each location group, by prefix."""
        return {
            prefix: self._locate(given(record), home=home) for prefix, given, home in self._places
        }
