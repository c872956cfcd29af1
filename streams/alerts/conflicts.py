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
        self._newest: dict[tuple[str, bytes], int] = {}

    def digest(self, key: bytes | None) -> bytes | None:
        """Return the digest of the person of a message; None if its key is not one of a list."""
        found = _INNER.fullmatch(key) if key is not None else None
        return self._digests.of_staff(found[0].decode()) if found else None

    def learn(self, topic: str, key: bytes, at_ms: int | None) -> None:
        """Take the newest message of a key: an entry with its time, or None if it was removed."""
        digest, party = self.digest(key), self._parties[topic]
        if digest is not None and at_ms is not None:
            self._add(party, digest, at_ms)
        elif digest is not None:
            self._staff[party].discard(digest)

    def learn_early(self, topic: str, key: bytes, at_ms: int) -> None:
        """Take an entry before `learn` has it. One that is not newer than a known entry changes nothing.

        It may have been removed since.
        """
        digest, party = self.digest(key), self._parties[topic]
        if digest is not None and at_ms > self._newest.get((party, digest), -1):
            self._add(party, digest, at_ms)

    def _add(self, party: str, digest: bytes, at_ms: int) -> None:
        self._staff[party].add(digest)
        self._newest[party, digest] = max(at_ms, self._newest.get((party, digest), 0))

    def has_any(self, party: str) -> bool:
        """Return True if the party's list has people."""
        return bool(self._staff.get(party))

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


class Forgotten:
    """The people whom an order says to forget, each with the time of the order."""

    def __init__(self) -> None:
        self._at: dict[bytes, int] = {}

    def learn(self, person: bytes, at_ms: int) -> None:
        """Take an order."""
        self._at[person] = max(at_ms, self._at.get(person, 0))

    def names(self, people: Iterable[bytes | None], supplied_ms: int) -> list[bytes]:
        """Return those of these people who are to be forgotten, for a record that was supplied then."""
        return [p for p in people if p is not None and supplied_ms <= self._at.get(p, -1)]
