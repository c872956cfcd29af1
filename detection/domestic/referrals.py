"""The MARAC referrals of an event."""

from __future__ import annotations

from collections.abc import Sequence

from detection.domestic import people
from detection.domestic.facts import Fact
from detection.domestic.grouping import Facts
from detection.domestic.memory import Memory
from detection.domestic.places import household_digests
from detection.domestic.settings import MOST_READ


def referrals(facts: Facts, day: int, days: int, memory: Memory) -> tuple[Fact, ...]:
    """Return the referrals on `day` or at most `days` earlier, the newest first (then by record).

    They are those with a victim of these facts as their victim. Where no victim is named, those of the
    household count too: an agency's reference of a patient is in no referral of another agency.
    """
    victims = people.victims(facts)
    found = [r for r in _about(victims, day, days, memory) if victims & people.victims((r,))]
    if not people.named(facts, "victim"):
        found += _about(household_digests(facts, memory), day, days, memory)
    unique = {referral.record: referral for referral in found}
    return tuple(sorted(unique.values(), key=lambda r: (-r.day, r.record)))


def is_about_another(referral: Fact, facts: Facts) -> bool:
    """Return True if the referral and the facts name suspects by digest, and none of them is in both."""
    named, suspects = people.suspects((referral,)), people.suspects(facts)
    both_named = _has_digest((referral,)) and _has_digest(facts)
    return both_named and not named & suspects


def _about(digests: frozenset[bytes], day: int, days: int, memory: Memory) -> list[Fact]:
    searches: list[Sequence[Fact]] = [
        memory.referrals_of(digest, max(0, day - days), day, most=MOST_READ)
        for digest in sorted(digests)
    ]
    return [referral for found in searches for referral in found]


def _has_digest(facts: Facts) -> bool:
    return any(p.person for fact in facts for p in fact.people if p.role == "suspect")
