"""The hub in a real PostgreSQL: the contract of every store, one sink at a time, and plain refusals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.hub.changes import Changes
from connectors.hub.errors import HubError
from connectors.hub.postgis.store import PostgisStore
from connectors.hub.postgis.target import Target
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue
from tests.connectors.hub.store_bench import NOW_MS, PLACE, StoreBench, full
from tests.connectors.hub.store_promises import ONE, OTHER, StorePromises, incidents, without
from tests.integration.postgres import SUPERUSER, PostgresServer

TEMPLATE = "grid"
NUMBERS = itertools.count()


@dataclass
class PostgisBench(StoreBench):
    """A store in a database of its own, and what it is made from."""

    server: PostgresServer
    name: str
    target: Target
    tables: tuple[HubTable, ...]
    store: PostgisStore

    @property
    def any_store(self) -> PostgisStore:
        """The store."""
        return self.store

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of the superuser, if it has any."""
        with self.server.connect(self.name) as session:
            done = session.execute(statement.encode())
            return done.fetchall() if done.description else []

    def again(self) -> None:
        """Close the store, as if the process ended, and open it again."""
        self.store.close()
        self.store = PostgisStore(self.target)

    def cut(self) -> None:
        """End the sessions of the store, as a server does that its administrator restarts."""
        self.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.name}'"
        )


@pytest.fixture(scope="module")
def with_postgis(postgres: PostgresServer) -> PostgresServer:
    postgres.create_database(TEMPLATE)
    return postgres


def target_in(server: PostgresServer, folder: Path, template: str = TEMPLATE) -> Target:
    """Return a new database, whose owner's password is in a passfile."""
    name = f"hub{next(NUMBERS)}"
    password = server.create_database(name, (), template)
    passfile = server.write_passfile(folder / "pgpass", {name: password})
    return Target.of(server.url(name, name, passfile=str(passfile)))


@pytest.fixture
def bench(
    with_postgis: PostgresServer, protocol: Protocol, catalogue: Catalogue, tmp_path: Path
) -> Iterator[PostgisBench]:
    target = target_in(with_postgis, tmp_path)
    name = str(target.parameters["dbname"])
    tables = tables_of(topics(protocol, catalogue))
    made = PostgisBench(with_postgis, name, target, tables, PostgisStore(target))
    made.prepare()
    yield made
    made.store.close()


class TestPostgisStore(StorePromises):
    """A store in a database keeps the contract of every store."""


def test_a_point_is_on_the_british_grid_and_has_an_index(bench: PostgisBench) -> None:
    table = incidents(bench)
    bench.write(table, {"record_id": ONE, **PLACE})
    points = bench.rows(table, "ST_AsEWKT(location_point)")
    assert points == [("SRID=27700;POINT(375000 165000)",)]
    declared = "SELECT type, srid FROM geometry_columns WHERE f_table_name = 'police_incident'"
    assert set(bench.query(declared)) == {("POINT", 27700)}
    gist = (
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'police_incident' AND indexdef ~ 'gist'"
    )
    assert bench.query(gist)[0][0] == len(set(bench.query(
        "SELECT f_table_schema FROM geometry_columns WHERE f_table_name = 'police_incident'"
    )))  # fmt: skip


def test_a_moved_record_has_the_point_of_its_new_place(bench: PostgisBench) -> None:
    table = incidents(bench)
    bench.write(table, {"record_id": ONE, **PLACE})
    bench.write(table, {"record_id": ONE, "location_easting": 1, "location_northing": 2})
    assert bench.rows(table, "ST_AsText(location_point)") == [("POINT(1 2)",)]


def test_tables_and_columns_have_the_words_of_the_guidance_and_the_marking(
    bench: PostgisBench,
) -> None:
    table = incidents(bench)
    place = f"'{table.schema}.{table.name}'::regclass"
    assert bench.query(f"SELECT obj_description({place})") == [(table.doc,)]
    told = bench.query(
        f"SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = {place}"
    )
    docs = {column.name: column.doc for column in table.columns}
    assert {name: doc for name, doc in told if name in docs} == docs


def test_several_tables_and_removals_are_one_transaction(bench: PostgisBench) -> None:
    one, other = bench.tables[:2]
    for table in (one, other):
        bench.write(table, {"record_id": ONE}, {"record_id": OTHER})
    changes = [Changes(one), Changes(other)]
    for each in changes:
        each.remove(ONE)
        each.put(OTHER, full(each.table, {"record_id": OTHER}), NOW_MS + 1)
    bench.store.write(changes, {(one.topic.name, 1): 7}, None)
    assert [bench.rows(t, "record_id") for t in (one, other)] == [[(OTHER,)]] * 2
    assert bench.store.offsets()[one.topic.name, 1] == 7


def test_nobody_but_the_owner_may_read_what_the_sink_creates(bench: PostgisBench) -> None:
    rights = (
        "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND "
    )
    schemas = {table.schema for table in bench.tables} | {"ipu"}
    for schema in schemas:
        assert bench.query(f"{rights} table_schema = '{schema}'") == [(0,)]
        usage = f"SELECT has_schema_privilege('{TEMPLATE}', '{schema}', 'usage')"
        assert bench.query(usage) == [(False,)]


def test_grants_stay_when_a_table_is_emptied_and_when_a_column_comes(bench: PostgisBench) -> None:
    table, now = incidents(bench), bench.tables
    bench.tables = tuple(without(t, "incident_type") if t is table else t for t in now)
    bench.prepare()
    bench.write(table, {"record_id": ONE})
    bench.query(f"GRANT SELECT ON {table.schema}.{table.name} TO {TEMPLATE}")
    bench.tables = now
    bench.prepare(NOW_MS + table.topic.tombstones_ms)
    assert bench.count(table) == 0
    may = f"SELECT has_table_privilege('{TEMPLATE}', '{table.schema}.{table.name}', 'select')"
    assert bench.query(may) == [(True,)]


def test_a_point_goes_and_comes_with_its_coordinates_and_views_go_with_what_they_show(
    bench: PostgisBench,
) -> None:
    table, now = incidents(bench), bench.tables
    bench.write(table, {"record_id": ONE, **PLACE})
    bench.query("CREATE VIEW public.seen AS SELECT location_point FROM central.police_incident")
    bench.tables = tuple(without(t, "location_easting") if t is table else t for t in now)
    bench.prepare()
    of_points = "SELECT count(*) FROM geometry_columns WHERE f_table_schema = 'central'"
    before = bench.query(of_points + " AND f_table_name = 'police_incident'")
    assert before == [(0,)]
    assert bench.query("SELECT to_regclass('public.seen') IS NULL") == [(True,)]
    bench.tables = now
    bench.prepare()
    assert bench.rows(table, "location_point") == [(None,)]


def test_a_table_of_somebody_else_is_neither_emptied_nor_dropped(
    with_postgis: PostgresServer, bench: PostgisBench
) -> None:
    bench.query("CREATE TABLE central.notes (text text); INSERT INTO central.notes VALUES ('mine')")
    table = incidents(bench)
    bench.tables = tuple(each for each in bench.tables if each is not table)
    bench.prepare()
    assert bench.query("SELECT text FROM central.notes") == [("mine",)]
    bench.query("CREATE TABLE central.police_incident (text text)")
    bench.tables = (*bench.tables, table)
    with pytest.raises(HubError, match=r"central\.police_incident that is not the hub's; rename"):
        bench.prepare()


def test_each_migration_is_applied_once_and_those_of_a_newer_release_are_refused(
    bench: PostgisBench,
) -> None:
    table = incidents(bench)
    bench.write(table, {"record_id": ONE})
    bench.query("DROP TABLE ipu.supplied; DELETE FROM ipu.migrations WHERE number > 1")
    bench.again()
    bench.prepare()
    assert bench.query("SELECT number FROM ipu.migrations ORDER BY 1") == [(1,), (2,)]
    assert bench.store.sources().digests() == {}
    assert bench.rows(table, "record_id") == [(ONE,)]
    bench.query("INSERT INTO ipu.migrations (number) VALUES (99)")
    with pytest.raises(HubError, match="has migration 99 of its schema ipu; accepted: at most 2"):
        bench.prepare()


def test_a_second_sink_is_refused_until_the_first_one_ends(bench: PostgisBench) -> None:
    with pytest.raises(HubError, match="another process stores into it; accepted: one sink"):
        PostgisStore(bench.target)
    bench.store.close()
    bench.store = PostgisStore(bench.target)


def test_a_lost_connection_ends_the_store_and_the_next_one_goes_on(bench: PostgisBench) -> None:
    table = incidents(bench)
    bench.write(table, {"record_id": ONE})
    bench.cut()
    with pytest.raises(HubError, match="the connection was lost; the next start goes on"):
        bench.write(table, {"record_id": OTHER}, {"record_id": OTHER})
    bench.again()
    bench.prepare()
    assert bench.store.offsets() == {(table.topic.name, 0): 1}
    assert bench.rows(table, "record_id") == [(ONE,)]


@pytest.mark.parametrize("end", [PostgresServer.kill, PostgresServer.stop_at_once])
def test_what_a_killed_server_has_lost_is_lost_with_its_offsets(
    bench: PostgisBench, end: Callable[[PostgresServer], None]
) -> None:
    table = incidents(bench)
    for number in range(100):
        changes = Changes(table)
        changes.put(f"{number:032}", full(table, {"record_id": f"{number:032}"}), NOW_MS)
        bench.store.write([changes], {(table.topic.name, 0): number + 1}, NOW_MS)
    end(bench.server)
    bench.server.start()
    bench.again()
    bench.prepare()
    assert bench.count(table) == bench.store.offsets().get((table.topic.name, 0), 0)


def test_a_sink_notices_that_another_one_took_over_behind_a_pool_of_sessions(
    bench: PostgisBench,
) -> None:
    table = incidents(bench)
    # A pool that gives a session to another client frees its locks in between.
    bench.store._session.ask("SELECT pg_advisory_unlock_all()")
    with PostgisStore(bench.target) as other:
        other.prepare(bench.source, bench.tables, NOW_MS)
        with pytest.raises(HubError, match="another sink has taken over"):
            bench.write(table, {"record_id": ONE})
        with pytest.raises(HubError, match="another sink has taken over"):
            bench.store.expire(NOW_MS)
    assert bench.count(table) == 0


def test_facts_of_a_supply_are_json_and_its_key_is_that_of_the_supply(bench: PostgisBench) -> None:
    table = next(each for each in bench.tables if each.name == "police__police_incident")
    changes = Changes(table)
    filled = {"incident_type": 7, 'O\'Neill \\ "x"': 1}
    record = dict.fromkeys(column.name for column in table.columns)
    changes.put("S1", {**record, "supply_id": "S1", "records": 2**40, "filled": filled}, NOW_MS)
    bench.store.write([changes], {}, None)
    found = bench.query(f"SELECT supply_id, records, filled FROM {table.schema}.{table.name}")
    assert found == [("S1", 2**40, filled)]


def test_a_refusal_of_the_database_has_no_value_of_a_record(bench: PostgisBench) -> None:
    table = incidents(bench)
    changes = Changes(table)
    record = {
        "record_id": ONE,
        "incident_type": "Acacia\0Avenue",
        "incident_date": date(2026, 1, 1),
    }
    changes.put(ONE, full(table, record), NOW_MS)
    with pytest.raises(HubError, match="refuses: CharacterNotInRepertoire 22021") as caught:
        bench.store.write([changes], {}, None)
    assert "Acacia" not in str(caught.value)
    bench.query("ALTER TABLE central.police_incident ADD CHECK (incident_type <> 'Acacia')")
    bench.again()
    bench.prepare()
    with pytest.raises(HubError, match=r"in central\.police_incident: CheckViolation") as caught:
        bench.write(table, {"record_id": ONE, "incident_type": "Acacia"})
    assert "Acacia" not in str(caught.value)


def test_a_database_without_postgis_is_refused_with_what_to_run(
    with_postgis: PostgresServer, tmp_path: Path
) -> None:
    with pytest.raises(HubError, match=r"has no extension postgis; .*: CREATE EXTENSION postgis"):
        PostgisStore(target_in(with_postgis, tmp_path, "template1"))


def test_postgis_is_found_in_any_schema(with_postgis: PostgresServer, tmp_path: Path) -> None:
    target = target_in(with_postgis, tmp_path, "template1")
    with with_postgis.connect(str(target.parameters["dbname"])) as session:
        session.execute("CREATE SCHEMA geo; CREATE EXTENSION postgis SCHEMA geo")
        session.execute("GRANT USAGE ON SCHEMA geo TO PUBLIC")
    PostgisStore(target).close()


def test_a_wrong_password_and_a_server_that_is_absent_are_refused_without_the_password(
    with_postgis: PostgresServer, bench: PostgisBench, tmp_path: Path
) -> None:
    bench.store.close()
    wrong = with_postgis.write_passfile(tmp_path / "wrong", {bench.name: "no-such-word"})
    target = Target.of(with_postgis.url(bench.name, bench.name, passfile=str(wrong)))
    with pytest.raises(HubError, match=r"cannot be reached: .*password authentication") as caught:
        PostgisStore(target)
    assert "no-such-word" not in str(caught.value)
    absent = replace(with_postgis, port=1)
    with pytest.raises(HubError, match=r"127\.0\.0\.1:1/x: cannot be reached"):
        PostgisStore(Target.of(absent.url("x", "x")))


def test_a_role_that_may_not_create_schemas_is_refused_by_name_of_the_right(
    with_postgis: PostgresServer, bench: PostgisBench, tmp_path: Path
) -> None:
    bench.store.close()
    bench.query(f"ALTER DATABASE {bench.name} OWNER TO {SUPERUSER}; DROP SCHEMA ipu CASCADE")
    with (
        pytest.raises(
            HubError, match="InsufficientPrivilege 42501: permission denied for database"
        ),
        PostgisStore(bench.target) as store,
    ):
        store.prepare(bench.source, bench.tables, NOW_MS)


def test_the_session_of_a_sink_has_a_name_that_operators_find(bench: PostgisBench) -> None:
    found = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ipu hub sink'"
    assert bench.query(found) == [(1,)]


def test_a_host_that_is_not_this_machine_must_prove_its_name(
    with_postgis: PostgresServer, bench: PostgisBench, tmp_path: Path
) -> None:
    bench.store.close()
    authority, root = trustme.CA(), tmp_path / "root.crt"
    authority.cert_pem.write_to_path(root)
    with_postgis.use_certificate(authority.issue_cert("db.example"))
    passfile = bench.target.parameters["passfile"]
    where = f"{with_postgis.port}/{bench.name}?hostaddr=127.0.0.1&passfile={passfile}"
    url = f"postgresql://{bench.name}@db.example:{where}"
    with PostgisStore(Target.of(f"{url}&sslrootcert={root}")) as store:
        assert store._session.ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [
            (True,)
        ]
    other = url.replace("db.example", "other.example")
    with pytest.raises(HubError, match=r'"db\.example" does not match host name "other\.example"'):
        PostgisStore(Target.of(f"{other}&sslrootcert={root}"))
    with pytest.raises(HubError, match=r"root certificate file .* does not exist"):
        PostgisStore(Target.of(f"{url}&sslrootcert=/no/such/root.crt"))
