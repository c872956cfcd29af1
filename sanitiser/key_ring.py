"""The keys of references over the years: one an epoch, chosen by the day of the event.

By that day and not by the day of processing: so the files of one case join, whenever each is supplied.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sanitiser.references import ReferenceKey


class Epoch(NamedTuple):
    """A time with a key of its own; it ends where the next begins. The first has no beginning.

    Without a key, which was deleted, nothing that happened in it can be released.
    """

    number: int
    begins: date | None
    key: ReferenceKey | None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The epochs in the order of their beginnings, and a key that outlasts them.

    Under `lasting` stands what the worker remembers between records; no release shows a digest of it.
    """

    epochs: tuple[Epoch, ...]
    lasting: ReferenceKey

    def __post_init__(self) -> None:
        """Refuse epochs between which a day could lie in none, or in two."""
        begins = [epoch.begins for epoch in self.epochs]
        if not begins or begins[0] is not None or None in begins[1:]:
            raise ValueError("the first epoch, and no other, has no beginning")
        if any(a >= b for a, b in pairwise(day for day in begins if day)):
            raise ValueError("each epoch begins after the one before it")

    @classmethod
    def of(cls, key: ReferenceKey) -> KeyRing:
        """One key for all days."""
        return cls((Epoch(1, None, key),), key.for_purpose("lasting"))

    def key(self, day: date) -> ReferenceKey:
        """The key for an event of that day.

        Raises:
            LookupError: that of its epoch was deleted.
        """
        found = self.epochs[self.at(day)].key
        if found is None:
            raise LookupError(f"the key for {day} was deleted")
        return found

    def at(self, day: date) -> int:
        """Where in `epochs` the one stands in which an event of that day lies."""
        return bisect_right([epoch.begins or date.min for epoch in self.epochs[1:]], day)
