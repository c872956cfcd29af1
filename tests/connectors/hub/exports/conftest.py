"""Exports of made-up records, some of them with hostile texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.exports.about import Origin
from connectors.hub.exports.build import build_export
from connectors.hub.exports.export import Export
from connectors.hub.exports.selection import Selection
from connectors.hub.party_copy import PartyCopy
from connectors.hub.spatial import SETTINGS
from connectors.hub.tables import HubTable, table_of
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from tests.connectors.hub.conftest import NOW_MS, Bench

NOW = datetime.fromtimestamp(NOW_MS / 1_000, UTC)
ORIGIN = Origin(
    "0f" * 16, "Partnership <of> tests & others", "Council (council)", "banes.council", NOW, NOW
)
DUTIES = "Use only as the Information Sharing Protocol allows."

HOSTILE = {
    "command": "=cmd|' /C calc'!A0",
    "at": "@SUM(1+1)",
    "plus": "+1+1",
    "minus": "-2+3",
    "tab": "\t=1+1",
    "lines": "one\r\ntwo\nthree",
    "nul": "before\0after",
    "bell": "be\a\x1bll\x0b",
    "reversed": "safe\u202eexe.txt",
    "unseen": "zero\u200bwidth\ufeff",
    "xml": ']]><a href="x">&amp;\'</a>',
    "none": "\uffff\ufffe",
    "error": "#N/A",
    "quote": "\"quoted\", and 'so'",
    "long": "x" * 30_000,
}
"""Texts by name that readers of some format take for something else."""

INCIDENT = {
    "incident_type": "ASB nuisance",
    "domestic": False,
    "incident_date": date(2026, 10, 30),
    "incident_time": time(22, 41),
    "incident_utc": datetime(2026, 10, 30, 22, 41, tzinfo=UTC),
    "location_easting": 375_000,
    "location_northing": 165_000,
    "caveats": ["incident_time: as given"],
}

MakeExport = Callable[..., Export]


@pytest.fixture
def incidents(bench: Bench) -> HubTable:
    """The table of police incidents in the profile central."""
    return bench.table("central", "police-incident")


@pytest.fixture
def copy_of(bench: Bench, tmp_path: Path) -> Callable[..., Path]:
    """Write records into the hub, and a copy of their table; its file."""

    def made(table: HubTable, *records: dict[str, Any], statements: str = "") -> Path:
        bench.write(table, *({"record_id": f"{n:032x}"} | r for n, r in enumerate(records)))
        file = tmp_path / "council.duckdb"
        DuckDbCopier(bench.store.beside()).copy(file, [table], NOW_MS)
        if statements:
            with duckdb.connect(str(file), config=SETTINGS) as database:
                database.execute(statements)
        return file

    return made


@pytest.fixture
def export_of(copy_of: Callable[..., Path]) -> MakeExport:
    """Export records of a table."""

    def made(
        table: HubTable,
        *records: dict[str, Any],
        where: str | None = None,
        since: datetime | None = None,
        statements: str = "",
    ) -> Export:
        file = copy_of(table, *records, statements=statements)
        with PartyCopy(file) as copy:
            return build_export(copy, Selection(table, where, since), ORIGIN, DUTIES)

    return made


@pytest.fixture
def hostile(export_of: MakeExport, incidents: HubTable) -> Export:
    """An export with one record for each hostile text."""
    records = ({**INCIDENT, "location_address": text} for text in HOSTILE.values())
    return export_of(incidents, *records)


@pytest.fixture
def pointless(bench: Bench, catalogue: Catalogue) -> HubTable:
    """A table without points, which the hub has too."""
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    name = "banes.depersonalised.central.probation-oasys"
    table = table_of(next(t for t in topics(protocol, catalogue) if t.name == name))
    assert not table.points
    bench.tables = (*bench.tables, table)
    bench.store.prepare(bench.source, bench.tables, NOW_MS)
    return table
