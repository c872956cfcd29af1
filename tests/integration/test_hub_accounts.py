"""Logins of the hub in a real PostgreSQL: each may read what the protocol gives its party, and do no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from connectors.hub.accounts.accounts import Accounts
from connectors.hub.accounts.effective import accesses, every_right, logins
from connectors.hub.accounts.people import Person
from connectors.hub.accounts.plan import Plan
from connectors.hub.accounts.present import read_place
from connectors.hub.accounts.settings import CONNECTIONS
from connectors.hub.copies import readable
from connectors.hub.errors import HubError
from connectors.hub.tables import AnyTable, SourceTable, source_tables, tables_of
from isp.agreement.hub import Hub
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import stored
from isp.keys.secrets_store import SecretStore
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from tests.integration.hub_database import (
    LOGGED,
    SECRET,
    TODAY,
    HubDatabase,
    key_of,
    named,
    refusal,
    supplied,
)
from tests.integration.postgres import PostgresServer, running_postgres
from tests.integration.waiting import PATIENCE_S, until

REFUSED = "42501"
EXAMPLE = SCHEMA_FOLDER / "protocols" / "banes.yaml"
WRITING = {
    "INSERT": "INSERT INTO {} ({}) VALUES ('2')",
    "UPDATE": "UPDATE {} SET {} = ''",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
    "ALTER": "ALTER TABLE {} ADD COLUMN more text",
    "DROP": "DROP TABLE {}",
    "INDEX": "CREATE INDEX ON {} ({})",
    "LOCK": "LOCK TABLE {} IN EXCLUSIVE MODE",
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres(LOGGED) as server:
        yield server


@pytest.fixture(scope="module")
def hub(
    server: PostgresServer, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> HubDatabase:
    """The tables of the example protocol, with a login of each party."""
    before = load_protocol(EXAMPLE, catalogue)
    protocol = before.model_copy(update={"hub": Hub(personal=True)})
    closed = closed_datasets(protocol, catalogue, TODAY)
    topics = stored(protocol, catalogue, closed)
    tables: tuple[AnyTable, ...] = (
        *tables_of(topics),
        *source_tables(topics, protocol.prefix),
    )
    secrets = SecretStore(tmp_path_factory.mktemp("run") / "secrets")
    password = server.create_database("hub")
    people = tuple(Person(login="analyst", party=p.id, post="Analyst") for p in protocol.parties)
    made = HubDatabase(server, "hub", protocol, closed, tables, secrets, password, people)
    made.fill()
    made.apply()
    return made


@pytest.fixture
def restored(hub: HubDatabase) -> Iterator[HubDatabase]:
    """The hub, as it is to be before and after the test."""
    yield hub
    hub.apply()


def test_each_login_may_read_what_the_protocol_gives_its_party_and_do_nothing_else(
    hub: HubDatabase,
) -> None:
    found, wanted = set(), set()
    for party in hub.protocol.parties:
        own = readable(hub.protocol, hub.closed, party.id, hub.tables)
        wanted |= {(party.id, table.schema, table.name) for table in own}
        with hub.login(party.id) as session:
            session.execute("SET default_transaction_read_only = off")
            for table in hub.tables:
                if not refusal(session, sql.SQL("SELECT * FROM {}").format(named(table))):
                    found.add((party.id, table.schema, table.name))
                codes = {
                    name: refusal(session, sql.SQL(text).format(named(table), key_of(table)))
                    for name, text in WRITING.items()
                }
                assert codes == dict.fromkeys(WRITING, REFUSED), (party.id, table.name)
    assert found == wanted
    assert len(found) < len(hub.protocol.parties) * len(hub.tables)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.x (a int)",
        "CREATE TABLE central.x (a int)",
        "CREATE TEMP TABLE x (a int)",
        "CREATE SCHEMA x",
        "CREATE EXTENSION dblink",
        "CREATE ROLE x",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT lo_from_bytea(0, 'abc')",
        "SELECT lo_create(0)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_logical_emit_message(false, 'x', 'y')",
        "DO $$ BEGIN RAISE LOG 'AUDIT: '; END $$",
        "SELECT * FROM pg_stats",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_largeobject",
        "SELECT ST_EstimatedExtent('second', 'police_incident', 'location_point')",
        "SELECT _postgis_stats((SELECT oid::regclass FROM pg_class LIMIT 1), 'location_point')",
        "SELECT _postgis_index_extent((SELECT oid::regclass FROM pg_class LIMIT 1), 'location_point')",
        'SET ROLE "banes.police"',
        "SET SESSION AUTHORIZATION postgres",
        "SET pgaudit.log = 'none'",
        "SET log_min_error_statement = 'error'",
        "SET temp_file_limit = -1",
        "ALTER ROLE \"banes.fire.analyst\" SET pgaudit.log = 'none'",
        'GRANT "banes.fire" TO "banes.police.analyst"',
        "EXPLAIN SELECT * FROM central.fire_incident",
    ],
)
def test_no_login_gets_past_its_rights(hub: HubDatabase, statement: str) -> None:
    with hub.login("fire") as session:
        session.execute("SET default_transaction_read_only = off")
        assert refusal(session, statement) == REFUSED


def test_a_login_uses_postgis_on_what_it_may_read(hub: HubDatabase) -> None:
    query = (
        "SELECT ST_X(ST_Transform(location_point, 4326)) < 0, ST_AsText(location_point) "
        "FROM central.police_incident "
        "WHERE ST_DWithin(location_point, ST_Point(375000, 165000, 27700), 10)"
    )
    with hub.login("fire") as session:
        assert session.execute(query).fetchall() == [(True, "POINT(375000 165000)")]
        known = "SELECT count(*) > 0 FROM geometry_columns WHERE srid = 27700"
        assert session.execute(known).fetchone() == (True,)


def test_a_login_that_is_no_partys_cannot_open_the_database(hub: HubDatabase) -> None:
    with hub.server.connect() as session:
        session.execute("CREATE ROLE nobody LOGIN PASSWORD 'x'")
    with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
        hub.server.connect("hub", "nobody", "x")


def test_a_group_has_no_login(hub: HubDatabase) -> None:
    with hub.server.connect() as session:
        session.execute("ALTER ROLE \"banes.fire\" PASSWORD 'x'")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        hub.server.connect("hub", "banes.fire", "x")
    (altered,) = hub.apply().plan.altered
    assert altered.line == "banes.fire: password"


def test_only_so_many_sessions_of_a_login_are_open_at_once(hub: HubDatabase) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(hub.login("fire"))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            hub.login("fire")


def test_the_owner_stores_and_locks_as_before(hub: HubDatabase) -> None:
    table = named(hub.tables[0])
    with hub.owner() as session:
        session.execute("SELECT pg_advisory_lock(1)")
        session.execute("CREATE TEMP TABLE batch (record_id text)")
        session.execute(sql.SQL("INSERT INTO {} (record_id) VALUES ('2')").format(table))
        session.execute(sql.SQL("DELETE FROM {} WHERE record_id = '2'").format(table))


def test_a_second_application_changes_nothing(hub: HubDatabase) -> None:
    before = {role: hub.secrets.password(role) for role in roles_of(hub)}
    recorded: list[Plan] = []
    with hub.accounts() as accounts:
        assert accounts.plan().nothing
        applied = accounts.apply(recorded.append)
    assert applied.plan.nothing
    assert applied.ended == 0
    assert recorded == []
    assert before == {role: hub.secrets.password(role) for role in roles_of(hub)}


def test_each_password_is_private_and_the_database_has_only_its_verifier(hub: HubDatabase) -> None:
    with hub.server.connect("hub") as session:
        rows = session.execute(
            "SELECT rolname, rolpassword FROM pg_authid WHERE starts_with(rolname, 'banes.')"
        )
        kept = {name: password for name, password in rows if password is not None}
    assert kept.keys() == set(roles_of(hub))
    assert all(verifier.startswith("SCRAM-SHA-256$") for verifier in kept.values())
    for role in kept:
        file = hub.secrets.folder / role
        assert file.stat().st_mode & 0o077 == 0
        assert file.read_text() not in hub.log()


BY_HAND = {
    'GRANT SELECT ON second.police_incident TO "banes.fire"':
        "banes.fire: select on table second.police_incident",
    'GRANT DELETE ON central.police_incident TO "banes.fire.analyst"':
        "banes.fire.analyst: delete on table central.police_incident",
    'GRANT SELECT (source_agency) ON second.police_incident TO "banes.fire"':
        "banes.fire: select on column second.police_incident.source_agency",
    'GRANT SELECT ON central.police_incident TO "banes.fire" WITH GRANT OPTION':
        "banes.fire: select with grant option on table central.police_incident",
    "GRANT SELECT ON second.police_incident TO PUBLIC":
        "public: select on table second.police_incident",
    "GRANT TEMPORARY ON DATABASE hub TO PUBLIC": "public: temporary on database hub",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "public: create on schema public",
    'GRANT CREATE ON DATABASE hub TO "banes.fire"': "banes.fire: create on database hub",
    'GRANT EXECUTE ON FUNCTION pg_read_file(text) TO "banes.fire"':
        "banes.fire: execute on function pg_catalog.pg_read_file.text",
    "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC":
        "public: execute on function pg_catalog.lo_create.oid",
    "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC": "public: usage on language plpgsql",
    "GRANT SELECT ON pg_stats TO PUBLIC": "public: select on table pg_catalog.pg_stats",
    'GRANT SET ON PARAMETER pgaudit.log TO "banes.fire.analyst"':
        "banes.fire.analyst: set on parameter pgaudit.log",
    'ALTER DEFAULT PRIVILEGES FOR ROLE hub IN SCHEMA second GRANT SELECT ON TABLES TO "banes.fire"':
        "banes.fire: select on default hub.second.TABLES",
    'GRANT pg_read_all_data TO "banes.fire.analyst"':
        "banes.fire.analyst: member of pg_read_all_data",
    'GRANT "banes.police" TO "banes.fire.analyst"': "banes.fire.analyst: member of banes.police",
    'GRANT "banes.council" TO "banes.fire.analyst" WITH ADMIN OPTION':
        "banes.fire.analyst: member of banes.council, with admin option",
}  # fmt: skip
"""What somebody gave by hand, and how it is shown."""

CHANGED_BY_HAND = {
    'ALTER ROLE "banes.fire.analyst" SUPERUSER': "SUPERUSER",
    'ALTER ROLE "banes.fire.analyst" BYPASSRLS': "BYPASSRLS",
    'ALTER ROLE "banes.fire.analyst" NOINHERIT': "NOINHERIT",
    "ALTER ROLE \"banes.fire.analyst\" SET pgaudit.log_relation = 'off'": "pgaudit.log_relation",
    "ALTER ROLE \"banes.fire.analyst\" IN DATABASE hub SET pgaudit.log = 'none'":
        "pgaudit.log in database",
    'ALTER ROLE "banes.fire.analyst" PASSWORD NULL': "password",
    'ALTER ROLE "banes.fire.analyst" CONNECTION LIMIT 100': "connection limit",
    "ALTER ROLE \"banes.fire.analyst\" VALID UNTIL '2030-01-01'": "valid until",
}  # fmt: skip


def test_what_was_given_by_hand_is_shown_and_taken_away(restored: HubDatabase) -> None:
    with restored.server.connect("hub") as session:
        for statement in BY_HAND:
            session.execute(statement)
    changes = restored.plan().changes
    assert {*changes["rights"].removed, *changes["members"].removed} == set(BY_HAND.values())
    restored.apply()
    assert restored.plan().nothing


def test_a_login_that_was_changed_by_hand_is_set_again_and_its_sessions_end(
    restored: HubDatabase,
) -> None:
    with restored.server.connect("hub") as session, restored.login("fire") as open_session:
        for statement in CHANGED_BY_HAND:
            session.execute(statement)
        (altered,) = restored.plan().altered
        assert set(altered.differing) == set(CHANGED_BY_HAND.values())
        assert restored.apply().ended == 1
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")
    assert restored.plan().nothing
    restored.login("fire").close()


def test_what_others_have_is_shown_and_left(restored: HubDatabase) -> None:
    with restored.server.connect("hub") as session:
        session.execute("CREATE ROLE grafana LOGIN")
        session.execute("GRANT SELECT ON central.police_incident TO grafana")
        lines = restored.plan().foreign
        assert "grafana: select on table central.police_incident" in lines
        assert "public: connect on database postgres" in lines
        restored.apply()
        assert restored.plan().foreign == lines
        session.execute("DROP OWNED BY grafana")
        session.execute("DROP ROLE grafana")


def test_a_person_who_leaves_is_shut_out_at_once_and_has_another_password_on_return(
    restored: HubDatabase,
) -> None:
    role = "banes.fire.analyst"
    password = restored.secrets.password(role)
    others = tuple(person for person in restored.people if person.party != "fire")
    with restored.login("fire") as open_session:
        applied = restored.apply(people=others)
        assert [gone.name for gone in applied.plan.gone] == [role]
        assert applied.ended == 1
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")
    assert not restored.secrets.has(role)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        restored.server.connect("hub", role, password)
    restored.apply()
    assert restored.secrets.password(role) != password
    restored.login("fire").close()


def test_a_login_ends_with_its_last_day(restored: HubDatabase) -> None:
    until = TODAY - timedelta(days=1)
    people = tuple(
        person.model_copy(update={"until": until}) if person.party == "fire" else person
        for person in restored.people
    )
    # Applied while it was valid, and not since.
    restored.apply(people=people, today=until)
    with restored.server.connect("hub") as session:
        ends = "SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'banes.fire.analyst'"
        assert session.execute(ends).fetchone() == (datetime(2026, 11, 30, tzinfo=UTC),)
    assert [gone.name for gone in restored.plan(people=people).gone] == ["banes.fire.analyst"]


def test_who_left_and_owns_something_cannot_log_in_and_is_named(restored: HubDatabase) -> None:
    others = tuple(person for person in restored.people if person.party != "fire")
    with restored.server.connect("hub") as session:
        session.execute("CREATE TABLE public.kept (a int)")
        session.execute('ALTER TABLE public.kept OWNER TO "banes.fire.analyst"')
        assert "banes.fire.analyst: owner of table kept" in restored.plan().foreign
        with pytest.raises(HubError, match=r"banes\.fire\.analyst: has left and owns 1 objects"):
            restored.apply(people=others)
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            restored.login("fire")
        session.execute("DROP TABLE public.kept")


def test_an_application_that_cannot_be_recorded_grants_nothing(restored: HubDatabase) -> None:
    def record(_plan: Plan) -> None:
        raise HubError("the audit does not answer")

    newcomer = Person(login="newcomer", party="fire", post="Analyst")
    people = (*restored.people, newcomer)
    with restored.accounts(people=people) as accounts:
        with pytest.raises(HubError, match="does not answer"):
            accounts.apply(record)
        assert [role.name for role in accounts.plan().made] == ["banes.fire.newcomer"]


def test_a_dataset_that_is_closed_is_closed_to_all(restored: HubDatabase) -> None:
    closed = restored.closed | {"police-incident"}
    revoked = restored.apply(closed=closed).plan.revoked
    assert {right.name[-1] for right in revoked if right.kind == "table"} == {
        "police_incident",
        "police__police_incident",
    }
    with restored.login("fire") as session:
        assert refusal(session, "SELECT * FROM central.police_incident") == REFUSED


def test_a_table_that_the_sink_makes_again_is_closed_until_it_sets_the_rights(
    restored: HubDatabase,
) -> None:
    query = "SELECT count(*) FROM central.police_incident"
    with restored.login("fire") as reader, restored.owner() as owner:
        owner.execute("DROP TABLE central.police_incident")
        with restored.sink() as store:
            assert refusal(reader, query) == REFUSED
            store.open_to(restored.agreed)
            assert refusal(reader, query) == ""
    assert restored.plan().nothing


def test_a_table_of_a_source_that_comes_later_is_open_to_its_readers_at_once(
    restored: HubDatabase,
) -> None:
    table = next(table for table in restored.tables if isinstance(table, SourceTable))
    query = sql.SQL("SELECT * FROM {}").format(named(table))
    with restored.sink() as store, restored.login("fire") as reader:
        store.open_to(restored.agreed)
        sources = store.sources()
        sources.withdraw(table.source)
        assert refusal(reader, query) == "42P01"
        sources.replace(supplied(table))
        assert refusal(reader, query) == ""


def test_the_sink_takes_away_what_another_protocol_gave(restored: HubDatabase) -> None:
    closed = restored.closed | {"police-incident"}
    with restored.sink() as store, restored.login("fire") as reader:
        store.open_to(replace(restored, closed=closed).agreed)
        assert refusal(reader, "SELECT * FROM central.police_incident") == REFUSED


def test_the_sink_opens_nothing_before_there_are_roles(
    restored: HubDatabase, server: PostgresServer
) -> None:
    password = server.create_database("empty")
    partnership = restored.protocol.partnership.model_copy(update={"short_name": "empty"})
    protocol = restored.protocol.model_copy(update={"partnership": partnership})
    empty = replace(restored, name="empty", password=password, protocol=protocol)
    with empty.sink() as store:
        store.open_to(empty.agreed)
    with server.connect("empty") as session:
        assert list(accesses(session, empty.agreed, read_place(session))) == []


def test_another_partnership_of_the_server_is_not_touched(restored: HubDatabase) -> None:
    with restored.server.connect("hub") as session:
        session.execute('CREATE ROLE "banes2.fire" LOGIN')
        assert restored.plan().nothing
        session.execute('DROP ROLE "banes2.fire"')


def test_a_login_that_is_no_superusers_is_refused(hub: HubDatabase) -> None:
    with hub.owner() as session, pytest.raises(HubError, match="the login is no superuser"):
        Accounts(session, hub.agreed, hub.secrets)


def test_the_databases_own_answer_shows_what_is_not_in_the_protocol(restored: HubDatabase) -> None:
    with restored.server.connect("hub") as session:
        place = read_place(session)
        assert all(each.agreed for each in accesses(session, restored.agreed, place))
        session.execute('GRANT SELECT ON second.police_incident TO "banes.fire.analyst"')
        session.execute('GRANT USAGE ON SCHEMA second TO "banes.fire.analyst"')
        foreign = [e for e in accesses(session, restored.agreed, place) if not e.agreed]
        assert [(e.login, e.operation, e.table) for e in foreign] == [
            ("banes.fire.analyst", "read", ("second", "police_incident"))
        ]
        assert every_right(session, place) == ["hub", "postgres"]
        assert logins(session, "banes")["banes.fire.analyst"].is_open


def test_the_servers_log_has_who_and_which_table_and_no_statement_and_no_value(
    hub: HubDatabase,
) -> None:
    before = len(hub.log())
    with hub.login("fire") as session:
        session.execute("SELECT * FROM central.police_incident WHERE source_agency = 'Wanted Lane'")
        session.execute(
            "SELECT * FROM central.police_incident WHERE source_agency = %s", ("Wanted Lane",)
        )
        refusal(session, "SELECT 'Wanted Lane' FROM second.police_incident")
        refusal(
            session,
            "SELECT 1 / 0 FROM central.police_incident WHERE source_agency <> 'Wanted Lane'",
        )
        session.execute("SET log_parameter_max_length_on_error = -1")
    added = ""

    def is_logged() -> bool:
        nonlocal added
        added = hub.log()[before:]
        return added.count("READ,SELECT,TABLE,central.police_incident") >= 2

    until(is_logged, PATIENCE_S, "the lines of the log")
    assert "permission denied for schema second" in added
    assert "Wanted" not in added
    assert SECRET not in added


def roles_of(hub: HubDatabase) -> list[str]:
    return [person.role("banes") for person in hub.people]
