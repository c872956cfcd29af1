"""Region: whose area it happened in, the partnership's own, a neighbour's or nobody's (2.2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sanitiser.area import Area
from sanitiser.location import Located
from streams.steps.route import OWN


class Regions:
    """Tells the region of one record type's records by where they happened, never by homes."""

    def __init__(
        self, event_places: Sequence[str], own: Area, neighbours: Mapping[str, Area]
    ) -> None:
        """Take the location groups of events, the own area, and the neighbours' by short name."""
        self._places = tuple(event_places)
        self._own = own
        self._neighbours = neighbours

    def __call__(self, locations: Mapping[str, Located]) -> str | None:
        """The region; None where it happened in no area that the protocol knows of."""
        outside = [
            located
            for located in (locations[prefix] for prefix in self._places)
            if not self._own.holds(located)
        ]
        if not outside:
            return OWN
        for name, area in self._neighbours.items():
            if all(area.holds(located) for located in outside):
                return name
        return None
