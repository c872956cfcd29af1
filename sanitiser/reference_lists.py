"""The reference lists of a partnership, as one bundle: named places, premises, streets, protected places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from sanitiser.places.gazetteer import Gazetteer, Holds
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.premises import withheld_premises
from sanitiser.places.streets import StreetList
from sanitiser.policy import Scrub
from sanitiser.protected.listed import NO_PLACES, ProtectedList


@dataclass(frozen=True, slots=True)
class ReferenceLists:
    """The lists by which places are released or withheld. Each is optional.

    Without a gazetteer no named place is released, and without `premises` no name of premises. Without
    `streets`, streets are told by their words. `protected` is empty if no place is protected.
    """

    gazetteer: Gazetteer | None = None
    premises: Scrub = withheld_premises
    streets: StreetList | None = None
    protected: ProtectedList = NO_PLACES

    def within(self, holds: Holds) -> Self:
        """Return the same lists, with ambiguous named places resolved by an area."""
        return replace(self, gazetteer=self.gazetteer and self.gazetteer.within(holds))

    def locator(self, index: PostcodeIndex) -> Locator:
        """Return the locator that searches an index and the lists of places and streets."""
        return Locator(index, self.gazetteer, self.streets)


NO_LISTS: Final = ReferenceLists()
"""A partnership without reference lists."""
