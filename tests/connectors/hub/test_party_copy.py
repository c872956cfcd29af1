"""A party's copy as its readers open it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.errors import HubError
from connectors.hub.party_copy import PartyCopy
from tests.connectors.hub.conftest import NOW_MS, PLACE, Bench


@pytest.fixture
def file(bench: Bench, tmp_path: Path) -> Path:
    table = bench.table("central", "police-incident")
    bench.write(table, {"record_id": "a", **PLACE})
    written = tmp_path / "council.duckdb"
    DuckDbCopier(bench.store.beside()).copy(written, [table], NOW_MS)
    return written


def test_a_reader_gets_rows_comments_and_columns(file: Path) -> None:
    with PartyCopy(file) as copy:
        assert list(copy.tables()) == ["central.police_incident"]
        assert copy.tables()["central.police_incident"].startswith("RESTRICTED")
        assert copy.query("SELECT record_id FROM central.police_incident") == [("a",)]
        found = copy.arrow("SELECT location_easting FROM central.police_incident")
        assert found.column("location_easting").to_pylist() == [375_000]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "ATTACH '/tmp/other.duckdb'",
        "COPY central.police_incident TO '/tmp/stolen.csv'",
        "SET enable_external_access = true",
        "DELETE FROM central.police_incident",
    ],
)
def test_a_statement_reaches_nothing_but_the_copy_and_changes_nothing(
    file: Path, statement: str
) -> None:
    with PartyCopy(file) as copy, pytest.raises(duckdb.Error):
        copy.query(statement)


def test_an_absent_copy_and_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="there is no such copy"):
        PartyCopy(tmp_path / "absent.duckdb")
    other = tmp_path / "other.duckdb"
    other.write_text("no database at all, although the name says so")
    with pytest.raises(HubError, match="cannot be opened as a copy of the hub"):
        PartyCopy(other)
