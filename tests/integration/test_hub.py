"""The hub on the real broker: each release once, also if it is killed, and a copy for each party."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.copies import FOLDER
from connectors.hub.duckdb_store import DuckDbStore
from ops.background import HUB
from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.site import Site, free_port
from tests.integration.spate import POLICE, Watched, postcodes, row
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

TABLE = "central.police_incident"
ROOT = Path(__file__).parents[2]
KILLS = 10
ROWS = 40


def with_hub(document: Any) -> None:
    """Have a hub, and have the fire service receive nothing."""
    document["hub"] = {}
    document["receives"] = [each for each in document["receives"] if each["party"] != "fire"]


@dataclass
class HubSite:
    """A site whose worker and hub run."""

    site: Site
    hub: subprocess.Popen[bytes] | None = None
    port: int = field(default_factory=free_port)
    supplied: int = 0

    def start(self) -> None:
        """Start the sink, as its command does."""
        run_dir = str(self.site.partnership.stack.run_dir)
        where = [
            "--protocol", str(self.site.protocol_file), "--run-dir", run_dir,
            "--metrics-port", str(self.port), "--exercise",
        ]  # fmt: skip
        with (self.site.folder / "hub.log").open("ab") as log:
            command = [sys.executable, "-m", "ops.cli", "hub", "sink", *where]
            self.hub = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop or kill the sink."""
        assert self.hub is not None
        os.kill(self.hub.pid, number)
        self.hub.wait(PATIENCE_S)

    def supply(self, name: str, rows: list[dict[str, str]]) -> None:
        """Have the police supply a file, and wait until its records are released."""
        Watched(self.site).supply(name, rows)
        self.supplied += len(rows)
        receipts = self.site.receipts
        until(lambda: receipts(POLICE)["received"] == self.supplied, PATIENCE_S, "the receipts")

    def copy(self, party: str) -> Path:
        """Have the copy of a party written; its file."""
        answer = run(self.site, "hub", "snapshot", "--as", party, "--json")
        assert answer.code == 0, answer.said
        return Path(json.loads(answer.text)["file"])

    def count(self, party: str, table: str = TABLE) -> int:
        """Return the number of rows of a table in a new copy of a party."""
        return int(asked(self.copy(party), f"SELECT count(*) FROM {table}")[0][0])


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the answer of a copy."""
    with DuckDbStore(file) as copy:
        return copy.query(query)


@pytest.fixture(scope="module")
def hub_site(stack: Stack, site_of: MakeSite) -> Iterator[HubSite]:
    made = HubSite(site_of(stack, "hub", with_hub))
    with made.site.worker() as worker:
        worker.wait_ready()
        made.start()
        try:
            copies = made.site.partnership.stack.run_dir / HUB / FOLDER
            until(copies.is_dir, PATIENCE_S, "the start of the hub")
            yield made
        finally:
            made.stop()


def rows(name: str, number: int = ROWS) -> list[dict[str, str]]:
    places = postcodes(number)
    return [row(f"{name}-{n}", n % 20 + 1, place) for n, place in enumerate(places)]


def test_a_copy_has_the_releases_that_the_party_may_read_and_no_other_table(
    hub_site: HubSite,
) -> None:
    hub_site.supply("first", rows("A"))
    until(lambda: hub_site.count("council") == ROWS, PATIENCE_S, "the rows")
    file = hub_site.copy("council")
    tables = {
        name
        for (name,) in asked(file, "SELECT schema_name || '.' || table_name FROM duckdb_tables()")
    }
    protocol = hub_site.site.partnership.protocol
    own = {
        f"{e.profile}.{dataset.replace('-', '_')}"
        for e in protocol.receives
        for dataset in e.datasets
        if e.party == "council" and e.profile != "personal"
    }
    assert tables == own
    assert file.stat().st_mode & 0o077 == 0


def test_a_point_is_on_the_british_grid_where_the_released_coordinates_are(
    hub_site: HubSite,
) -> None:
    of = "location_easting, location_northing, ST_X(location_point), ST_Y(location_point)"
    found = asked(
        hub_site.copy("council"), f"SELECT {of} FROM {TABLE} WHERE location_easting IS NOT NULL"
    )
    assert found
    assert all((x, y) == (easting, northing) for easting, northing, x, y in found)


def test_an_erased_record_leaves_the_hub_and_the_next_copy(hub_site: HubSite) -> None:
    before = hub_site.count("council")
    Watched(hub_site.site).erase("A-1")
    until(lambda: hub_site.count("council") == before - 1, PATIENCE_S, "the erasure")


def test_a_sink_killed_over_and_over_has_each_record_once(hub_site: HubSite) -> None:
    before = hub_site.count("council")
    for number in range(KILLS):
        Watched(hub_site.site).supply(f"kill-{number}", rows(f"K{number}"))
        hub_site.stop(signal.SIGKILL)
        hub_site.start()
    wanted = before + KILLS * ROWS
    until(lambda: hub_site.count("council") == wanted, PATIENCE_S, "the rows")
    ids = asked(hub_site.copy("council"), f"SELECT count(DISTINCT record_id) FROM {TABLE}")
    assert ids == [(wanted,)]


def test_a_party_without_releases_and_an_unknown_party_are_refused(hub_site: HubSite) -> None:
    answer = run(hub_site.site, "hub", "snapshot", "--as", "nobody")
    assert answer.code != 0
    assert "is not a party of the protocol; accepted:" in answer.said
    answer = run(hub_site.site, "hub", "snapshot", "--as", "fire")
    assert answer.code != 0
    assert "fire receives nothing that the hub stores; accepted: police, council" in answer.said


def test_no_log_of_the_hub_has_content(hub_site: HubSite) -> None:
    log = (hub_site.site.folder / "hub.log").read_text()
    assert "wrote the copy of council" in log
    assert "Acacia" not in log
