"""The server's log of reads becomes audit entries: who, when and which table, and nothing of a statement."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.hub.accounts.wanted import Agreed
from connectors.hub.errors import HubError
from connectors.hub.reads.collector import known_tables
from connectors.hub.reads.server_log import Known, Place, entry_of, uses_of
from connectors.hub.tables import tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from isp.audit.broker_log import UNKNOWN
from schemas.catalogue import Catalogue
from schemas.london import london_today

AT = "2026-11-30 09:32:06.224 UTC"
AT_MS = 1_796_031_126_224
LOGIN = "banes.council.desk-1"
RELEASED = "banes.depersonalised.central.police-incident"


def line(message: str, number: int = 1, **more: Any) -> str:
    entry = {
        "timestamp": AT, "user": LOGIN, "dbname": "hub", "session_id": "6b0d4296.784",
        "line_num": number, "ps": "SELECT", "error_severity": "LOG", "message": message,
    }  # fmt: skip
    return json.dumps(entry | more)


def read(name: str, statement: int = 1, kind: str = "READ", **more: Any) -> str:
    found = f"AUDIT: SESSION,{statement},1,{kind},SELECT,TABLE,{name},<not logged>,<not logged>"
    return line(found, statement, **more)


def denied(message: str, **more: Any) -> str:
    return line(message, error_severity="ERROR", state_code="42501", **more)


@pytest.fixture(scope="module")
def known(protocol: Protocol, catalogue: Catalogue) -> dict[Place, Known]:
    tables = tables_of(topics(protocol, catalogue))
    agreed = Agreed.of(protocol, frozenset(), tables, (), london_today())
    return known_tables(protocol, agreed, tables)


def shares(known: dict[Place, Known], *lines: str) -> list[tuple[str, str, int]]:
    uses, unreadable = uses_of(lines, "hub")
    assert unreadable == 0
    entry = entry_of(uses, "banes.recorder", known)
    return [] if entry is None else [(s["what"], s["topic"], s["records"]) for s in entry["shares"]]


def test_a_read_names_login_topic_and_each_supplier(known: dict[Place, Known]) -> None:
    uses, _ = uses_of([read("central.police_incident")], "hub")
    entry = entry_of(uses, "banes.recorder", known)
    assert entry is not None
    assert (entry["action"], entry["actor"], entry["at"]) == ("read", "banes.recorder", AT_MS)
    (share,) = entry["shares"]
    assert share == {
        "what": "read", "topic": RELEASED, "recipients": [LOGIN], "records": 1, "references": b"",
        "agency": "police", "dataset": "police-incident", "profile": "central", "neighbour": None,
    }  # fmt: skip


def test_statements_are_counted_once_for_each_table(known: dict[Place, Known]) -> None:
    lines = [
        read("central.police_incident", 1),
        read("central.police_incident", 1),
        read("central.fire_incident", 1),
        read("central.police_incident", 2),
    ]
    found = {topic: number for _, topic, number in shares(known, *lines)}
    assert found[RELEASED] == 2
    assert found["banes.depersonalised.central.fire-incident"] == 1


def test_what_reads_no_record_is_left_out(known: dict[Place, Known]) -> None:
    lines = [
        read(""),
        read("pg_catalog.pg_class"),
        read("public.spatial_ref_sys"),
        read("central.police_incident", kind="WRITE"),
        read("central.police_incident", dbname="another"),
        line("ending log output to stderr"),
        line("division by zero", error_severity="ERROR", state_code="22012"),
    ]
    assert shares(known, *lines) == []


def test_a_read_of_a_table_that_the_protocol_does_not_have_is_not_lost(
    known: dict[Place, Known],
) -> None:
    assert shares(known, read("central.former"), read('"by hand"."x.y"', 2)) == [
        ("read", UNKNOWN, 2)
    ]


def test_a_refused_read_is_of_the_table_that_the_login_may_not_read(
    known: dict[Place, Known],
) -> None:
    place = ("central", "fire_incident")
    hidden = known | {place: known[place]._replace(readers=frozenset())}
    message = "permission denied for table fire_incident"
    topic = known[place].topic.name
    assert shares(hidden, denied(message)) == [("denied read", topic, 1)]


def test_a_refusal_that_names_no_table_of_the_protocol_is_counted_with_others(
    known: dict[Place, Known],
) -> None:
    lines = [
        denied("permission denied for schema second"),
        denied("permission denied for table by_hand", line_num=2),
    ]
    assert shares(known, *lines) == [("denied read", UNKNOWN, 2)]


@pytest.mark.parametrize(
    ("command", "operation"), [("DELETE", "write"), ("TRUNCATE TABLE", "write"), ("SET", "use")]
)
def test_a_refusal_says_what_was_asked_for(
    known: dict[Place, Known], command: str, operation: str
) -> None:
    message = "permission denied for table police_incident"
    (found,) = shares(known, denied(message, ps=command))
    assert found[0] == f"denied {operation}"


def test_an_entry_has_nothing_of_a_statement_or_a_message(known: dict[Place, Known]) -> None:
    lines = [
        read("central.police_incident", statement_text="Acacia"),
        denied('permission denied for table "Acacia"', statement="SELECT 'Acacia'"),
    ]
    uses, _ = uses_of(lines, "hub")
    assert "Acacia" not in str(entry_of(uses, "banes.recorder", known))


def test_a_line_that_cannot_be_read_is_counted(known: dict[Place, Known]) -> None:
    lines = ["{torn", "[]", read("no_schema"), json.dumps({"dbname": "hub"})]
    uses, unreadable = uses_of(lines, "hub")
    assert (uses, unreadable) == ([], 4)


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("GMT", 0), ("BST", 1)])
def test_a_time_of_london_is_accepted(zone: str, hours: int) -> None:
    time = AT.replace("UTC", zone)
    ((use,), _) = uses_of([read("central.police_incident", timestamp=time)], "hub")
    assert use.at == AT_MS - hours * 3_600_000


def test_another_time_zone_is_refused() -> None:
    with pytest.raises(HubError, match="log_timezone 'CET'; accepted: UTC, GMT, BST"):
        uses_of([read("central.police_incident", timestamp=AT.replace("UTC", "CET"))], "hub")
