"""The sources that a recipient may see of one event: by an open case about it, or by a standing right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from detection.domestic.facts import Event, Fact, Source
from detection.domestic.memory import Memory
from detection.domestic.people import everyone, named, suspects, victims
from isp.agreement.protocol import Protocol
from isp.cases.open_cases import ActiveCase, OpenCases
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.record_type import PERSONAL
from streams.alerts.subjects import SubjectDigests

Matched = Literal["victim", "household", "pair"]
ALL: Final = None
"""Every field of a source may be told."""


class Said(NamedTuple):
    """The victims whom one source names by name and date of birth, and the homes that it names."""

    victims: frozenset[bytes]
    homes: frozenset[bytes]


class About(NamedTuple):
    """The digests of an event that the subjects of cases are compared with.

    `sources` has what each source says of it.
    """

    victims: frozenset[bytes]
    suspects: frozenset[bytes]
    people: frozenset[bytes]
    households: frozenset[bytes]
    sources: Mapping[Source, Said]

    @property
    def digests(self) -> frozenset[bytes]:
        """Return all of them."""
        return self.people | self.households


def about(event: Event, memory: Memory) -> About:
    """Return the digests of an event, with every digest of its household.

    Many families live in a home that is marked as communal or as a refuge, so it is no household.
    """
    facts = event.facts
    homes = _homes(facts, memory)
    is_home = all(memory.place_kind(home) == "ordinary" for home in homes)
    by_source = {fact.source: [f for f in facts if f.source == fact.source] for fact in facts}
    return About(
        victims(facts),
        suspects(facts),
        everyone(facts),
        homes if is_home else frozenset(),
        {source: _said(own, memory) for source, own in by_source.items()},
    )


def _homes(facts: Iterable[Fact], memory: Memory) -> frozenset[bytes]:
    places = {home for fact in facts if fact.kind == "event" for home in fact.households}
    return frozenset(same for place in places for same in memory.same_household(place))


def _said(facts: Sequence[Fact], memory: Memory) -> Said:
    return Said(frozenset().union(*named(facts, "victim")), _homes(facts, memory))


class Match(NamedTuple):
    """An open case about an event, and the part of the event that it is about.

    The sources `about_others` name other victims alone, or another home. The case shows nothing of them: not
    that another person went to hospital or how she is reached safely, and no event at a new home.
    """

    case: ActiveCase
    matched: Matched
    about_others: frozenset[Source]

    def fields(self, source: Source) -> tuple[str, ...] | None:
        """Return the approved fields of a source; None if the case shows nothing of it."""
        if self.case.supplier != source.agency or source in self.about_others:
            return None
        return self.case.fields.get(source.dataset)


class Sight(NamedTuple):
    """The sight of one recipient of one event: the cases about it, and the fields of each source.

    The fields of a source are `ALL` if the recipient supplies it, or receives it by a standing right.
    """

    party: str
    matches: tuple[Match, ...]
    standing: frozenset[str]

    def sees(self, source: Source) -> bool:
        """Return True if the recipient may see this source."""
        return self._is_own(source) or any(self._granted(source))

    def tells(self, source: Source, field: str | None) -> bool:
        """Return True if the recipient may see this field of the source; None is no field."""
        if field is None:
            return False
        return self._is_own(source) or any(field in fields for fields in self._granted(source))

    def _is_own(self, source: Source) -> bool:
        return source.agency == self.party or source.dataset in self.standing

    def _granted(self, source: Source) -> list[tuple[str, ...]]:
        """Return the approved fields of the source, by case."""
        found = (match.fields(source) for match in self.matches)
        return [fields for fields in found if fields is not None]


class _Known(NamedTuple):
    """The digests of the subjects of an open case."""

    people: frozenset[bytes]
    households: frozenset[bytes]
    lacking: frozenset[bytes]


class Visibility:
    """Decides what recipients may see, from the open cases and the standing rights of the protocol."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue, digests: SubjectDigests) -> None:
        """Begin without cases."""
        self._protocol = protocol
        self._digests = digests
        self._cases = OpenCases(protocol, catalogue)
        self._at: dict[str, Any] = {}
        self._index: dict[bytes, tuple[str, ...]] = {}
        self._known: dict[str, _Known] = {}
        self._indexed: date | None = None
        self._standing = {
            party.id: frozenset(
                dataset
                for entitlement in protocol.receives
                if (entitlement.party, entitlement.profile) == (party.id, PERSONAL)
                and entitlement.neighbour is None
                for dataset in entitlement.datasets
            )
            for party in protocol.parties
        }

    @property
    def cases(self) -> OpenCases:
        """Return the cases that are known."""
        return self._cases

    def learn(self, key: str, message: Mapping[str, Any] | None) -> None:
        """Take the newest version of a case or a consent; an older one than is known changes nothing."""
        if message is not None:
            known = self._at.get(key)
            if known is not None and message["at"] < known:
                return
            self._at[key] = message["at"]
        self._cases.take(key, message)
        self._indexed = None

    def sight(self, about: About, party: str, now: datetime) -> Sight:
        """Return what a recipient may see of an event now."""
        standing = self._standing.get(party, frozenset())
        return Sight(party, tuple(self._matches(about, party, now)), standing)

    def is_open(self, case: str, now: datetime) -> bool:
        """Return True if a case is open now."""
        return self._cases.active(case, now) is not None

    def digests_of(self, case: str, now: datetime) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the people and the households of an open case; none if it is not open."""
        active = self._cases.active(case, now)
        if active is None:
            return frozenset(), frozenset()
        known = self._digested(active, london_time(now).date())
        return known.people, known.households

    def _matches(self, about: About, party: str, now: datetime) -> list[Match]:
        self._refresh(now)
        found = {case for digest in about.digests for case in self._index.get(digest, ())}
        matches = list[Match]()
        for case in sorted(found):
            active = self._cases.active(case, now)
            if active is not None and active.recipient == party:
                matched = _matched(about, self._known[case])
                if matched is not None:
                    others = _about_others(about, self._known[case])
                    matches.append(Match(active, matched, others))
        return matches

    def _refresh(self, now: datetime) -> None:
        """Compute the index of the open cases, if a case has changed or a day has begun."""
        today = london_time(now).date()
        if self._indexed == today:
            return
        index: dict[bytes, list[str]] = {}
        self._known = {}
        for active in self._cases.open(now):
            known = self._known[active.case] = self._digested(active, today)
            for digest in known.people | known.households:
                index.setdefault(digest, []).append(active.case)
        self._index = {digest: tuple(cases) for digest, cases in index.items()}
        self._indexed = today

    def _digested(self, active: ActiveCase, today: date) -> _Known:
        found = [
            pair for s in active.subjects for pair in self._digests.of(s, active.supplier, today)
        ]
        lacking = [d for s in active.lacking for d in self._digests.of(s, active.supplier, today)]
        return _Known(
            frozenset(digest for form, digest in found if form == "person"),
            frozenset(digest for form, digest in found if form == "household"),
            frozenset(digest for _, digest in lacking),
        )


def _matched(about: About, known: _Known) -> Matched | None:
    """Return the part of the event that a case is about.

    A suspect alone is no match. An event about a subject without consent matches no subject of the case.
    """
    if known.lacking & about.digests:
        return None
    if known.people & about.victims:
        return "pair" if known.people & (about.suspects - about.victims) else "victim"
    return "household" if known.households & about.households else None


def _about_others(about: About, known: _Known) -> frozenset[Source]:
    """Return the sources that are about other people, or of another home, than the case.

    A source that names no victim is about those of the event, and one that names no home is of its home.
    """
    is_about_people = bool(known.people & about.victims)

    def is_of_case(said: Said) -> bool:
        if said.victims & known.people or said.homes & known.households & about.households:
            return True
        return not (said.victims if is_about_people else said.homes)

    return frozenset(source for source, said in about.sources.items() if not is_of_case(said))
