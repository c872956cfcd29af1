"""A hub in PostgreSQL for tests: the tables of a protocol with one row each, and sessions of its people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from connectors.hub.accounts.accounts import Accounts, Applied
from connectors.hub.accounts.people import Person
from connectors.hub.accounts.plan import Plan
from connectors.hub.accounts.present import Session
from connectors.hub.accounts.wanted import Agreed, places_of
from connectors.hub.postgis.store import PostgisStore
from connectors.hub.postgis.target import Target
from connectors.hub.source import Source
from connectors.hub.supplied import Part, Supplied
from connectors.hub.tables import AnyTable, Column, HubTable, SourceTable
from isp.agreement.protocol import Protocol
from isp.keys.secrets_store import SecretStore
from tests.integration.postgres import PostgresServer

LOGGED: Final = {
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_filename": "ipu-%Y-%m-%d_%H%M%S.log",
    "log_directory": "log",
}
"""Settings of a server that records reads, as docs/postgis-accounts.md has them."""

SECRET: Final = "Acacia Avenue"
"""A value of each row, which no log and no refused statement may show."""

TODAY: Final = date(2026, 11, 30)
NOW_MS: Final = 1_796_031_000_000
_KEY: Final = "key"


@dataclass
class HubDatabase:
    """A database with the tables of a hub, and the accounts of its protocol."""

    server: PostgresServer
    name: str
    protocol: Protocol
    closed: frozenset[str]
    tables: tuple[AnyTable, ...]
    secrets: SecretStore
    password: str
    people: tuple[Person, ...] = ()
    today: date = TODAY

    @property
    def agreed(self) -> Agreed:
        """Return what the protocol and the people give."""
        return Agreed.of(self.protocol, self.closed, self.tables, self.people, self.today)

    @contextmanager
    def accounts(self, **change: Any) -> Iterator[Accounts]:
        """Open the accounts, with some fields of the database changed."""
        with self.server.connect(self.name) as session:
            yield Accounts(session, replace(self, **change).agreed, self.secrets)

    def apply(self, **change: Any) -> Applied:
        """Apply the accounts."""
        with self.accounts(**change) as accounts:
            return accounts.apply(lambda _plan: None)

    def plan(self, **change: Any) -> Plan:
        """Return what an application would change."""
        with self.accounts(**change) as accounts:
            return accounts.plan()

    def owner(self) -> Session:
        """Return a session of the owner, as the sink has."""
        return self.server.connect(self.name, self.name, self.password)

    def login(self, party: str, login: str = "analyst") -> Session:
        """Return a session of a person, with the password from the store."""
        role = f"{self.protocol.prefix}.{party}.{login}"
        return self.server.connect(self.name, role, self.secrets.password(role))

    @contextmanager
    def sink(self) -> Iterator[PostgisStore]:
        """Open the store, as the sink does, with the tables of the protocol."""
        with PostgisStore(Target.of(self.url(self.name, self.password))) as store:
            records = [table for table in self.tables if isinstance(table, HubTable)]
            topics = {table.topic.name: f"id-{table.topic.name}" for table in records}
            store.prepare(Source("cluster", self.protocol.prefix, topics), records, NOW_MS)
            yield store

    def fill(self) -> None:
        """Create the tables with one row each."""
        with self.sink() as store, self.owner() as session:
            sources = store.sources()
            for table in self.tables:
                if isinstance(table, HubTable):
                    session.execute(_row_of(table))
                else:
                    sources.replace(supplied(table))

    def url(self, user: str, password: str) -> str:
        """Return the URL of the database for a user, whose password is in a passfile."""
        passfile = self.server.folder / f"passfile-{user}"
        self.server.write_passfile(passfile, {user: password})
        return self.server.url(self.name, user, passfile=str(passfile))

    def log(self) -> str:
        """Return what the server has logged."""
        files = sorted(self.log_folder.glob("*.json"))
        return "".join(file.read_text() for file in files)

    @property
    def log_folder(self) -> Path:
        """The folder of the server's log."""
        return self.server.folder / "data" / "log"


def named(table: AnyTable) -> sql.Identifier:
    """Return the name of a table."""
    return sql.Identifier(table.schema, table.name)


def key_of(table: AnyTable) -> sql.Identifier:
    """Return the name of a column that a table has."""
    return sql.Identifier(table.key if isinstance(table, HubTable) else _KEY)


def supplied(table: SourceTable) -> Supplied:
    """Return a table of a source with one row, and its metadata."""
    columns = (Column(_KEY, "text", "A key"),)
    parts = [Part(name, "A table", columns, (), {_KEY: [SECRET]}) for _, name in places_of(table)]
    return Supplied(table, "digest", tuple(parts))


def _row_of(table: HubTable) -> sql.Composed:
    row = {table.key: "1"}
    if "source_agency" in {column.name for column in table.columns}:
        row["source_agency"] = SECRET
    for point in table.points:
        row |= {point.easting: "375000", point.northing: "165000"}
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        named(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Literal, row.values())),
    )


def refusal(session: Session, statement: sql.Composed | sql.SQL | str) -> str:
    """Run a statement and undo it; return the code of the refusal, or nothing if it was allowed."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate or type(error).__name__
    return ""
