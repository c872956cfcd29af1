"""A PostgreSQL with PostGIS for the benchmarks: an empty database for each run, and a plain table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import pytest
from psycopg import sql

from connectors.hub.changes import Changes
from connectors.hub.postgis.ddl import TYPES, Form
from connectors.hub.postgis.rows import copy_rows
from connectors.hub.postgis.target import Target
from connectors.hub.tables import HubTable
from tests.benchmarks.errors import BenchError
from tests.integration.postgres import PostgresServer, running_postgres

_SETTINGS: Final = {"fsync": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"}


@dataclass
class Database:
    """The server, and the name of the newest database."""

    server: PostgresServer
    name: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def empty(self) -> Iterator[Target]:
        """Make an empty database."""
        self.name = f"hub{next(self._numbers)}"
        password = self.server.create_database(self.name)
        file = self.server.folder / f"{self.name}.pgpass"
        self.server.write_passfile(file, {self.name: password})
        yield Target.of(self.server.url(self.name, self.name, passfile=str(file)))

    def count(self, table: HubTable) -> int:
        """Return the number of rows of a table."""
        with self.server.connect(self.name) as session:
            count = sql.SQL("SELECT count(*) FROM {}").format(Form.of(table).identifier)
            found = session.execute(count).fetchone()
        return int(found[0]) if found else 0

    @contextmanager
    def plain(self, table: HubTable) -> Iterator[Callable[[Changes], None]]:
        """Make a table without key, index and points; what copies a batch into it, as a transaction."""
        plain, columns = sql.Identifier("plain"), table.columns
        values = itemgetter(*(column.name for column in columns))
        with self.server.connect(self.name) as session, session.cursor() as cursor:
            typed = (
                sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(TYPES[c.kind]))
                for c in columns
            )
            make = sql.SQL("CREATE TABLE {} ({})").format(plain, sql.SQL(", ").join(typed))
            cursor.execute(make)

            def copy(changes: Changes) -> None:
                rows = (values(row) for row in changes.rows.values() if row is not None)
                copy_rows(cursor, plain, columns, rows)

            yield copy
            cursor.execute(sql.SQL("DROP TABLE {}").format(plain))


@contextmanager
def database() -> Iterator[Database]:
    """Run a server that writes to the disk before it answers.

    Raises:
        BenchError: its packages are missing.
    """
    try:
        with running_postgres(_SETTINGS) as server:
            yield Database(server)
    except pytest.skip.Exception as missing:
        raise BenchError(str(missing)) from None
