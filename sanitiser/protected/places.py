"""Decide whether a location is a protected place, or cannot be told from one.

Everything is in main memory. The object's repr shows nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

from sanitiser.address.household import (
    House,
    Household,
    house_of,
    household,
    postcodes_within,
    property_reference,
)
from sanitiser.places.location import Given, Located
from sanitiser.places.postcodes import PostcodeIndex, normalise, sector_of
from sanitiser.protected.entry import Entry

NEAR_M: Final = 200.0
"""Coordinates without a known postcode that are within this distance of a protected place count as there."""

_CONTRADICTS: Final = "easting:contradicts-postcode"
_BY_POINT: Final = frozenset({"nearest-postcode", "gazetteer"})
"""Methods of a location that no stated postcode decided."""


class _Homes(NamedTuple):
    """The protected homes of one postcode, or of one postcode sector.

    `is_whole` is True if an entry has no address or no house number, so that any home may be the listed one.
    `number` finds the number of one of the homes in an address. It is None if `is_whole`.
    """

    forms: frozenset[str]
    houses: frozenset[House]
    is_whole: bool
    number: re.Pattern[str] | None


class ProtectedPlaces:
    """The protected places of one version of the list; immutable."""

    def __init__(self, entries: Iterable[Entry], index: PostcodeIndex) -> None:
        """Take the entries of the version. The index gives the centroids of their postcodes."""
        every = list(entries)
        self._uprns = frozenset(e.uprn for e in every if e.uprn is not None)
        self._by_postcode = _by(every, str)
        self._by_sector = _by((e for e in every if e.home is not None), sector_of)
        self._points = tuple(_points(every, index))
        self._nearest = index.nearest

    def __bool__(self) -> bool:
        """Return True if any place is protected."""
        return bool(self._uprns or self._by_postcode)

    def __repr__(self) -> str:
        """Return the name of the class."""
        return "ProtectedPlaces(...)"

    def holds(self, given: Given, uprn: object, located: Located) -> bool:
        """Return True unless it is certain that a location is no protected place.

        - Its UPRN is listed.
        - A postcode that it states, in its field or in its address, is listed as a whole; or a home in this
          postcode is listed, and the address does not certainly name another home of it (`_is_another`).
        - Its address is that of a listed home, with another postcode of the sector.
        - No known postcode is stated, or its coordinates contradict it, and its point is within `NEAR_M` of a
          listed place, or has a listed postcode as its nearest.
        """
        if self._uprns and uprn is not None and property_reference(uprn) in self._uprns:
            return True
        if not self._points and not self._by_postcode:
            return False
        stated = _stated(given)
        if any(map(self._by_postcode.__contains__, stated)):
            if self._is_at_a_listed_home(given, stated):
                return True
        elif given.address and self._has_a_listed_house(given, stated):
            return True
        by_point = located.method in _BY_POINT or _CONTRADICTS in located.caveats
        return by_point and located.point is not None and self._is_near(located.point)

    def _is_at_a_listed_home(self, given: Given, stated: Collection[str]) -> bool:
        if len(stated) > 1:
            return True
        (postcode,) = stated
        homes = self._by_postcode[postcode]
        found = None if homes.is_whole else household(given.address, postcode)
        return found is None or not _is_another(found, homes)

    def _has_a_listed_house(self, given: Given, stated: Collection[str]) -> bool:
        """Return True if the address is that of a listed home, and the postcode may be a slip."""
        for postcode in stated:
            homes = self._by_sector.get(sector_of(postcode))
            if homes is None or not given.address:
                continue
            # The normal form takes time, and few addresses have the number.
            number = homes.number if given.address.isascii() else None
            if number is None or number.search(given.address):
                found = household(given.address, given.postcode or postcode)
                if found is not None:
                    return found.address in homes.forms or house_of(found) in homes.houses
        return False

    def _is_near(self, point: tuple[float, float]) -> bool:
        if any(math.dist(point, listed) <= NEAR_M for listed in self._points):
            return True
        nearest = self._nearest(*point)
        return nearest is not None and nearest.postcode in self._by_postcode


def certain_house(home: Household) -> bool:
    """Return True if other homes of the postcode can be told from this one, by their numbers."""
    return house_of(home) is not None


def _is_another(found: Household, homes: _Homes) -> bool:
    """Return True if a home is certainly none of the listed ones of its postcode.

    That is certain only between two numbers of one street: 7 Mill Lane is not 5 Mill Lane. A house that is
    known by a name, or another street of the same postcode, may be the same home in other words. So may each
    flat of a house, and another house of the same name.
    """
    house = house_of(found)
    return house is not None and all(
        house.street == listed.street
        and house.number != listed.number
        and not (house.name and house.name == listed.name)
        for listed in homes.houses
    )


def _stated(given: Given) -> set[str]:
    """Return the postcodes that a location states, in its field and in its address; each once."""
    stated = postcodes_within(given.address) if given.address else set()
    canonical = normalise(given.postcode) if given.postcode is not None else None
    return stated if canonical is None else stated | {canonical}


def _by(entries: Iterable[Entry], area_of: Callable[[str], str]) -> Mapping[str, _Homes]:
    """Return the protected homes of each postcode or sector."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.postcode is not None:
            found.setdefault(area_of(entry.postcode), []).append(entry)
    return {area: _homes(of) for area, of in found.items()}


def _homes(entries: Iterable[Entry]) -> _Homes:
    homes = [entry.home for entry in entries]
    houses = [None if home is None else house_of(home) for home in homes]
    numbered = [house for house in houses if house is not None]
    is_whole = len(numbered) < len(houses)
    numbers = "|".join(str(house.number) for house in numbered)
    return _Homes(
        frozenset(home.address for home in homes if home is not None),
        frozenset(numbered),
        is_whole,
        None if is_whole else re.compile(rf"(?<!\d)(?:{numbers})(?!\d)"),
    )


def _points(entries: Iterable[Entry], index: PostcodeIndex) -> Iterable[tuple[float, float]]:
    for entry in entries:
        if entry.point is not None:
            yield entry.point
        centre = index.find(entry.postcode) if entry.postcode is not None else None
        if centre is not None:
            yield float(centre.easting), float(centre.northing)
