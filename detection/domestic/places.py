"""The households of facts: which digests mean one home, and which homes may link events."""

from __future__ import annotations

from collections.abc import Iterable

from detection.domestic.facts import Fact
from detection.domestic.memory import Memory


def households(facts: Iterable[Fact], memory: Memory) -> tuple[frozenset[bytes], ...]:
    """Return the digests of each household of these facts, each household once.

    Only a fact of kind `event` or `referral` has a household: a person's home in a part never becomes one.
    A household is left out if any of its digests is marked as communal or as a refuge.
    """
    named = (digest for fact in facts if fact.kind != "part" for digest in fact.households)
    homes = (frozenset(memory.same_household(digest)) | {digest} for digest in dict.fromkeys(named))
    return tuple(dict.fromkeys(home for home in homes if _may_link(home, memory)))


def household_digests(facts: Iterable[Fact], memory: Memory) -> frozenset[bytes]:
    """Return the digests of all households of these facts."""
    return frozenset().union(*households(facts, memory))


def keep_alias(fact: Fact, memory: Memory) -> bool:
    """Keep that the address and the UPRN of an event are one household. Return True if that is new.

    A correction or an erasure of the record does not undo it.
    """
    if fact.kind != "event" or len(fact.households) != 2:  # noqa: PLR2004 - the address and its UPRN
        return False
    address, uprn = fact.households
    known = memory.same_household(address)
    memory.keep_alias(address, uprn)
    return memory.same_household(address) != known


def _may_link(home: frozenset[bytes], memory: Memory) -> bool:
    return all(memory.place_kind(digest) == "ordinary" for digest in home)
