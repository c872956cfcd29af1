"""The memory of the engine: what it reads and writes about domestic events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from detection.domestic.facts import Event, Fact

PlaceKind = Literal["ordinary", "communal", "refuge"]
"""An order of the partnership marks a household as communal (a care home) or as a refuge."""


class Memory(Protocol):
    """The events, referrals and waiting parts that are known now, with the indexes to find them.

    A *key* of a person is the digest of name and date of birth, or of the agency's reference
    (`people.keys`). An event has the day that `times.position` gives. Both ends of a range of days are
    included. Ranges give the newest entries first (the highest day first, in one day the highest
    identity), and at most `most` of them.
    """

    def event(self, event_id: bytes, /) -> Event | None:
        """Return the event with this identity, or None."""

    def events_with_record(self, record: bytes, /) -> Sequence[bytes]:
        """Return the events that have a fact of this record."""

    def events_with_join(self, join: bytes, /) -> Sequence[bytes]:
        """Return the events with a fact, also a part, whose `join` or whose `incident` this is."""

    def events_at(
        self, household: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[bytes]:
        """Return the events with this very digest among the households of their facts of kind `event`."""

    def events_of(
        self, person: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[bytes]:
        """Return the events with this key of a person, in any role (children too) and any fact."""

    def referral(self, record: bytes, /) -> Fact | None:
        """Return the referral with this record, or None."""

    def referrals_of(
        self, digest: bytes, first_day: int, last_day: int, /, most: int | None = None
    ) -> Sequence[Fact]:
        """Return the referrals with this key of a person (any role) or this household, by their `day`."""

    def parts_with(self, digest: bytes, /) -> Sequence[Fact]:
        """Return the waiting parts whose join, incident, record or key of a person this is."""

    def place_kind(self, household: bytes, /) -> PlaceKind:
        """Return the mark of this very digest."""

    def same_household(self, household: bytes, /) -> tuple[bytes, ...]:
        """Return this digest, then all others of its UPRN: the UPRN's own and its addresses'."""

    def keep_event(self, event: Event, /) -> None:
        """Keep the event, in place of the one with its identity."""

    def forget_event(self, event_id: bytes, /) -> None:
        """Forget the event."""

    def keep_part(self, part: Fact, /) -> None:
        """Keep the part, which waits by its join, or else by its incident, for an event with it."""

    def forget_part(self, part: Fact, /) -> None:
        """Forget this waiting part."""

    def keep_referral(self, referral: Fact, /) -> None:
        """Keep the referral, in place of the one with its record."""

    def forget_referral(self, record: bytes, /) -> None:
        """Forget the referral."""

    def keep_alias(self, address: bytes, uprn: bytes, /) -> None:
        """Keep that the address has this UPRN. An address keeps the first UPRN that it was given."""
