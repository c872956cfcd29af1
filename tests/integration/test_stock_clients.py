"""Programs of others read releases: kcat, Avro in Java, Kafka Connect, as docs/stock-clients.md has them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.topics import topics
from ops.embedded.stack import Stack
from schemas.wire import decoder, schema_id
from tests.integration.conftest import MakeSite
from tests.integration.postgres import PostgresServer
from tests.integration.site import Site, free_port
from tests.integration.spate import BUSINESS, COUNCIL, Watched, postcodes, row
from tests.integration.stock import downloads, programs
from tests.integration.stock.documented import PAGE, blocks, lay_out, replaced
from tests.integration.stock.programs import ConnectWorker, Output
from tests.integration.waiting import PATIENCE_S, until
from transport.registry_door import API

pytestmark = pytest.mark.broker

NAME = "bath"
READABLE = f"{NAME}.depersonalised.central.police-incident"
REFUSED = f"{NAME}.depersonalised.second.police-incident"
ERASED = "S-0"
DATABASE = "analysis"
FILE_SINK, JDBC_SINK = "file-sink.properties", "jdbc-sink.properties"
TO_FILE, TO_DATABASE = "released-to-file", "released-to-database"


@dataclass
class Partner:
    """The council's machine: a folder with the files of the page, and with its password."""

    site: Site
    folder: Path
    connect_port: int
    database_port: int = 0

    @property
    def places(self) -> dict[str, str]:
        """The places of the page, and those of the test for them."""
        stack = self.site.partnership.stack
        return {
            "127.0.0.1:9092": stack.bootstrap,
            "http://127.0.0.1:8080": stack.registry_url.removesuffix(API),
            "127.0.0.1:8083": f"127.0.0.1:{self.connect_port}",
            "127.0.0.1:5432": f"127.0.0.1:{self.database_port}",
            "/etc/connect": str(self.folder),
            "/opt/connect": str(self.folder),
            "/var/lib/connect": str(self.folder),
            "sasl.password=change-me": f"sasl.password={self.password}",
        }

    @property
    def password(self) -> str:
        partnership = self.site.partnership
        return partnership.secrets.password(partnership.names.principal(COUNCIL))

    def write(self, *names: str, **other: str) -> None:
        """Write files of the page, with `other` things as well in place of what it says."""
        lay_out(self.folder, self.places | other, *names)

    def write_secret(self, database: str = "none") -> None:
        file = self.folder / "council.secret"
        file.touch(mode=0o600)
        file.write_text(f"password={self.password}\ndatabase={database}\n")

    def released(self) -> dict[str, bytes]:
        """The newest version of each record that is not taken back."""
        newest = {m.key() or b"": m.value() for m in self.site.read_all(COUNCIL, READABLE)}
        return {key.decode(): value for key, value in newest.items() if value is not None}

    def records(self) -> list[dict[str, Any]]:
        """The records of `released`, decoded under the topic's schema."""
        partnership = self.site.partnership
        of_topics = topics(partnership.protocol, partnership.catalogue)
        decode = decoder(next(topic.schema for topic in of_topics if topic.name == READABLE))
        return [decode(value) for value in self.released().values()]

    def tombstones(self) -> set[str]:
        """The keys of what was taken back."""
        read = self.site.read_all(COUNCIL, READABLE)
        return {(m.key() or b"").decode() for m in read if m.value() is None}


@pytest.fixture(scope="module")
def partner(
    stack: Stack, site_of: MakeSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Partner]:
    site = site_of(stack, NAME)
    made = Partner(site, tmp_path_factory.mktemp("council"), free_port())
    with site.worker() as worker:
        worker.wait_ready()
        supply(made, "S", 5)
        Watched(site).erase(ERASED)
        until(lambda: bool(made.tombstones()), PATIENCE_S, "the tombstone")
        assert site.read_all(BUSINESS, REFUSED), "a topic that has nothing to refuse"
        made.write_secret()
        downloads.plugins(made.folder / "plugins")
        yield made


def supply(partner: Partner, name: str, number: int) -> None:
    """Have the police supply incidents, and wait until they are released."""
    before = len(partner.released())
    places = postcodes(number)
    rows = [row(f"{name}-{n}", n + 1, place) for n, place in enumerate(places)]
    Watched(partner.site).supply(name, rows)
    until(lambda: len(partner.released()) == before + number, PATIENCE_S, "the releases")


# kcat


def kcat(partner: Partner, script: str, **other: str) -> Output:
    environment = programs.with_kcat(partner.folder)
    if script == "kcat-avro.sh" and not programs.has_avro(environment):
        pytest.skip("this kcat was built without Avro; Debian's is")
    partner.write("kcat.conf", script, **other)
    return programs.run_script(partner.folder, script, environment)


def test_kcat_reads_the_keys_the_schemas_and_the_tombstones(partner: Partner) -> None:
    answer = kcat(partner, "kcat.sh")
    assert answer.code == 0, answer.said
    newest = {key: rest for key, *rest in map(str.split, answer.lines)}
    found = {key: schema for key, (_, *schema) in newest.items() if schema}
    assert found == {key: [f"0{schema_id(value)}"] for key, value in partner.released().items()}
    assert {key for key, rest in newest.items() if rest == ["-1"]} == partner.tombstones()


def test_kcat_with_avro_decodes_by_the_registry(partner: Partner) -> None:
    answer = kcat(partner, "kcat-avro.sh")
    assert answer.code == 0, answer.said
    decoded = [json.loads(line) for line in answer.lines if line]
    assert {each["record_id"] for each in decoded} >= set(partner.released())


def test_kcat_gets_nothing_of_a_topic_that_the_party_may_not_read(partner: Partner) -> None:
    answer = kcat(partner, "kcat.sh", **{READABLE: REFUSED})
    assert answer.code != 0
    assert answer.text == ""
    assert "Topic authorization failed" in answer.said


# Avro in Java


def java(partner: Partner, **other: str) -> Output:
    environment = programs.with_java(partner.folder)
    partner.write("client.properties", "wanted.avsc", "java.sh", **other)
    return programs.run_script(partner.folder, "java.sh", environment)


def test_avro_in_java_reads_each_record_as_the_fields_that_the_partner_wants(
    partner: Partner,
) -> None:
    answer = java(partner)
    assert answer.code == 0, answer.said
    newest = {each["record_id"]: each["released"] for each in map(json.loads, answer.lines)}
    assert {key for key, record in newest.items() if record} == set(partner.released())
    assert {key for key, record in newest.items() if record is None} == partner.tombstones()
    record = next(filter(None, newest.values()))
    assert record["our_beat"] == "unknown"
    assert record["incident_type"] == "asb-nuisance"
    again = java(partner)
    assert (again.code, again.text) == (0, ""), "its group has committed what it has read"


def test_avro_in_java_gets_nothing_of_a_topic_that_the_party_may_not_read(partner: Partner) -> None:
    answer = java(partner, **{READABLE: REFUSED})
    assert answer.code != 0
    assert answer.text == ""
    assert f"Not authorized to access topics: [{REFUSED}]" in answer.said


# Kafka Connect


def write_refused(partner: Partner) -> None:
    """Write a second sink to a file, of a topic that the party may not read."""
    text = replaced(blocks()[FILE_SINK], partner.places | {READABLE: REFUSED})
    text = replaced(text, {TO_FILE: "refused", "group-1": "group-3", "released.txt": "refused.txt"})
    (partner.folder / "refused.properties").write_text(text)


def test_connect_writes_releases_to_a_file_and_nothing_of_a_topic_that_the_party_may_not_read(
    partner: Partner,
) -> None:
    partner.write("worker.properties", FILE_SINK)
    write_refused(partner)
    written = partner.folder / "released.txt"
    wanted = len(partner.site.read_all(COUNCIL, READABLE))

    def lines() -> list[str]:
        return written.read_text().splitlines() if written.exists() else []

    with programs.connect(
        partner.folder, partner.connect_port, FILE_SINK, "refused.properties"
    ) as worker:
        until(lambda: len(lines()) == wanted, PATIENCE_S, "the lines")
        reason = worker.wait_failed("refused")
        assert worker.task(TO_FILE)["state"] == "RUNNING"
    assert all(any(key in line for line in lines()) for key in partner.released())
    assert lines().count("null") == len(partner.tombstones())
    assert f"Not authorized to access topics: [{REFUSED}]" in reason
    refused = partner.folder / "refused.txt"
    assert not refused.exists() or refused.read_text() == ""
    assert partner.password not in worker.log.read_text()


@dataclass
class Analysis:
    """The council's database and the sink that fills it."""

    postgres: PostgresServer
    password: str
    worker: ConnectWorker

    def execute(self, statement: str, *values: object) -> None:
        with self.postgres.connect(DATABASE, DATABASE, self.password) as session:
            session.execute(statement.encode(), values or None)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.postgres.connect(DATABASE, DATABASE, self.password) as session:
            return session.execute(statement.encode()).fetchall()

    def ids(self) -> list[str]:
        return [key for (key,) in self.query("SELECT record_id FROM released.police_incident")]

    def has(self, wanted: Callable[[], dict[str, bytes]]) -> bool:
        return sorted(self.ids()) == sorted(wanted())


@pytest.fixture(scope="module")
def analysis(partner: Partner, postgres: PostgresServer) -> Iterator[Analysis]:
    partner.database_port = postgres.port
    password = postgres.create_database(DATABASE)
    partner.write_secret(password)
    partner.write("worker.properties", JDBC_SINK)
    made = Analysis(postgres, password, ConnectWorker(partner.folder, partner.connect_port, ()))
    made.execute(blocks()["table.sql"])
    with programs.connect(partner.folder, partner.connect_port, JDBC_SINK) as worker:
        made.worker = worker
        until(lambda: made.has(partner.released), PATIENCE_S, "the rows")
        yield made


def test_connect_keeps_a_table_with_each_record_and_its_values(
    partner: Partner, analysis: Analysis
) -> None:
    columns = ("record_id", "incident_type", "incident_date", "location_easting", "caveats")
    found = analysis.query(f"SELECT {', '.join(columns)} FROM released.police_incident")
    wanted = [tuple(record[name] for name in columns) for record in partner.records()]
    assert sorted(found) == sorted(wanted)
    times = analysis.query("SELECT released_at FROM released.police_incident")
    assert all(at.minute == at.second == 0 for (at,) in times)


def test_a_record_that_is_taken_back_leaves_the_table(partner: Partner, analysis: Analysis) -> None:
    Watched(partner.site).erase("S-1")
    until(lambda: len(partner.tombstones()) == 2, PATIENCE_S, "the tombstone")
    until(lambda: analysis.has(partner.released), PATIENCE_S, "the deletion of the row")


def test_a_worker_that_is_killed_leaves_each_record_once_in_the_table(
    partner: Partner, analysis: Analysis
) -> None:
    supply(partner, "K", 5)
    analysis.worker.stop(signal.SIGKILL)
    supply(partner, "L", 5)
    analysis.worker.start()
    until(lambda: analysis.has(partner.released), PATIENCE_S, "each record once")
    assert "Acacia" not in analysis.worker.log.read_text(), "content of a record"


def test_the_statement_for_the_retention_deletes_only_what_is_past_it(
    partner: Partner, analysis: Analysis
) -> None:
    analysis.execute(blocks()["retention.sql"])
    assert analysis.has(partner.released)
    old = min(analysis.ids())
    aged = "released_at = released_at - INTERVAL '1096 days'"
    analysis.execute(f"UPDATE released.police_incident SET {aged} WHERE record_id = %s", old)
    analysis.execute(blocks()["retention.sql"])
    assert old not in analysis.ids()


# The page


def test_the_page_names_each_program_in_the_version_that_is_tested() -> None:
    page = PAGE.read_text(encoding="utf-8")
    partners = set(downloads.COORDINATES) - {downloads.COMPILER}
    named = [each for part in partners for each in downloads.COORDINATES[part]]
    assert [each for each in named if f"`{each}`" not in page] == []
