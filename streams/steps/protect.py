"""Protect: leave only the district of a location that is, or may be, a protected place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sanitiser.places.location import NOWHERE, Located, location_of
from sanitiser.protected.places import ProtectedPlaces
from schemas.record_type import RecordType
from streams.steps.step import Step, Work


class Protector(Step):
    """Leaves only the district of protected places, in every depersonalised release.

    The rest of the location stays as it was found: the area of the event is decided by it, and a case gets
    it. Method, caveats and reasons stay too, so receipts, metrics and the audit count the record as any
    other.
    """

    takes = frozenset({"record", "locations"})
    completes = frozenset({"locations"})

    def __init__(self, record_type: RecordType, protected: ProtectedPlaces) -> None:
        """Take the location groups from the record type, and the list."""
        self._places = [
            (prefix, location_of(prefix), f"{prefix}uprn") for prefix in record_type.places
        ]
        self._holds = protected.holds

    def __call__(self, work: Work, /) -> None:
        """Replace what would be released of the protected locations."""
        found = self.found(work.record, work.locations)
        if found:
            work.locations = {
                prefix: _protected(located) if prefix in found else located
                for prefix, located in work.locations.items()
            }

    def found(self, record: Mapping[str, Any], locations: Mapping[str, Located]) -> Collection[str]:
        """Return the prefixes of the location groups that are protected."""
        return [
            prefix
            for prefix, given, uprn in self._places
            if self._holds(given(record), record.get(uprn), locations[prefix])
        ]


def _protected(located: Located) -> Located:
    released = NOWHERE._replace(district=located.district)
    return located._replace(released=released, is_protected=True)
