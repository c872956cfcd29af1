"""The roles and rights that the protocol and the file of people give, derived as the broker's rules are.

A party reads a table if it may read the table's topic (`connectors.hub.copies.readable`). Nobody else does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from connectors.hub.accounts.people import Person
from connectors.hub.accounts.settings import CONNECTIONS, LIMITS, RECORDED, UNRECORDED
from connectors.hub.accounts.state import Member, Right, Role, Setting, State
from connectors.hub.copies import readable
from connectors.hub.supplied import ABOUT
from connectors.hub.tables import AnyTable, SourceTable, source_tables, tables_of
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import COMPONENTS, Protocol
from isp.agreement.topics import Names, stored
from schemas.catalogue import Catalogue
from schemas.london import end_of_day, london_today

Table = tuple[str, str]
"""Schema and name of a table."""


@dataclass(frozen=True, slots=True)
class Place:
    """The hub's database as it is: its name, its owner, and what there is in it.

    `extension` is the schema of PostGIS. `functions` are those that only the owner may call, each as schema,
    name and signature.
    """

    database: str
    owner: str
    extension: str
    tables: frozenset[Table] = frozenset()
    functions: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreed:
    """The tables that each party may read, and the people who log in for it."""

    prefix: str
    tables: dict[str, tuple[AnyTable, ...]]
    people: tuple[Person, ...] = field(default=())

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        closed: frozenset[str],
        tables: Sequence[AnyTable],
        people: Collection[Person],
        today: date,
    ) -> Agreed:
        """Return what a protocol and the file of people agree on for `today` (Europe/London)."""
        own = {p.id: readable(protocol, closed, p.id, tables) for p in protocol.parties}
        return cls(protocol.prefix, own, tuple(each for each in people if each.is_valid(today)))

    def group(self, party: str) -> str:
        """Return the name of the role of a party."""
        return Names(self.prefix).principal(party)


def agreed_today(
    protocol: Protocol, catalogue: Catalogue, people: Collection[Person] = ()
) -> tuple[Agreed, tuple[AnyTable, ...]]:
    """Return who may read what today (Europe/London), and the tables of the hub."""
    today = london_today()
    closed = closed_datasets(protocol, catalogue, today)
    topics = stored(protocol, catalogue, closed)
    tables: tuple[AnyTable, ...] = (
        *tables_of(topics),
        *source_tables(topics, protocol.prefix),
    )
    return Agreed.of(protocol, closed, tables, people, today), tables


def places_of(table: AnyTable) -> tuple[Table, ...]:
    """Return the tables in the database for a table of the hub. A source has a second one, with metadata."""
    place = table.schema, table.name
    if isinstance(table, SourceTable):
        return place, (table.schema, f"{table.name}{ABOUT}")
    return (place,)


def is_ours(role: str, prefix: str) -> bool:
    """Return True if a role has the name of a group or a login of the partnership, now or formerly."""
    return Names(prefix).owns(role) and Names(prefix).party_of(role) not in COMPONENTS


def wanted_state(agreed: Agreed, place: Place) -> State:
    """Return roles, memberships, rights and settings as they are to be, for the tables that there are."""
    owner = {Setting(place.owner, *UNRECORDED)}
    return State(
        frozenset(_roles(agreed)),
        frozenset(Member(p.role(agreed.prefix), agreed.group(p.party)) for p in agreed.people),
        frozenset((*table_rights(agreed, place.tables), *_other_rights(agreed, place))),
        frozenset(Setting(None, name, value) for name, value in RECORDED) | owner,
    )


def table_rights(agreed: Agreed, present: Collection[Table]) -> Iterator[Right]:
    """Yield the rights to read the tables that are present, and to use their schemas."""
    for party, tables in agreed.tables.items():
        group = agreed.group(party)
        own = {place for each in tables for place in places_of(each)}.intersection(present)
        yield from (Right(group, "SELECT", "table", name) for name in own)
        yield from (Right(group, "USAGE", "schema", (schema,)) for schema, _ in own)


def _roles(agreed: Agreed) -> Iterator[Role]:
    for party in agreed.tables:
        yield Role(agreed.group(party), login=False)
    for person in agreed.people:
        yield Role(
            person.role(agreed.prefix),
            login=True,
            limit=CONNECTIONS,
            until=None if person.until is None else _end(person.until),
            settings=RECORDED | LIMITS,
            has_password=True,
        )


def _end(day: date) -> datetime:
    return datetime.fromtimestamp(end_of_day(day), UTC)


def _other_rights(agreed: Agreed, place: Place) -> Iterator[Right]:
    """Yield the rights to connect, to use PostGIS, and the owner's to what is closed to all others."""
    for party in agreed.tables:
        group = agreed.group(party)
        yield Right(group, "CONNECT", "database", (place.database,))
        yield Right(group, "USAGE", "schema", (place.extension,))
    yield Right(place.owner, "USAGE", "schema", (place.extension,))
    for function in place.functions:
        yield Right(place.owner, "EXECUTE", "function", function)
