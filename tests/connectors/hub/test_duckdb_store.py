"""The embedded hub keeps each record once, corrects it, forgets it, and goes on where it ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.errors import HubError
from tests.connectors.hub.conftest import PLACE, Bench
from tests.connectors.hub.store_promises import StorePromises


class TestDuckDbStore(StorePromises):
    """A store in a file keeps the contract of every store."""


def test_a_point_is_on_the_british_grid(bench: Bench) -> None:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a" * 32, **PLACE})
    point = "ST_AsText(location_point), ST_CRS(location_point)"
    assert bench.rows(table, point) == [("POINT (375000 165000)", "EPSG:27700")]


def test_the_file_is_its_owners_alone_and_one_process_has_it(bench: Bench) -> None:
    files = list(bench.file.parent.iterdir())
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in (*files, bench.file.parent))
    program = (
        "import sys, pathlib, connectors.hub.duckdb_store as hub\n"
        "hub.DuckDbStore(pathlib.Path(sys.argv[1]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(bench.file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "another process has it" in ended.stderr


def test_a_file_that_is_no_store_is_refused(bench: Bench) -> None:
    file = bench.file.with_name("other.duckdb")
    file.write_text("no database at all, but long enough to be read as the header of one" * 99)
    with pytest.raises(HubError, match="cannot be opened as a DuckDB file"):
        DuckDbStore(file)
