"""One entry of the partnership's list of protected places."""

from __future__ import annotations

from typing import NamedTuple

from sanitiser.address.household import Household


class Entry(NamedTuple):
    """A protected place: by UPRN, by address and postcode, or by a whole postcode; its repr shows nothing.

    Without `home` the whole `postcode` is protected; with `uprn` alone, only records with this UPRN. `point`
    is in metres of the British National Grid: records with coordinates and without a known postcode are
    protected near it. The entry holds from the version `since` of the list on, and before the version
    `until`.
    """

    number: int
    uprn: str | None
    home: Household | None
    postcode: str | None
    point: tuple[float, float] | None
    since: int
    until: int | None = None

    def __repr__(self) -> str:
        """Return the name of the class: an entry is where somebody hides."""
        return "Entry(...)"

    def holds_at(self, version: int) -> bool:
        """Return True if the entry holds in a version of the list."""
        return self.since <= version and (self.until is None or version < self.until)
