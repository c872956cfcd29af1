"""Region: find the area of the event: the partnership's, a neighbour's, or none (guidance 2.2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sanitiser.places.area import Bounds
from sanitiser.places.location import NOWHERE, Located
from sanitiser.places.postcodes import ReleasedPlace
from streams.steps.route import OWN
from streams.steps.step import Step, Work

FOREIGN = "substitute-in-another-area"


class Regions(Step):
    """Finds the region of one record type's records by the places of events, never by homes."""

    takes = frozenset({"locations"})
    completes = frozenset({"region"})

    def __init__(
        self, event_places: Sequence[str], own: Bounds, neighbours: Mapping[str, Bounds]
    ) -> None:
        """Take the location groups of events, the own area, and the neighbours' areas by short name."""
        self._places = tuple(event_places)
        self._own = own
        self._neighbours = neighbours

    def __call__(self, work: Work, /) -> None:
        """Find the region; None if the event is in no area of the protocol."""
        work.region = self.of(work.locations)

    def of(self, locations: Mapping[str, Located]) -> str | None:
        """Return the region of an event in these locations; None if it is in no area of the protocol."""
        outside = [
            locations[prefix] for prefix in self._places if not self._own.holds(locations[prefix])
        ]
        if not outside:
            return OWN
        for name, area in self._neighbours.items():
            if all(area.holds(located) for located in outside):
                return name
        return None

    def guarded(self, locations: Mapping[str, Located], region: str) -> Mapping[str, Located]:
        """Return the locations without the points of substitute postcodes of another region.

        Records of a substitute postcode itself are released in the other region. In `region` the substitute
        would therefore identify the few households of the postcode that it replaces.
        """
        guarded = locations
        for prefix in self._places:
            place = locations[prefix].place
            if place is not None and place.substituted and self._is_foreign(place, region):
                guarded = {**guarded, prefix: _without_point(locations[prefix])}
        return guarded

    def _is_foreign(self, place: ReleasedPlace, region: str) -> bool:
        if place.easting is None:
            return False
        centre = float(place.easting), float(place.northing or 0)
        stand_in = Located(NOWHERE, "", (), (), centre, place.district)
        return self.of(dict.fromkeys(self._places, stand_in)) != region


class RegionGuard(Step):
    """Removes points from locations whose substitute postcode is in another region."""

    takes = frozenset({"scope", "locations"})
    completes = frozenset({"locations"})
    counts = frozenset({"withheld"})

    def __init__(self, regions: Regions) -> None:
        """Take the step that finds regions."""
        self._regions = regions

    def __call__(self, work: Work, /) -> None:
        """Guard the locations of a record that is released."""
        if work.scope is not None:
            work.locations = self._regions.guarded(work.locations, work.scope[0])


def _without_point(located: Located) -> Located:
    released = NOWHERE._replace(district=located.district)
    return located._replace(released=released, withheld=(*located.withheld, FOREIGN), place=None)
