"""The partnership's list of protected places, with what held in each version of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, Self

from sanitiser.address.household import Household
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.entry import Entry
from sanitiser.protected.places import ProtectedPlaces

FORMAT: Final = 1


class Place(NamedTuple):
    """A place to protect, as `Entry` has it; its repr shows nothing."""

    uprn: str | None
    home: Household | None
    postcode: str | None
    point: tuple[float, float] | None

    def __repr__(self) -> str:
        """Return the name of the class."""
        return "Place(...)"


class UnknownNumber(ValueError):
    """No entry that still holds has the number."""


class ProtectedList(NamedTuple):
    """All entries that the list ever had, and the version of its last change, in milliseconds since 1970.

    An entry that was removed stays, with the version of its removal. So a worker knows what has changed since
    the version by which it last checked earlier releases.
    """

    version: int = 0
    entries: tuple[Entry, ...] = ()

    def __repr__(self) -> str:
        """Return the version alone."""
        return f"ProtectedList({self.version})"

    @property
    def held(self) -> list[Entry]:
        """Return the entries that hold now."""
        return [entry for entry in self.entries if entry.holds_at(self.version)]

    def places(self, index: PostcodeIndex) -> ProtectedPlaces:
        """Return the places that are protected now."""
        return ProtectedPlaces(self.held, index)

    def places_at(self, version: int, index: PostcodeIndex) -> ProtectedPlaces:
        """Return the places that were protected in an earlier version."""
        return ProtectedPlaces([e for e in self.entries if e.holds_at(version)], index)

    def with_places(self, places: Iterable[Place], now_ms: int) -> Self:
        """Return the list with more places. A place that it has already is not added again."""
        version = max(self.version + 1, now_ms)
        known = {Place(e.uprn, e.home, e.postcode, e.point) for e in self.held}
        new = [place for place in dict.fromkeys(places) if place not in known]
        first = len(self.entries) + 1
        added = [Entry(n, *place, version) for n, place in enumerate(new, first)]
        return self._replace(version=version, entries=(*self.entries, *added)) if new else self

    def without(self, numbers: Collection[int], now_ms: int) -> Self:
        """Return the list without the entries of these numbers.

        Raises:
            UnknownNumber: no entry that holds has one of the numbers.
        """
        unknown = sorted(set(numbers) - {entry.number for entry in self.held})
        if unknown:
            told = ", ".join(map(str, unknown))
            raise UnknownNumber(f"no entry has the number {told}; `list --show` has the numbers")
        version = max(self.version + 1, now_ms)
        return self._replace(
            version=version,
            entries=tuple(
                e._replace(until=version) if e.number in numbers and e.until is None else e
                for e in self.entries
            ),
        )

    def document(self) -> dict[str, Any]:
        """Return the list as JSON has it; `of_document` reads it."""
        return {
            "format": FORMAT,
            "version": self.version,
            "entries": [entry._asdict() for entry in self.entries],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the list of a document.

        Raises:
            ValueError: it is another document; the text does not quote it.
        """
        try:
            if document["format"] == FORMAT:
                entries = tuple(_entry(**each) for each in document["entries"])
                return cls(int(document["version"]), entries)
        except (KeyError, TypeError, ValueError):
            pass
        raise ValueError(f"not a list of protected places of format {FORMAT}")


NO_PLACES: Final = ProtectedList()
"""The list of a partnership that protects no place."""


def _entry(home: Any, point: Any, **rest: Any) -> Entry:
    return Entry(
        home=None if home is None else Household(*home),
        point=None if point is None else (float(point[0]), float(point[1])),
        **rest,
    )
