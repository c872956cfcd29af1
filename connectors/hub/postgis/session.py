"""A session of a sink with its database. It never connects again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString, cast

import psycopg
from psycopg import errors, sql
from psycopg.rows import TupleRow

from connectors.hub.errors import HubError
from connectors.hub.postgis.target import Target

Statement = LiteralString | sql.SQL | sql.Composed

OLDEST: Final = 150_000
"""The oldest version of PostgreSQL that is accepted, as libpq counts versions."""
_LOCK: Final = 0x6970755F687562
"""The number of the lock that a sink has: `ipu_hub` in ASCII. Each database has its own locks."""
_LOCK_WAIT: Final = "5s"
_CHANGE_WAIT: Final = "30s"
_SETTINGS: Final = {
    "client_encoding": "UTF8",
    "timezone": "UTC",
    # The server ends the session of a program that is gone, and with it its lock, within half a minute.
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # The defaults of a database are made for people.
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "jit": "off",
    # A commit does not wait for the disk. If the server dies, rows and offsets are lost together, and read
    # again.
    "synchronous_commit": "off",
    # A batch stays in memory on its way into its table.
    "temp_buffers": "64MB",
}
_EXTENSION: Final = """
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'postgis'
"""
_TELLING: Final = ("42", "53", "54", "55", "57", "58")
"""Classes of errors whose texts speak of names and resources, and not of values."""


class Session:
    """A session with the database of a hub; a context manager. It never connects again.

    Once it is lost, another sink may have stored more. So whoever used it must begin anew, with the offsets
    that the database has then.
    """

    def __init__(self, target: Target) -> None:
        """Connect.

        Raises:
            HubError: nobody answers, the login is refused, or the database lacks something.
        """
        self._target = target
        self._connection = _connected(target)
        try:
            with self._explained():
                self._check()
                self._set_up()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        """Return where the database is."""
        return str(self._target)

    def close(self) -> None:
        """End the session, which frees the lock."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[TupleRow]]:
        """Run a block as one transaction.

        Raises:
            HubError: the connection is lost, so that the transaction may be committed or not, or the database
                refuses, and nothing is committed. The text has no value of a record.
        """
        with (
            self._explained(),
            self._connection.transaction(),
            self._connection.cursor() as cursor,
        ):
            yield cursor

    def ask(self, statement: Statement, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, as a transaction of its own. Errors as `transaction`."""
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def lock(self) -> None:
        """Take the lock of the database's sink, for as long as the session lasts.

        Waits some seconds: the server may be about to notice that the process before this one is gone.

        Raises:
            HubError: another process has it.
        """
        with self._explained():
            self._connection.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_WAIT,))
            try:
                self._connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            except errors.LockNotAvailable:
                self.close()
                raise HubError(
                    f"{self}: another process stores into it; accepted: one sink for each database"
                ) from None
            self._connection.execute("SELECT set_config('lock_timeout', '0', false)")

    def wait_shortly(self, cursor: psycopg.Cursor[TupleRow]) -> None:
        """Have a transaction that changes tables wait for their readers for some seconds at most.

        All others who want such a table wait behind it meanwhile.
        """
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (_CHANGE_WAIT,))

    def check_epoch(self, cursor: psycopg.Cursor[TupleRow], epoch: int) -> None:
        """Check that the sink `epoch` is still the newest.

        The lock says the same, but not behind a pool that gives a session to several clients.

        Raises:
            HubError: another sink has taken over.
        """
        found = cursor.execute("SELECT epoch FROM ipu.source").fetchone()
        if found != (epoch,):
            raise HubError(
                f"{self}: another sink has taken over; accepted: one sink for each database, in a session "
                "of its own"
            )

    def _check(self) -> None:
        """Check that the database is one that the hub can use."""
        version = self._connection.info.server_version
        if version < OLDEST:
            raise HubError(f"{self}: PostgreSQL {version // 10_000}; accepted: 15 or newer")
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise HubError(f"{self}: has the encoding {encoding}; accepted: UTF8. Create it anew")

    def _set_up(self) -> None:
        found = self._connection.execute(_EXTENSION).fetchone()
        if found is None:
            raise HubError(
                f"{self}: has no extension postgis; have the database's administrator run, in this database: "
                "CREATE EXTENSION postgis"
            )
        # Types and functions of PostGIS are found, and no object of another user hides those of PostgreSQL.
        path = sql.SQL("SET search_path = pg_catalog, {}, pg_temp")
        self._connection.execute(path.format(sql.Identifier(found[0])))
        for name, value in _SETTINGS.items():
            self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise HubError(self._explanation(error)) from None

    def _explanation(self, error: psycopg.Error) -> str:
        if self._connection.broken or self._connection.closed:
            return (
                f"{self}: the connection was lost; the next start goes on with the last transaction that the "
                "database has"
            )
        state = error.sqlstate or ""
        what = f": {error.diag.message_primary}" if state.startswith(_TELLING) else ""
        place = ".".join(filter(None, (error.diag.schema_name, error.diag.table_name)))
        column = f", column {error.diag.column_name}" if error.diag.column_name else ""
        where = f" in {place}{column}" if place else ""
        return f"{self}: the database refuses{where}: {type(error).__name__} {state}{what}"


def _connected(target: Target) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(**cast("dict[str, Any]", target.parameters), autocommit=True)
    except psycopg.Error as error:
        raise HubError(f"{target}: cannot be reached: {' '.join(str(error).split())}") from None
