"""Decide which listed streets have enough households to be released, and find the street of a stand-in.

A list of streets has no households. Of its homes at a point, the postcode nearest to the point is counted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sanitiser.address.street_names import key_of_name
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import Point, StreetList

_CACHED: Final = 16_384


class StreetHomes:
    """A list of streets with the households of an index; immutable, so threads can share it.

    A street has enough households if the postcode nearest to one of its points has at least k, so that the
    postcode is released as itself. Both methods are cached, because records repeat their places.
    """

    def __init__(self, index: PostcodeIndex, streets: StreetList) -> None:
        """Take the index and the list; nothing is read before the first search."""
        self._index = index
        self._streets = streets
        self.are_enough = lru_cache(maxsize=_CACHED)(self._are_enough)
        self.nearest = lru_cache(maxsize=_CACHED)(self._nearest)
        self._are_elsewhere = lru_cache(maxsize=_CACHED)(self._are_enough_elsewhere)

    def _are_enough(self, name: str, near: Point) -> bool:
        """Return True if a street has enough households within 2 km of a point in metres.

        For a street that the list has only further away, all its points count: the record's postcode may be
        the wrong one. A street that the list has nowhere cannot be counted; True.
        """
        key = key_of_name(name)
        if key is None:
            return True
        points = self._streets.around(near).points(key)
        return any(map(self._is_own, points)) if points else self._are_elsewhere(key)

    def _are_enough_elsewhere(self, key: str) -> bool:
        points = list(self._streets.points_everywhere(key))
        return not points or any(map(self._is_own, points))

    def _nearest(self, near: Point) -> str | None:
        """Return the nearest listed street within 500 m that has enough households; None without one.

        Of equally near ones the first in the alphabet.
        """
        names = dict.fromkeys(self._streets.by_distance(near))
        return next((name for name in names if self.are_enough(name, near)), None)

    def _is_own(self, point: Point) -> bool:
        """Return True if the postcode nearest to a point is released as itself."""
        nearest = self._index.nearest(*point)
        if nearest is None:
            return False
        place = self._index.release(nearest.postcode)
        return place is not None and place.postcode == nearest.postcode
