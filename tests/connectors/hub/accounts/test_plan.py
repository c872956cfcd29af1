"""The plan of accounts: what the protocol gives and no more, and each thing that differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connectors.hub.accounts.people import Person
from connectors.hub.accounts.plan import Plan
from connectors.hub.accounts.state import PUBLIC, Member, Right, Role, Setting, State
from connectors.hub.accounts.wanted import Agreed, Place, is_ours, table_rights, wanted_state
from connectors.hub.copies import readable
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue

TODAY = date(2026, 11, 30)
ANALYST = Person(login="desk-1", party="council", post="Analyst", until=TODAY)
FORMER = Person(login="desk-2", party="council", post="Analyst", until=date(2026, 11, 29))
LOGIN = "banes.council.desk-1"


@pytest.fixture
def tables(protocol: Protocol, catalogue: Catalogue) -> tuple[HubTable, ...]:
    return tables_of(topics(protocol, catalogue))


@pytest.fixture
def agreed(protocol: Protocol, tables: tuple[HubTable, ...]) -> Agreed:
    return Agreed.of(protocol, frozenset(), tables, (ANALYST, FORMER), TODAY)


@pytest.fixture
def place(tables: tuple[HubTable, ...]) -> Place:
    names = frozenset((table.schema, table.name) for table in tables)
    return Place("hub", "owner", "public", names, frozenset({("pg_catalog", "lo_create", "oid")}))


@pytest.fixture
def wanted(agreed: Agreed, place: Place) -> State:
    return wanted_state(agreed, place)


def test_a_party_reads_what_it_may_read_on_the_broker(
    protocol: Protocol, tables: tuple[HubTable, ...], wanted: State
) -> None:
    for party in protocol.parties:
        own = readable(protocol, frozenset(), party.id, tables)
        group = f"banes.{party.id}"
        found = {r.name for r in wanted.rights if (r.role, r.kind) == (group, "table")}
        assert found == {(table.schema, table.name) for table in own}
        used = {r.name for r in wanted.rights if (r.role, r.kind) == (group, "schema")}
        assert used == {("public",), *((table.schema,) for table in own)}


def test_no_right_is_wanted_but_to_read_and_none_for_everybody(wanted: State) -> None:
    groups = [right for right in wanted.rights if right.role != "owner"]
    assert {(r.kind, r.privilege) for r in groups} == {
        ("database", "CONNECT"), ("schema", "USAGE"), ("table", "SELECT"),
    }  # fmt: skip
    assert PUBLIC not in {right.role for right in wanted.rights}


def test_a_table_that_is_not_there_has_no_rights(agreed: Agreed) -> None:
    assert list(table_rights(agreed, ())) == []


def test_a_closed_dataset_is_read_by_nobody(
    protocol: Protocol, tables: tuple[HubTable, ...], place: Place
) -> None:
    agreed = Agreed.of(protocol, frozenset({"police-incident"}), tables, (), TODAY)
    named = {right.name for right in table_rights(agreed, place.tables)}
    assert not any(name[-1] == "police_incident" for name in named)


def test_a_login_has_the_rights_of_its_party_alone_until_its_day_is_over(wanted: State) -> None:
    assert wanted.members == {Member(LOGIN, "banes.council")}
    (login,) = (role for role in wanted.roles if role.login)
    assert login.name == LOGIN
    assert login.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert login.powers == frozenset()


def test_each_session_is_recorded_without_statements_and_values(wanted: State) -> None:
    (login,) = (role for role in wanted.roles if role.login)
    settings = dict(login.settings)
    assert settings["pgaudit.log"] == "read"
    assert settings["pgaudit.log_statement"] == settings["pgaudit.log_parameter"] == "off"
    assert settings["log_min_error_statement"] == "panic"
    assert settings["log_error_verbosity"] == "terse"


def test_what_is_as_agreed_needs_no_change(wanted: State) -> None:
    plan = Plan.between(wanted, wanted)
    assert plan.nothing
    assert {kind: change.counts["left"] for kind, change in plan.changes.items()} == {
        "roles": len(wanted.roles),
        "members": 1,
        "rights": len(wanted.rights),
        "settings": len(wanted.settings),
    }


def test_all_is_made_in_an_empty_database(wanted: State) -> None:
    empty = State(frozenset(), frozenset(), frozenset(), frozenset())
    plan = Plan.between(empty, wanted)
    assert set(plan.made) == wanted.roles
    assert set(plan.granted) == wanted.rights
    assert (plan.gone, plan.revoked, plan.altered) == ((), (), ())


def test_what_was_given_by_hand_is_taken_away(wanted: State) -> None:
    by_hand = {
        Right("banes.fire", "DELETE", "table", ("central", "police_incident")),
        Right(PUBLIC, "SELECT", "table", ("second", "police_incident")),
    }
    member = Member(LOGIN, "banes.police")
    present = replace(wanted, rights=wanted.rights | by_hand, members=wanted.members | {member})
    plan = Plan.between(present, wanted)
    assert set(plan.revoked) == by_hand
    assert plan.parted == (member,)
    assert "banes.fire: delete on table central.police_incident" in plan.changes["rights"].removed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"powers": frozenset({"SUPERUSER"})}, "SUPERUSER"),
        ({"limit": -1}, "connection limit"),
        ({"until": None}, "valid until"),
        ({"login": False}, "login"),
        ({"has_password": False}, "password"),
        ({"local": frozenset({("pgaudit.log", "none")})}, "pgaudit.log in database"),
        ({"settings": frozenset()}, "pgaudit.log"),
    ],
)
def test_a_login_that_was_changed_by_hand_is_set_again(
    wanted: State, change: dict[str, object], said: str
) -> None:
    (login,) = (role for role in wanted.roles if role.login)
    fields: dict[str, object] = {name: getattr(login, name) for name in Role.__slots__}
    changed = Role(**(fields | change))  # type: ignore[arg-type]
    plan = Plan.between(replace(wanted, roles=wanted.roles - {login} | {changed}), wanted)
    assert [each.role for each in plan.altered] == [login]
    assert said in plan.altered[0].differing


def test_a_person_who_left_the_file_is_removed(
    protocol: Protocol, tables: tuple[HubTable, ...], place: Place, wanted: State
) -> None:
    later = Agreed.of(protocol, frozenset(), tables, (FORMER,), TODAY)
    plan = Plan.between(wanted, wanted_state(later, place))
    assert [role.name for role in plan.gone] == [LOGIN]
    assert plan.parted == (Member(LOGIN, "banes.council"),)


def test_the_database_records_whoever_else_logs_in_and_not_its_owner(wanted: State) -> None:
    assert Setting(None, "pgaudit.log", "read") in wanted.settings
    assert Setting("owner", "pgaudit.log", "none") in wanted.settings


def test_what_is_foreign_is_shown_and_left(wanted: State) -> None:
    plan = Plan.between(replace(wanted, foreign=("public: connect on database postgres",)), wanted)
    assert plan.nothing
    assert plan.document["foreign"] == ["public: connect on database postgres"]


def test_the_sinks_own_role_is_no_role_of_a_party() -> None:
    assert not is_ours("banes.hub", "banes")
    assert is_ours("banes.council", "banes")
    assert not is_ours("other.council", "banes")
