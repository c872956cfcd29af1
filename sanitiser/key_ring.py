"""Choose the key of references by the day of the event: one key per epoch.

The day of the event decides and not the day of processing, so that the files of one case join even
if they are supplied at different times.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sanitiser.references import ReferenceKey


class Epoch(NamedTuple):
    """A period with its own key; it ends where the next begins. The first has no beginning.

    After its key was deleted, no event of the period can be released.
    """

    number: int
    begins: date | None
    key: ReferenceKey | None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The epochs in order of their beginnings, and a key that outlasts them.

    State entries of the worker are digested with `lasting`; no release has a digest of it.
    """

    epochs: tuple[Epoch, ...]
    lasting: ReferenceKey

    def __post_init__(self) -> None:
        """Refuse epochs that leave a day without an epoch, or with two."""
        begins = [epoch.begins for epoch in self.epochs]
        if not begins or begins[0] is not None or None in begins[1:]:
            raise ValueError("the first epoch, and no other, has no beginning")
        if any(a >= b for a, b in pairwise(day for day in begins if day)):
            raise ValueError("each epoch begins after the one before it")

    @classmethod
    def of(cls, key: ReferenceKey) -> KeyRing:
        """Return a ring with one key for all days."""
        return cls((Epoch(1, None, key),), key.for_purpose("lasting"))

    def key(self, day: date) -> ReferenceKey:
        """Return the key for an event of that day.

        Raises:
            LookupError: the key of its epoch was deleted.
        """
        found = self.epochs[self.at(day)].key
        if found is None:
            raise LookupError(f"the key for {day} was deleted")
        return found

    def at(self, day: date) -> int:
        """Return the position in `epochs` of the epoch of that day."""
        return bisect_right([epoch.begins or date.min for epoch in self.epochs[1:]], day)
