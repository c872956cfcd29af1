"""Reads of the hub in PostgreSQL are in the audit, once, and its suppliers see them; on the real broker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.accounts.wanted import agreed_today
from isp.agreement.openings import closed_datasets
from ops.embedded.stack import Stack
from schemas.london import london_today
from tests.integration.conftest import MakeSite
from tests.integration.hub_database import LOGGED, HubDatabase, refusal
from tests.integration.postgres import SUPERUSER, PostgresServer, running_postgres
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

RELEASED = "hubreads.depersonalised.central.police-incident"
LOGIN = "hubreads.council.desk-1"
PEOPLE = """\
people:
  - {login: desk-1, party: council, post: Community safety analyst}
  - {login: desk-1, party: business, post: Manager}
"""


@dataclass
class Reads:
    """A site, and its hub in PostgreSQL with two logins."""

    site: Site
    hub: HubDatabase
    people: Path
    url: str

    def accounts(self, *arguments: str) -> Answer:
        """Run a command of the accounts as the administrator of the database."""
        where = ("--to", self.url, "--people", str(self.people), "--exercise")
        return run(self.site, "hub", "accounts", *arguments, *where)

    def collect(self) -> Answer:
        """Write the server's log to the audit."""
        return run(self.site, "hub", "audit", "--log-dir", str(self.hub.log_folder))

    def wait_logged(self, text: str, number: int = 1) -> None:
        """Wait until the server's log has a text so often."""
        until(lambda: self.hub.log().count(text) >= number, PATIENCE_S, f"{text} in the log")

    def shares(self, *inquiry: str) -> list[dict[str, Any]]:
        """Return the shares of the audit that answer an inquiry, of what people have read."""
        answer = run(self.site, "audit", "show", "--json", *inquiry)
        assert answer.code == 0, answer.said
        entries = [e for e in answer.document["entries"] if e["chain"].endswith(".hub-log")]
        return [share for entry in entries for share in entry["shares"]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres(LOGGED) as server:
        yield server


@pytest.fixture(scope="module")
def reads(
    stack: Stack,
    site_of: MakeSite,
    server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Reads:
    site = site_of(stack, "hubreads", lambda document: document.update(hub={}))
    folder = tmp_path_factory.mktemp("people")
    people = folder / "hub-people.yaml"
    people.write_text(PEOPLE)
    people.chmod(0o600)
    protocol, catalogue = site.partnership.protocol, site.partnership.catalogue
    closed = closed_datasets(protocol, catalogue, london_today())
    _, tables = agreed_today(protocol, catalogue)
    password = server.create_database("hub")
    hub = HubDatabase(server, "hub", protocol, closed, tables, site.partnership.secrets, password)
    hub.fill()
    return Reads(site, hub, people, hub.url(SUPERUSER, server.password))


def test_the_accounts_are_planned_applied_and_shown(reads: Reads) -> None:
    planned = reads.accounts("plan")
    assert planned.code == 3, planned.said
    assert f"create   roles    {LOGIN}" in planned.said
    assert reads.accounts("plan", "--json").document["roles"]["created"]
    applied = reads.accounts("apply")
    assert applied.code == 0, applied.said
    again = reads.accounts("apply", "--json")
    assert all(again.document[kind]["created"] == [] for kind in ("roles", "members", "rights"))
    shown = reads.accounts("show", "--json").document["logins"]
    assert [(row["login"], row["open"]) for row in shown] == [
        (LOGIN, True),
        ("hubreads.business.desk-1", True),
    ]
    who = reads.accounts("who", "central.police_incident", "--json").document
    assert [(a["login"], a["operation"], a["in_protocol"]) for a in who["accesses"]] == [
        (LOGIN, "read", True)
    ]
    (entry,) = [
        e
        for e in run(reads.site, "audit", "show", "--json").document["entries"]
        if e["action"] == "hub-accounts"
    ]
    assert entry["counts"]["roles created"] == 6


def test_a_question_about_nobody_is_answered_with_whom_there_is(reads: Reads) -> None:
    answer = reads.accounts("who", "nobody")
    assert answer.code == 2
    assert "is no table of the hub, party or login; accepted: police" in answer.said.replace(
        "\n", " "
    )


def test_suppliers_see_who_read_their_records_and_who_was_refused(reads: Reads) -> None:
    with reads.hub.login("council", "desk-1") as session:
        session.execute("SELECT count(*) FROM central.police_incident")
        session.execute("SELECT 1 FROM central.police_incident WHERE source_agency = 'Wanted Lane'")
        assert refusal(session, "SELECT * FROM second.police_incident")
        assert refusal(session, "DELETE FROM central.police_incident")
        session.execute("SET default_transaction_read_only = off")
        assert refusal(session, "DELETE FROM central.police_incident")
    reads.wait_logged("permission denied for table police_incident")
    assert reads.collect().code == 0
    (read,) = [s for s in reads.shares("--agency", "police") if s["what"] == "read"]
    assert read["recipients"] == [LOGIN]
    assert (read["topic"], read["records"]) == (RELEASED, 2)
    assert [(s["what"], s["topic"]) for s in reads.shares("--recipient", LOGIN)] == [
        ("denied read", "unknown topic"),
        ("denied write", "unknown topic"),
        ("denied write", RELEASED),
        ("read", RELEASED),
    ]
    assert "Wanted" not in str(reads.shares())


def test_an_inquiry_about_a_party_finds_the_reads_of_its_people(reads: Reads) -> None:
    assert {s["what"] for s in reads.shares("--recipient", "council")} >= {"read"}
    assert reads.shares("--recipient", "fire") == []


def test_each_read_is_in_the_audit_once_across_the_files_of_the_log(reads: Reads) -> None:
    before = sum(s["records"] for s in reads.shares("--recipient", LOGIN))
    with reads.hub.login("council", "desk-1") as session:
        for _ in range(2):
            session.execute("SELECT count(*) FROM central.fire_incident")
    reads.wait_logged("central.fire_incident", 2)
    assert reads.collect().code == 0
    with reads.hub.server.connect() as administrator:
        files = len(list(reads.hub.log_folder.iterdir()))
        until(
            lambda: (
                bool(administrator.execute("SELECT pg_rotate_logfile()"))
                and len(list(reads.hub.log_folder.iterdir())) > files
            ),
            PATIENCE_S,
            "another file of the log",
        )
    with reads.hub.login("council", "desk-1") as session:
        session.execute("SELECT count(*) FROM central.fire_incident")
    reads.wait_logged("central.fire_incident", 3)
    for _ in range(2):
        assert reads.collect().code == 0
    assert sum(s["records"] for s in reads.shares("--recipient", LOGIN)) == before + 3


def test_a_part_of_the_log_that_is_gone_is_a_gap_in_the_audit(reads: Reads) -> None:
    for file in reads.hub.log_folder.glob("*.json"):
        file.rename(file.with_suffix(".gone"))
    lost = reads.hub.log_folder / "ipu-9999.json"
    lost.write_text('{"dbname": "another"}\n')
    try:
        answer = reads.collect()
    finally:
        lost.unlink()
        for file in reads.hub.log_folder.glob("*.gone"):
            file.rename(file.with_suffix(".json"))
    assert answer.code == 3
    assert "a part of the log was lost" in answer.said
    entries = run(reads.site, "audit", "show", "--json").document["entries"]
    assert [e["outcome"] for e in entries if e["chain"].endswith(".hub-log")][-1] == "gap"
    assert run(reads.site, "audit", "verify", "--json").document["whole"]
