"""The hub on the real broker: each release once, also if it is killed, and a copy for each party."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.hub_site import ROWS, TABLE, HubSite, asked, rows, running, with_hub
from tests.integration.spate import Watched
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

KILLS = 10


@pytest.fixture(scope="module")
def hub_site(stack: Stack, site_of: MakeSite) -> Iterator[HubSite]:
    with running(HubSite(site_of(stack, "hub", with_hub))) as made:
        yield made


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
    assert {table for table in tables if not table.startswith("supplies.")} == own
    assert file.stat().st_mode & 0o077 == 0


def test_a_copy_has_the_metadata_of_the_supplies_of_what_it_has(hub_site: HubSite) -> None:
    of = "SELECT agency, rows_read, complete FROM supplies.police__police_incident"
    found = asked(hub_site.copy("council"), of)
    assert found[0][0] == "police"
    assert sum(rows for _, rows, _ in found) == hub_site.supplied


def test_a_table_that_needs_no_processing_is_in_the_copies_of_its_recipients_alone(
    hub_site: HubSite, tmp_path: Path
) -> None:
    file = tmp_path / "cameras.csv"
    file.write_text("Camera,Code,Easting,Northing\nBridge,007,375000,165000\n")
    answer = run(
        hub_site.site, "aggregate", "publish", str(file), "--agency", "council",
        "--source", "cctv-cameras",
    )  # fmt: skip
    assert answer.code == 0, answer.said

    def is_there() -> bool:
        tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'aggregate'"
        return ("cctv_cameras",) in asked(hub_site.copy("police"), tables)

    until(is_there, PATIENCE_S, "the table")
    of = "SELECT code, ST_X(point) FROM aggregate.cctv_cameras"
    assert asked(hub_site.copy("police"), of) == [("007", 375_000.0)]
    marking = "SELECT marking, agency FROM aggregate.cctv_cameras__about"
    assert asked(hub_site.copy("police"), marking)[0][0] == "RESTRICTED"
    schemas = "SELECT schema_name FROM duckdb_tables()"
    assert ("aggregate",) not in asked(hub_site.copy("fire"), schemas)


def test_the_audit_says_to_the_supplier_who_got_a_copy_of_its_records(hub_site: HubSite) -> None:
    number = hub_site.count("council")
    answer = run(
        hub_site.site, "audit", "show", "--agency", "police", "--dataset", "police-incident",
        "--recipient", "council", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.said
    copies = [each for each in answer.document["entries"] if each["action"] == "copy"]
    shares = [share for each in copies for share in each["shares"]]
    topic = hub_site.site.partnership.names.depersonalised("central", "police-incident")
    assert any(share["topic"] == topic and share["records"] == number for share in shares)


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


def test_an_unknown_party_is_refused(hub_site: HubSite) -> None:
    answer = run(hub_site.site, "hub", "snapshot", "--as", "nobody")
    assert answer.code != 0
    assert "is not a party of the protocol; accepted:" in answer.said


def test_no_log_of_the_hub_has_content(hub_site: HubSite) -> None:
    log = (hub_site.site.folder / "hub.log").read_text()
    assert "wrote the copy of council" in log
    assert "Acacia" not in log
