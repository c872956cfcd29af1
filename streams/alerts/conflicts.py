"""Conflicts of interest: the people that each recipient declares as its staff, and the orders about homes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from detection.domestic.memory import PlaceKind
from sanitiser.incidents.digests import Digests

_INNER: Final = re.compile(rb"[0-9a-f]{32}")


class StaffLists:
    """The staff of each recipient, by the digests that facts have."""

    def __init__(self, digests: Digests, parties: Mapping[str, str]) -> None:
        """Begin with empty lists; `parties` has the recipient of each topic of staff."""
        self._digests = digests
        self._parties = parties
        self._staff: dict[str, set[bytes]] = {party: set() for party in parties.values()}

    def digest(self, key: bytes | None) -> bytes | None:
        """Return the digest of the person of a message; None if its key is not one of a list."""
        found = _INNER.fullmatch(key) if key is not None else None
        return self._digests.of_staff(found[0].decode()) if found else None

    def learn(self, topic: str, key: bytes, *, is_staff: bool) -> None:
        """Take an entry of a list, or its removal."""
        digest, staff = self.digest(key), self._staff[self._parties[topic]]
        if digest is not None and is_staff:
            staff.add(digest)
        elif digest is not None:
            staff.discard(digest)

    def names_any(self, party: str, people: Iterable[bytes]) -> bool:
        """Return True if one of these people is on the party's list."""
        return not self._staff.get(party, set()).isdisjoint(people)


class PlaceKinds:
    """The marks of homes, as ordered: communal or refuge."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, tuple[PlaceKind, int]] = {}

    def learn(self, digest: bytes, kind: PlaceKind, at_ms: int) -> None:
        """Take an order, unless a newer one is known."""
        if at_ms >= self._kinds.get(digest, ("ordinary", 0))[1]:
            self._kinds[digest] = kind, at_ms

    def __call__(self, household: bytes) -> PlaceKind:
        """Return the mark of a home."""
        return self._kinds.get(household, ("ordinary", 0))[0]
