"""Grouping: puts the facts of several records into events.

The result depends on the facts alone, and not on their order:

1. Facts that share a reference (`join` or `incident`, in any combination) are one cluster, through any number
   of steps. A cluster without a fact of kind `event` is not an event: its parts wait.
2. Clusters near one another are put together, the nearest pair first, if they share a household or the key of
   a victim (`When` and `distance` say what is near). Equal distances are ordered by the smaller, then by the
   greater of the two clusters' smallest records of kind `event`.
3. Two groups are put together only if they have no source of kind `event` in common, and if each cluster of
   one is near each cluster of the other: an event never spans more than the hours by nearness alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from detection.domestic.facts import Fact, Source
from detection.domestic.times import When, distance, when

Facts = tuple[Fact, ...]
Links = Callable[[Facts], frozenset[bytes]]
"""Returns the digests by which a cluster may be one event with another: of households and victims."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    facts: Facts
    when: When
    sources: frozenset[Source]
    links: frozenset[bytes]
    record: bytes


def references(fact: Fact) -> frozenset[bytes]:
    """Return the references that the fact shares with other records of its crime or incident."""
    return frozenset(digest for digest in (fact.join, fact.incident) if digest)


def grouped(facts: Iterable[Fact], links: Links, hours: int) -> tuple[list[Facts], Facts]:
    """Return the facts of each event, and the parts that have no event yet."""
    clusters = _by_reference(facts)
    events = [_cluster(each, links) for each in clusters if _is_event(each)]
    waiting = tuple(fact for each in clusters if not _is_event(each) for fact in each)
    return [_in_order(c.facts for c in group) for group in _by_nearness(events, hours)], waiting


def _is_event(facts: Facts) -> bool:
    return any(fact.kind == "event" for fact in facts)


def _by_reference(facts: Iterable[Fact]) -> list[Facts]:
    groups: list[tuple[frozenset[bytes], Facts]] = []
    for fact in facts:
        own = references(fact)
        same = [group for group in groups if group[0] & own]
        groups = [group for group in groups if not group[0] & own]
        groups.append(
            (own.union(*(g[0] for g in same)), _in_order([(fact,), *(g[1] for g in same)]))
        )
    return [group[1] for group in groups]


def _in_order(groups: Iterable[Facts]) -> Facts:
    facts = (fact for group in groups for fact in group)
    return tuple(sorted(facts, key=lambda fact: (fact.supplied_ms, fact.record)))


def _cluster(facts: Facts, links: Links) -> _Cluster:
    events = [fact for fact in facts if fact.kind == "event"]
    return _Cluster(
        facts,
        when(events),
        frozenset(fact.source for fact in events),
        links(facts),
        min(fact.record for fact in events),
    )


def _by_nearness(clusters: Sequence[_Cluster], hours: int) -> list[list[_Cluster]]:
    group_of = {cluster.record: [cluster] for cluster in clusters}
    for _, _, one, other in sorted(_pairs(clusters, hours)):
        first, second = group_of[one], group_of[other]
        if first is not second and all(_distance(a, b, hours) for a in first for b in second):
            first.extend(second)
            group_of |= {cluster.record: first for cluster in second}
    return list({id(group): group for group in group_of.values()}.values())


def _pairs(clusters: Sequence[_Cluster], hours: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    for one, other in combinations(sorted(clusters, key=lambda c: c.record), 2):
        apart = _distance(one, other, hours)
        if apart and one.links & other.links:
            yield *apart, one.record, other.record


def _distance(one: _Cluster, other: _Cluster, hours: int) -> tuple[int, int] | None:
    return None if one.sources & other.sources else distance(one.when, other.when, hours)
