"""Geocode: find every location group of a record, and say how."""

from __future__ import annotations

from typing import Any

from sanitiser.places.location import Located, Locator, location_of
from schemas.record_type import HOME_PLACES, RecordType


class Geocoder:
    """Locates the places of one record type's records."""

    def __init__(self, record_type: RecordType, locator: Locator) -> None:
        """Take the location groups from the record type."""
        self._places = [
            (prefix, location_of(prefix), prefix in HOME_PLACES) for prefix in record_type.places
        ]
        self._locate = locator.locate

    def __call__(self, record: dict[str, Any]) -> dict[str, Located]:
        """The outcome by prefix of the location group."""
        return {
            prefix: self._locate(given(record), home=home) for prefix, given, home in self._places
        }
