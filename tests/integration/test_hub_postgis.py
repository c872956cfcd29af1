"""The hub in PostgreSQL, with the real broker: rows equal the topic's, whoever is killed and how often."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.changes import Changes, Row
from connectors.hub.tables import HubTable, table_of
from isp.agreement.topics import topics
from ops.embedded.stack import Stack
from schemas.wire import decoder
from tests.integration.conftest import MakeSite
from tests.integration.hub_site import TABLE, HubSite, rows, with_hub
from tests.integration.postgres import PostgresServer
from tests.integration.spate import DATASET, Watched
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

DATABASE = "hub"
FEW = 20
ENDS = (
    "sink killed", "server stopped at once", "sink killed", "server killed", "sink killed",
    "server stopped at once", "sink killed", "server killed", "sink killed", "server killed",
)  # fmt: skip


@dataclass
class DatabaseSite:
    """A site whose hub is in PostgreSQL."""

    hub: HubSite
    server: PostgresServer
    password: str

    @property
    def table(self) -> HubTable:
        """The table of the council's releases of incidents."""
        partnership, wanted = self.hub.site.partnership, self.hub.site.released("central", DATASET)
        every = topics(partnership.protocol, partnership.catalogue)
        return table_of(next(topic for topic in every if topic.name == wanted))

    def of_topic(self) -> dict[str, Row]:
        """The newest version of each record that the council reads on the broker, by its id."""
        decode, changes = decoder(self.table.topic.schema), Changes(self.table)
        for message in self.hub.site.read_all("council", self.table.topic.name):
            key, value = (message.key() or b"").decode(), message.value()
            if value is None:
                changes.remove(key)
            else:
                changes.put(key, decode(value), message.timestamp()[1])
        return {key: row for key, row in changes.rows.items() if row is not None}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the answer of the database to its superuser."""
        with self.server.connect(DATABASE) as session:
            return session.execute(statement.encode()).fetchall()

    def stored(self) -> dict[str, Row]:
        """The rows of the table, by record id."""
        if self.query(f"SELECT to_regclass('{TABLE}') IS NULL") == [(True,)]:
            return {}
        names = [column.name for column in self.table.columns]
        found = self.query(f"SELECT {', '.join(names)} FROM {TABLE}")
        made: list[Row] = [dict(zip(names, row, strict=True)) for row in found]
        by_id = {row["record_id"]: row for row in made}
        assert len(by_id) == len(made)
        return by_id

    def is_connected(self) -> bool:
        """Return True if a sink has a session."""
        session = (
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'ipu hub sink'"
        )
        return self.query(session) == [(True,)]

    def await_rows(self, number: int) -> None:
        """Wait until the topic has so many records, and the table the same."""
        until(lambda: len(self.of_topic()) == number, PATIENCE_S, "the releases")
        until(lambda: len(self.stored()) == number, PATIENCE_S, "the rows")
        until(lambda: self.stored() == self.of_topic(), PATIENCE_S, "the newest rows")


@pytest.fixture(scope="module")
def database_site(
    stack: Stack,
    site_of: MakeSite,
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DatabaseSite]:
    password = postgres.create_database(DATABASE)
    folder = tmp_path_factory.mktemp("passwords")
    passfile = postgres.write_passfile(folder / "pgpass", {DATABASE: password})
    url = postgres.url(DATABASE, DATABASE, passfile=str(passfile))
    hub = HubSite(site_of(stack, "hubpg", with_hub), options=("--to", url))
    with hub.site.worker() as worker:
        worker.wait_ready()
        hub.start()
        try:
            yield DatabaseSite(hub, postgres, password)
        finally:
            hub.stop()


def test_rows_equal_the_topics_and_points_are_on_the_british_grid(
    database_site: DatabaseSite,
) -> None:
    database_site.hub.supply("first", rows("A", FEW))
    database_site.await_rows(FEW)
    points = database_site.query(
        "SELECT ST_SRID(location_point), ST_X(location_point) = location_easting, "
        f"ST_Y(location_point) = location_northing FROM {TABLE} WHERE location_easting IS NOT NULL"
    )
    assert set(points) == {(27_700, True, True)}


def test_a_correction_and_an_erasure_reach_the_table(database_site: DatabaseSite) -> None:
    corrected = [{**rows("A", 1)[0], "incident_type": "Vehicle nuisance"}]
    before = database_site.stored()
    Watched(database_site.hub.site).supply("correction", corrected)
    until(lambda: database_site.of_topic() != before, PATIENCE_S, "the correction")
    database_site.await_rows(FEW)
    Watched(database_site.hub.site).erase("A-1")
    database_site.await_rows(FEW - 1)


def test_sink_and_server_killed_over_and_over_keep_each_record_once(
    database_site: DatabaseSite,
) -> None:
    before, hub, server = len(database_site.of_topic()), database_site.hub, database_site.server
    for number, end in enumerate(ENDS):
        until(database_site.is_connected, PATIENCE_S, "the session of the sink")
        hub.site.publish(DATASET, rows(f"K{number}", FEW))
        if end == "sink killed":
            hub.stop(signal.SIGKILL)
        else:
            _end_server(server, end)
            # The sink notices when it stores, and ends: its supervisor would start it again.
            hub.site.publish(DATASET, rows(f"T{number}", 1))
            assert hub.hub is not None
            hub.hub.wait(PATIENCE_S)
            server.start()
        hub.start()
    servers = sum(end != "sink killed" for end in ENDS)
    database_site.await_rows(before + len(ENDS) * FEW + servers)


def _end_server(server: PostgresServer, end: str) -> None:
    if end == "server killed":
        server.kill()
    else:
        server.stop_at_once()


def test_a_table_that_needs_no_processing_is_stored_as_it_was_supplied(
    database_site: DatabaseSite, tmp_path: Path
) -> None:
    file = tmp_path / "cameras.csv"
    file.write_text("Camera,Code,Easting,Northing\nBridge,007,375000,165000\n")
    source = ("--agency", "council", "--source", "cctv-cameras")
    answer = run(database_site.hub.site, "aggregate", "publish", str(file), *source)
    assert answer.code == 0, answer.said
    there = "SELECT to_regclass('aggregate.cctv_cameras') IS NOT NULL"
    until(lambda: database_site.query(there) == [(True,)], PATIENCE_S, "the table")
    of = "SELECT code, ST_AsEWKT(point) FROM aggregate.cctv_cameras"
    assert database_site.query(of) == [("007", "SRID=27700;POINT(375000 165000)")]


def test_neither_log_nor_list_of_processes_has_the_password_or_content(
    database_site: DatabaseSite,
) -> None:
    hub = database_site.hub
    log = (hub.site.folder / "hub.log").read_text()
    assert "the connection was lost; the next start goes on" in log
    assert hub.hub is not None
    shown = Path(f"/proc/{hub.hub.pid}/cmdline").read_text(encoding="utf-8")
    assert database_site.password not in log + shown
    assert "Acacia" not in log
