"""The suppliers' metadata come from the copy, as far as the party may read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectors.hub.changes import Changes
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.exports.supplies import supplies_of
from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import HubTable
from tests.connectors.hub.conftest import NOW_MS, Bench
from tests.connectors.hub.exports.conftest import INCIDENT

COLUMNS = """
    supply_id VARCHAR, agency VARCHAR, agency_name VARCHAR, supplier VARCHAR, contact VARCHAR,
    dataset VARCHAR, period_from VARCHAR, period_to VARCHAR, file_format VARCHAR, rows_read BIGINT,
    out_of_scope VARCHAR, records BIGINT, complete BOOLEAN, supplied_on VARCHAR, fields VARCHAR[],
    filled VARCHAR, explanations VARCHAR, undeclared_columns VARCHAR[], coding_systems VARCHAR,
    geocoding VARCHAR, caveats VARCHAR[], claims VARCHAR, erases BOOLEAN, duties VARCHAR
"""


def supplied(agency: str, *rows: tuple[str, str, bool], dataset: str = "police_incident") -> str:
    """Return the statements of a table of supplies; a row is an id, a day, and whether it erases."""
    table = f'supplies."{agency}__{dataset}"'
    values = ", ".join(
        f"('{name}', '{agency}', 'police-incident', '{day}', {erases}, 12, "
        """'{"incident_type": "NSIR"}', ['Control room figures'], NULL)"""
        for name, day, erases in rows
    )
    columns = (
        "supply_id, agency, dataset, supplied_on, erases, records, coding_systems, caveats, claims"
    )
    return (
        f"CREATE SCHEMA IF NOT EXISTS supplies; CREATE TABLE {table} ({COLUMNS});"
        f"INSERT INTO {table} ({columns}) VALUES {values};"
    )


def test_the_newest_supply_of_each_agency_is_taken_with_its_maps(
    copy_of: Callable[..., Path], incidents: HubTable
) -> None:
    statements = supplied(
        "police",
        ("old", "2026-10-01", False),
        ("new", "2026-11-01", False),
        ("gone", "2026-11-02", True),
    ) + supplied("british-transport", ("b", "2026-09-01", False))
    with PartyCopy(copy_of(incidents, INCIDENT, statements=statements)) as copy:
        found = supplies_of(copy, "police-incident", {"police", "british-transport"})
    assert {supply["agency"]: supply["supply_id"] for supply in found.found} == {
        "police": "new",
        "british-transport": "b",
    }
    police = next(supply for supply in found.found if supply["agency"] == "police")
    assert police["coding_systems"] == {"incident_type": "NSIR"}
    assert police["caveats"] == ["Control room figures"]
    assert found.note == ""


def test_a_supply_that_the_hub_stored_is_read_as_it_was_supplied(
    bench: Bench, incidents: HubTable, tmp_path: Path
) -> None:
    table = next(t for t in bench.tables if t.name == "police__police_incident")
    changes = Changes(table)
    supply = dict.fromkeys(column.name for column in table.columns) | {
        "supply_id": "s", "agency": "police", "supplied_on": "2026-11-01", "erases": False,
        "records": 12, "filled": {"incident_type": 11}, "caveats": ["Control room figures"],
    }  # fmt: skip
    changes.put("s", supply, NOW_MS)
    bench.store.write([changes], {}, NOW_MS)
    file = tmp_path / "council.duckdb"
    DuckDbCopier(bench.store.beside()).copy(file, [incidents, table], NOW_MS)
    with PartyCopy(file) as copy:
        (found,) = supplies_of(copy, "police-incident").found
    wanted = supply | {"released_at": found["released_at"]}
    assert found == wanted


def test_another_datasets_supplies_are_not_taken(
    copy_of: Callable[..., Path], incidents: HubTable
) -> None:
    statements = supplied("police", ("x", "2026-10-01", False), dataset="other_police_incident")
    statements += supplied("police", ("y", "2026-10-01", False), dataset="fire_incident")
    with PartyCopy(copy_of(incidents, INCIDENT, statements=statements)) as copy:
        assert supplies_of(copy, "police-incident").found == ()


def test_a_party_that_may_not_read_them_is_told_so(
    copy_of: Callable[..., Path], incidents: HubTable
) -> None:
    with PartyCopy(copy_of(incidents, INCIDENT)) as copy:
        found = supplies_of(copy, "police-incident", {"police"})
    assert found.found == ()
    assert found.note.startswith("The supplier's metadata are not open to this party")
    assert ": police." in found.note


def test_only_the_agencies_without_metadata_are_named(
    copy_of: Callable[..., Path], incidents: HubTable
) -> None:
    statements = supplied("police", ("x", "2026-10-01", False))
    with PartyCopy(copy_of(incidents, INCIDENT, statements=statements)) as copy:
        found = supplies_of(copy, "police-incident", {"police", "fire"})
    assert len(found.found) == 1
    assert ": fire." in found.note
