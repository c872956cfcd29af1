"""The PostgreSQL of the tests has what the hub needs, and recovers when it is killed."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.integration.postgres import PostgresServer

ENDS: list[Callable[[PostgresServer], None]] = [
    PostgresServer.stop, PostgresServer.stop_at_once, PostgresServer.kill,
]  # fmt: skip


def test_an_owner_who_is_no_superuser_has_points_on_the_british_grid(
    postgres: PostgresServer,
) -> None:
    password = postgres.create_database("grid", ("postgis", "pgaudit"))
    with postgres.connect("grid", "grid", password) as session:
        point = "SELECT ST_AsEWKT(ST_SetSRID(ST_MakePoint(375000, 165000), 27700))"
        assert session.execute(point).fetchone() == ("SRID=27700;POINT(375000 165000)",)
        role = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert session.execute(role).fetchone() == (False,)


def test_nobody_logs_in_without_the_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        postgres.connect(password="another")


@pytest.mark.parametrize("end", ENDS)
def test_what_was_committed_is_there_after_each_kind_of_end(
    postgres: PostgresServer, end: Callable[[PostgresServer], None]
) -> None:
    with postgres.connect() as session:
        session.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        session.execute("INSERT INTO kept VALUES (1)")
        before = session.execute("SELECT count(*) FROM kept").fetchone()
        end(postgres)
    postgres.start()
    with postgres.connect() as session:
        assert session.execute("SELECT count(*) FROM kept").fetchone() == before
