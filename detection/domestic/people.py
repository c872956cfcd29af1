"""The people of a fact or an event, and the keys by which they are found."""

from __future__ import annotations

from collections.abc import Iterable

from detection.domestic.facts import Fact, Person, Role


def keys(person: Person) -> frozenset[bytes]:
    """Return the digests by which this person is known.

    Two people are the same if they share one: the name and the date of birth, or the agency's reference.
    """
    return frozenset(digest for digest in (person.person, person.reference) if digest)


def in_role(facts: Iterable[Fact], role: Role) -> tuple[frozenset[bytes], ...]:
    """Return the keys of each identified person in this role, in the order of the facts.

    Entries that share a key are one person.
    """
    found: list[frozenset[bytes]] = []
    for own in (keys(p) for fact in facts for p in fact.people if p.role == role):
        same = [each for each in found if each & own]
        place = found.index(same[0]) if same else len(found)
        found = [each for each in found if not each & own]
        found[place:place] = [own.union(*same)] if own else []
    return tuple(found)


def named(facts: Iterable[Fact], role: Role) -> tuple[frozenset[bytes], ...]:
    """Return the keys of each person in this role whose name and date of birth are known.

    An agency's reference alone does not show that two records are about two people.
    """
    facts = tuple(facts)
    digests = {p.person for fact in facts for p in fact.people if p.role == role and p.person}
    return tuple(each for each in in_role(facts, role) if each & digests)


def victims(facts: Iterable[Fact]) -> frozenset[bytes]:
    """Return the keys of all identified victims."""
    return frozenset().union(*in_role(facts, "victim"))


def suspects(facts: Iterable[Fact]) -> frozenset[bytes]:
    """Return the keys of all identified suspects."""
    return frozenset().union(*in_role(facts, "suspect"))


def everyone(facts: Iterable[Fact]) -> frozenset[bytes]:
    """Return the keys of all identified people in any role."""
    return frozenset().union(*(keys(p) for fact in facts for p in fact.people))
