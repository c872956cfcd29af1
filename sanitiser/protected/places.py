"""Decide whether a location is a protected place, or cannot be told from one.

Everything is in main memory. The object's repr shows nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from sanitiser.address.household import (
    House,
    Household,
    house_of,
    household,
    postcodes_within,
    property_reference,
    property_references_within,
    street_types,
)
from sanitiser.address.street_names import is_one_slip
from sanitiser.places.location import Given, Located
from sanitiser.places.postcodes import PostcodeIndex, normalise, sector_of
from sanitiser.protected.entry import Entry

NEAR_M: Final = 200.0
"""Coordinates without a known postcode that are within this distance of a protected place count as there."""

_CONTRADICTS: Final = "easting:contradicts-postcode"
_BY_POINT: Final = frozenset({"nearest-postcode", "gazetteer"})
"""Methods of a location that no stated postcode decided."""


class _Homes(NamedTuple):
    """The protected homes of one postcode.

    `is_whole` is True if an entry has no address or no house number, so that any home may be the listed one.
    """

    houses: frozenset[House]
    is_whole: bool


_SIGNS: Final = re.compile(r"[\W_]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_AREA: Final = re.compile("[A-Z]*")
_UNREADABLE: Final = ""
"""The form for an address that states no postcode, which is like any."""
_LEAST_LETTERS: Final = 4
"""A shorter word has too many others that differ from it by one letter."""


class ProtectedPlaces:
    """The protected places of one version of the list; immutable."""

    def __init__(self, entries: Iterable[Entry], index: PostcodeIndex) -> None:
        """Take the entries of the version. The index gives the centroids of their postcodes."""
        every = list(entries)
        self._uprns = frozenset(e.uprn for e in every if e.uprn is not None)
        self._by_postcode = _by_postcode(every)
        self._alike = _alike(e.home for e in every if e.home is not None)
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

        - Its UPRN is listed, in any form that a spreadsheet or a person writes.
        - A postcode that it states, in its field or in its address, is listed as a whole; or a home in this
          postcode is listed, and the address does not certainly name another home of it (`_is_another`).
        - Its address may name a listed home: its number and a word of its street occur, and the
          address does not certainly name another number of the street. It states no postcode that can be
          read, or one that a slip can make of the listed one: of its sector, or with its last three letters.
        - No known postcode is stated, or its coordinates contradict it, and its point is within `NEAR_M` of a
          listed place, or has a listed postcode as its nearest.
        """
        if self._uprns and uprn is not None and self._has_uprn(uprn):
            return True
        if not self._points and not self._by_postcode:
            return False
        stated = _stated(given)
        if any(map(self._by_postcode.__contains__, stated)):
            if self._is_at_a_listed_home(given, stated):
                return True
        elif given.address and self._may_be_a_listed_home(given.address, stated):
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

    def _has_uprn(self, uprn: object) -> bool:
        if property_reference(uprn) in self._uprns:
            return True
        return not self._uprns.isdisjoint(property_references_within(uprn))

    def _may_be_a_listed_home(self, address: str, stated: Collection[str]) -> bool:
        """Return True if an address with a wrong or an unreadable postcode may be that of a listed home."""
        homes = chain.from_iterable(self._alike.get(form, ()) for form in _forms_of(stated))
        return any(home.may_be(address) for home in dict.fromkeys(homes))

    def _is_near(self, point: tuple[float, float]) -> bool:
        if any(math.dist(point, listed) <= NEAR_M for listed in self._points):
            return True
        nearest = self._nearest(*point)
        return nearest is not None and nearest.postcode in self._by_postcode


class _ListedHome:
    """A listed home that an address with another postcode may name."""

    def __init__(self, home: Household) -> None:
        """Take the home; its repr shows nothing."""
        self._home = home
        self._house = house_of(home)
        number = None if self._house is None else self._house.number
        self._number = None if number is None else re.compile(rf"(?<!\d)0*{number}(?!\d)")
        of_street = home.address if self._house is None else self._house.street
        words = frozenset(word for word in of_street.split() if word.isalpha() and word != "flat")
        self._words = words - street_types() or words

    def __repr__(self) -> str:
        """Return the name of the class."""
        return "_ListedHome(...)"

    def may_be(self, address: str) -> bool:
        """Return True unless an address certainly names another home."""
        plain = address if address.isascii() else unicodedata.normalize("NFKC", address)
        # Few addresses have the number, and the rest takes time.
        if self._number is not None and self._number.search(plain) is None:
            return False
        found = household(plain, None if postcodes_within(plain) else self._home.postcode)
        if found is not None:
            if found.address == self._home.address:
                return True
            house = house_of(found)
            if house is not None and self._house is not None and house.street == self._house.street:
                return not _are_apart(house, self._house)
        written = _LETTERS.findall(plain.casefold())
        # One word of a street is enough beside its number, and a name without one must be there as a whole.
        fits = any if self._house is not None else all
        return fits(any(_is_alike(word, one) for one in written) for word in self._words)


def _is_alike(listed: str, written: str) -> bool:
    """Return True if two words are the same, but for a slip of one letter."""
    return listed == written or (
        min(len(listed), len(written)) >= _LEAST_LETTERS and is_one_slip(listed, written)
    )


def _alike(homes: Iterable[Household]) -> Mapping[str, Sequence[_ListedHome]]:
    """Return the listed homes by each form of a postcode that a slip leaves as it is."""
    found: dict[str, list[_ListedHome]] = {}
    for home in dict.fromkeys(homes):
        listed = _ListedHome(home)
        for form in (*_forms(home.postcode), _UNREADABLE):
            found.setdefault(form, []).append(listed)
    return found


def _forms(postcode: str) -> tuple[str, str]:
    """Return the sector of a postcode, and its area with the last three letters: BA1 1, and BA 1AA."""
    outward, inward = postcode.split()
    return sector_of(postcode), f"{_AREA.findall(outward)[0]} {inward}"


def _forms_of(stated: Collection[str]) -> Iterable[str]:
    return chain.from_iterable(map(_forms, stated)) if stated else (_UNREADABLE,)


def certain_house(home: Household) -> bool:
    """Return True if other homes of the postcode can be told from this one, by their numbers."""
    return house_of(home) is not None


def _is_another(found: Household, homes: _Homes) -> bool:
    """Return True if a home is certainly none of the listed ones of its postcode.

    Each flat of a house may be the listed home, and so may a house that is known by a name alone.
    """
    house = house_of(found)
    return house is not None and all(_are_apart(house, listed) for listed in homes.houses)


def _are_apart(one: House, other: House) -> bool:
    """Return True if two houses are certainly not the same one.

    That is certain only between two numbers of one street: 7 Mill Lane is not 5 Mill Lane. Another street of
    the same postcode may be the same home in other words, and so may another house of the same name.
    """
    return (
        one.street == other.street
        and one.number != other.number
        and not (one.name and one.name == other.name)
    )


def _stated(given: Given) -> set[str]:
    """Return the postcodes that a location states, in its field and in its address; each once."""
    stated = postcodes_within(given.address) if given.address else set()
    if given.postcode is None:
        return stated
    canonical = normalise(given.postcode)
    # A field such as "BA2-3AB, UK" is not looked up, but states a postcode.
    return stated | (
        postcodes_within(_SIGNS.sub(" ", given.postcode)) if canonical is None else {canonical}
    )


def _by_postcode(entries: Iterable[Entry]) -> Mapping[str, _Homes]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.postcode is not None:
            found.setdefault(entry.postcode, []).append(entry)
    return {postcode: _homes(of) for postcode, of in found.items()}


def _homes(entries: Iterable[Entry]) -> _Homes:
    houses = [None if entry.home is None else house_of(entry.home) for entry in entries]
    numbered = frozenset(house for house in houses if house is not None)
    return _Homes(numbered, None in houses)


def _points(entries: Iterable[Entry], index: PostcodeIndex) -> Iterable[tuple[float, float]]:
    for entry in entries:
        if entry.point is not None:
            yield entry.point
        centre = index.find(entry.postcode) if entry.postcode is not None else None
        if centre is not None:
            yield float(centre.easting), float(centre.northing)
