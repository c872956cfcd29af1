"""Locate a record, and release what Appendix 1 allows of its location."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sanitiser.address import address as addresses
from sanitiser.address.address import SEVERAL_POSTCODES, SplitAddress
from sanitiser.places.coordinates import to_national_grid
from sanitiser.places.gazetteer import Gazetteer
from sanitiser.places.postcodes import Postcode, PostcodeIndex, ReleasedPlace, normalise
from sanitiser.places.pseudo_postcodes import REASON as PSEUDO_POSTCODE
from sanitiser.places.pseudo_postcodes import has_pseudo_postcode
from sanitiser.places.street_homes import StreetHomes
from sanitiser.places.streets import StreetList

DISAGREEMENT_METRES = 1_000.0
"""Supplied coordinates further from the postcode's centroid than this contradict the postcode."""


class Given(NamedTuple):
    """One location group of an original: metres on the National Grid, degrees in WGS84."""

    address: str | None
    postcode: str | None
    easting: float | None
    northing: float | None
    longitude: float | None
    latitude: float | None


class Released(NamedTuple):
    """One location group as released: the street without numbers or names, and a postcode's point."""

    address: str | None
    postcode: str | None
    easting: int | None
    northing: int | None
    district: str | None


class Located(NamedTuple):
    """The result for one location: what is released, the method, caveats, what was withheld.

    `point` (metres) and `district` (GSS code) are the original's own. They decide whether the place
    is in the partnership's area, and are in personal releases, never in depersonalised ones.
    `place` is what the index has for the postcode, and only for counts. `is_protected` is True if the place
    is on the partnership's list of protected places (`sanitiser.protected`).
    """

    released: Released
    method: str
    caveats: tuple[str, ...]
    withheld: tuple[str, ...]
    point: tuple[float, float] | None = None
    district: str | None = None
    place: ReleasedPlace | None = None
    is_protected: bool = False


NOWHERE = Released(None, None, None, None, None)
_WITHOUT_PLACE = Located(NOWHERE, "none", (), (PSEUDO_POSTCODE,))


@dataclass(frozen=True, slots=True)
class Locator:
    """A geocoder and sanitiser of locations, with a postcode index, a gazetteer and a list of streets."""

    index: PostcodeIndex
    gazetteer: Gazetteer | None = None
    streets: StreetList | None = None
    _homes: StreetHomes | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Count the households of listed streets by the index, if there is a list."""
        homes = None if self.streets is None else StreetHomes(self.index, self.streets)
        object.__setattr__(self, "_homes", homes)

    def locate(self, given: Given, *, home: bool = False) -> Located:
        """Find the postcode of a location, and release what Appendix 1 allows.

        A stated postcode that exists is used first. Without one, a place of the gazetteer that the
        address names is used; it has no households to count and is released with its name and
        centre. Else the nearest postcode to the coordinates is used.

        A home is never searched in the gazetteer, because houses are named after woods. Coordinates
        that contradict the postcode are reported and never corrected silently. A pseudo-postcode means
        that there is no place to find, so nothing is looked up, not even coordinates.
        """
        if has_pseudo_postcode(given.address, given.postcode):
            return _WITHOUT_PLACE
        caveats: list[str] = []
        stated = self._stated_postcode(given, caveats)
        point = _point(given)
        named = None if home else self._named_place(given, stated, point)
        if named is not None:
            return named._replace(caveats=tuple(caveats))
        found = stated or (self.index.nearest(*point) if point else None)
        if found is None:
            withheld = _withheld_without_place(given)
            return Located(NOWHERE, "none", tuple(caveats), withheld, point)
        apart = bool(stated and point and _apart(point, stated) > DISAGREEMENT_METRES)
        if apart:
            caveats.append("easting:contradicts-postcode")
        place = self.index.release(found.postcode)
        released, withheld = self._release(given, place, None if apart else stated)
        return Located(
            released,
            _method(given, stated, point),
            tuple(caveats),
            withheld,
            point or (float(found.easting), float(found.northing)),
            found.district,
            place,
        )

    def _named_place(
        self, given: Given, stated: Postcode | None, point: tuple[float, float] | None
    ) -> Located | None:
        if stated is not None or not given.address or self.gazetteer is None:
            return None
        place = self.gazetteer.find(given.address, point)
        if place is None:
            return None
        centre = float(place.easting), float(place.northing)
        nearest = self.index.nearest(*centre)
        district = nearest.district if nearest else None
        released = Released(place.name, None, place.easting, place.northing, district)
        return Located(released, "gazetteer", (), (), point or centre, district)

    def _release(
        self, given: Given, place: ReleasedPlace | None, stated: Postcode | None
    ) -> tuple[Released, tuple[str, ...]]:
        if place is None or place.postcode is None:
            district = place.district if place else None
            return NOWHERE._replace(district=district), ("no-postcode-with-enough-households",)
        street, withheld = self._street(given.address, place, stated)
        released = Released(street, place.postcode, place.easting, place.northing, place.district)
        return released, withheld

    def _street(
        self, address: str | None, place: ReleasedPlace, stated: Postcode | None
    ) -> tuple[str | None, tuple[str, ...]]:
        if address is None:
            return None, ()
        if not place.street_allowed:
            return self._street_of_a_stand_in(place)
        parts = self._split(address, stated)
        if not _lies_within(parts, stated):
            return None, ("address-not-known-to-lie-in-the-postcode",)
        released = addresses.released_part(parts)
        if released is None:
            return None, ("address-split-uncertain",)
        if not self._has_enough_homes(parts, stated):
            return None, ("street-with-too-few-households",)
        return released, ()

    def _split(self, address: str, stated: Postcode | None) -> SplitAddress:
        if self.streets is None or stated is None:
            return addresses.split(address)
        around = self.streets.around((stated.easting, stated.northing))
        return addresses.split_by_list(address, around)

    def _has_enough_homes(self, parts: SplitAddress, stated: Postcode | None) -> bool:
        """Return True unless the list shows that a street has too few households.

        The postcode has enough of them, but the street may lie in another one: the postcode may be mistyped.
        """
        if self._homes is None or stated is None or parts.street is None:
            return True
        near = float(stated.easting), float(stated.northing)
        return all(self._homes.are_enough(name, near) for name in parts.listed or (parts.street,))

    def _street_of_a_stand_in(self, place: ReleasedPlace) -> tuple[str | None, tuple[str, ...]]:
        """Return the street of a postcode that stands in for others, whatever the address says.

        Its own records and those that were moved to it must look alike, so all of them have the nearest
        listed street with enough households; without a list they have none.
        """
        if self._homes is None or place.easting is None or place.northing is None:
            return None, ("address-of-a-postcode-that-stands-in",)
        street = self._homes.nearest((float(place.easting), float(place.northing)))
        return street, () if street else ("no-street-near-the-released-postcode",)

    def _stated_postcode(self, given: Given, caveats: list[str]) -> Postcode | None:
        if given.postcode is not None:
            canonical = normalise(given.postcode)
            if canonical is None:
                caveats.append("postcode:malformed")
            else:
                found = self.index.find(canonical)
                if found is not None:
                    return found
                caveats.append("postcode:unknown")
        within = addresses.split(given.address).postcode if given.address else None
        return self.index.find(within) if within else None


def location_of(prefix: str) -> Callable[[Mapping[str, Any]], Given]:
    """Return a function from a record to its location group, whose fields begin with `prefix`."""
    fields = [prefix + part for part in Given._fields]
    return lambda record: Given(*map(record.get, fields))


def _point(given: Given) -> tuple[float, float] | None:
    if given.easting is not None and given.northing is not None:
        return given.easting, given.northing
    if given.longitude is not None and given.latitude is not None:
        return to_national_grid(given.longitude, given.latitude)
    return None


def _apart(point: tuple[float, float], postcode: Postcode) -> float:
    return math.hypot(point[0] - postcode.easting, point[1] - postcode.northing)


def _method(given: Given, stated: Postcode | None, point: tuple[float, float] | None) -> str:
    if stated is None:
        return "nearest-postcode"
    if point is None:
        return "postcode"
    in_metres = given.easting is not None and given.northing is not None
    return "coordinates" if in_metres else "wgs84-coordinates"


def _lies_within(parts: SplitAddress, stated: Postcode | None) -> bool:
    """Return True if nothing contradicts that the address is in the stated postcode.

    Otherwise the street of a postcode with few households could be released with another postcode.
    So no street is released with a postcode that is only the nearest to the coordinates.
    """
    if stated is None or parts.reason == SEVERAL_POSTCODES:
        return False
    return parts.postcode is None or parts.postcode == stated.postcode


def _withheld_without_place(given: Given) -> tuple[str, ...]:
    return ("address-without-place",) if given.address else ()
