"""The rows of an export are those of one expression and of a time; nothing else can be asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.errors import HubError
from connectors.hub.exports.selection import Selection, by_agency, retention_ends
from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import HubTable
from tests.connectors.hub.conftest import NOW_MS, Bench
from tests.connectors.hub.exports.conftest import INCIDENT, NOW

HOUR = timedelta(hours=1)
SECRET = "Acacia-Avenue-7"
RECORDS = (
    {**INCIDENT, "incident_type": "Burglary", "location_address": SECRET},
    {**INCIDENT, "incident_type": "Theft", "source_agency": "fire"},
)


@pytest.fixture
def file(copy_of: Callable[..., Path], incidents: HubTable) -> Path:
    return copy_of(incidents, *RECORDS)


def types(file: Path, selection: Selection) -> list[str]:
    with PartyCopy(file) as copy:
        found: list[str] = selection.rows(copy).column("incident_type").to_pylist()
    return found


def test_without_a_condition_every_row_is_exported_by_its_id(
    file: Path, incidents: HubTable
) -> None:
    assert types(file, Selection(incidents)) == ["Burglary", "Theft"]


@pytest.mark.parametrize(
    "where",
    [
        "incident_type = 'Burglary'",
        "incident_type = 'Burglary' -- a comment",
        "/* a comment */ incident_type = 'Burglary'",
        "incident_type = 'Burglary' OR false",
        "incident_type IN (SELECT min(incident_type) FROM central.police_incident)",
        "ST_X(location_point) = 375000 AND incident_type < 'C'",
        "list_contains(caveats, 'incident_time: as given') AND source_agency = 'police'",
        "incident_type = '; DROP TABLE x' OR incident_type LIKE 'B%'",
        "incident_type = 'none' OR " * 2_000 + "incident_type = 'Burglary'",
    ],
    ids=lambda condition: condition[:40],
)
def test_a_condition_is_any_expression_of_duckdb(
    file: Path, incidents: HubTable, where: str
) -> None:
    assert types(file, Selection(incidents, where)) == ["Burglary"]


@pytest.mark.parametrize(
    "where",
    [
        "",
        " ",
        "-- nothing",
        "1 = 1); DROP TABLE central.police_incident; --",
        "1 = 1; SELECT 2",
        "true;",
        "true) OR (true",
        "true) UNION ALL SELECT * FROM central.police_incident WHERE (true",
        "true UNION ALL SELECT true",
        "true) --",
        "true /*",
        "true LIMIT 1",
        "true ORDER BY 1",
        "true, true",
        "true AS named",
        "DISTINCT true",
        "true FROM central.police_incident",
        "true WHERE true",
        "true QUALIFY true",
        "true USING SAMPLE 1",
        "incident_type = ?",
        "incident_type = $1",
        "ATTACH '/tmp/x.duckdb'",
        "SELECT true",
        "COPY central.police_incident TO '/tmp/x.csv'",
        "'\0'",
        "'\udc80'",
        "1" + "+1" * 5_000 + " > 0",
    ],
)
def test_what_is_not_one_expression_is_refused_and_changes_nothing(
    file: Path, incidents: HubTable, where: str
) -> None:
    before = file.read_bytes()
    with pytest.raises(HubError, match=r"^--where: "):
        types(file, Selection(incidents, where))
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("incident_kind = 'Burglary'", 'Referenced column "incident_kind" not found'),
        ("no_such_function(incident_type)", "no_such_function"),
        ("incident_type IN (SELECT a FROM personal.marac_referral)", "does not exist"),
        ("(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "disabled by configuration"),
        ("count(*) > 1", "aggregate"),
    ],
)
def test_a_faulty_expression_is_answered_with_what_duckdb_says(
    file: Path, incidents: HubTable, where: str, said: str
) -> None:
    with pytest.raises(HubError) as refused:
        types(file, Selection(incidents, where))
    assert str(refused.value).startswith("--where: ")
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "where",
    [
        "location_address::INTEGER = 1",
        "location_address",
        "error(location_address)",
        "strptime(location_address, '%Y') > DATE '2026-01-01'",
    ],
)
def test_no_message_has_a_value_of_a_record(file: Path, incidents: HubTable, where: str) -> None:
    with pytest.raises(HubError, match="DuckDB cannot apply it to each record") as refused:
        types(file, Selection(incidents, where))
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_since_counts_the_hour_of_the_release(
    bench: Bench, incidents: HubTable, tmp_path: Path
) -> None:
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    for name, at in (("before", hour - HOUR), ("within", hour), ("after", hour + HOUR)):
        record = {"record_id": name, "incident_type": name}
        bench.write(incidents, record, at_ms=int(at.timestamp() * 1_000))
    file = tmp_path / "council.duckdb"
    DuckDbCopier(bench.store.beside()).copy(file, [incidents], NOW_MS)
    half = hour + HOUR / 2
    assert sorted(types(file, Selection(incidents, since=half))) == ["after", "within"]
    found = types(file, Selection(incidents, "incident_type = 'before' OR true", half))
    assert sorted(found) == ["after", "within"]


def test_instants_have_their_zone_and_points_are_binary(file: Path, incidents: HubTable) -> None:
    with PartyCopy(file) as copy:
        row = Selection(incidents).rows(copy).to_pylist()[0]
    assert row["incident_utc"] == INCIDENT["incident_utc"]
    assert row["released_at"].tzinfo is not None
    assert row["location_point"][:5] == b"\x01\x01\x00\x00\x00"


def test_rows_are_counted_by_their_supplier(file: Path, incidents: HubTable) -> None:
    with PartyCopy(file) as copy:
        assert by_agency(Selection(incidents).rows(copy)) == {"police": 1, "fire": 1}
        assert by_agency(Selection(incidents, "false").rows(copy)) == {}


def test_the_retention_counts_from_the_release_of_the_first_and_the_last_row(
    file: Path, incidents: HubTable
) -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    with PartyCopy(file) as copy:
        assert retention_ends(Selection(incidents).rows(copy), HOUR, later) == (
            NOW + HOUR,
            NOW + HOUR,
        )
        empty = Selection(incidents, "false").rows(copy)
    assert retention_ends(empty, HOUR, later) == (later + HOUR, later + HOUR)


def test_a_table_that_the_copy_has_not_is_refused(
    file: Path, bench: Bench, incidents: HubTable
) -> None:
    other = bench.table("central", "fire-incident")
    with pytest.raises(HubError, match=r"has no table central\.fire_incident"):
        types(file, Selection(other))
