"""Exports of a party's copy of the hub, for the area `hub`. They need no broker.

`geopackage_100k_s` is from the opening of a copy with 100,000 police incidents to the GeoPackage in its
place, and so for each format: `geoparquet_100k_s`, `csv_100k_s` and `xlsx_100k_s`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from connectors.hub.changes import Changes
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.exports.about import Origin
from connectors.hub.exports.build import build_export
from connectors.hub.exports.formats import Format
from connectors.hub.exports.placing import place
from connectors.hub.exports.selection import Selection
from connectors.hub.party_copy import PartyCopy
from connectors.hub.source import Source
from connectors.hub.tables import HubTable
from tests.benchmarks.figures import Aim

EXPORT_AIMS: Final = {"geopackage_100k_s": Aim(5, at_most=True)}
EXPORT_FIGURES: Final = tuple(f"{each}_100k_s" for each in Format)
_RECORDS: Final = 100_000
_TYPES: Final = ("ASB nuisance", "ASB personal", "Burglary", "Theft", "Criminal damage")


def export_figures(table: HubTable) -> dict[str, Any]:
    """Return the seconds of one export in each format."""
    with _copy(table) as file:
        return {f"{each}_100k_s": _seconds(file, table, each) for each in Format}


def _seconds(file: Path, table: HubTable, kind: Format) -> float:
    now = datetime.now(UTC)
    clear = file.with_name(f"clear{kind.ending}")
    start = time.monotonic()
    with PartyCopy(file) as copy:
        origin = Origin("0" * 32, "Benchmark", "Council", "bench.council", now, now)
        export = build_export(copy, Selection(table), origin, "")
    kind.write(clear, export)
    place(clear, file.with_name(f"placed{kind.ending}"), (), lambda _digest: None)
    return time.monotonic() - start


@contextmanager
def _copy(table: HubTable) -> Iterator[Path]:
    """Make a copy with as many police incidents."""
    now_ms = int(time.time() * 1_000)
    source = Source("cluster", "bench", {table.topic.name: "id"})
    with TemporaryDirectory() as folder, DuckDbStore(Path(folder) / "hub.duckdb") as store:
        store.prepare(source, [table], now_ms)
        store.write([_incidents(table, now_ms)], {}, now_ms)
        file = Path(folder) / "council.duckdb"
        DuckDbCopier(store.beside()).copy(file, [table], now_ms)
        yield file


def _incidents(table: HubTable, now_ms: int) -> Changes:
    changes, random = Changes(table), Random(5)
    empty: dict[str, Any] = dict.fromkeys(column.name for column in table.columns)
    for number in range(_RECORDS):
        record_id = f"{number:032x}"
        incident = {
            "record_id": record_id,
            "source_agency": "police",
            "incident_reference": f"{7 * number:032x}",
            "incident_type": random.choice(_TYPES),
            "domestic": number % 9 == 0,
            "incident_date": date(2026, 11, number % 28 + 1),
            "incident_time": time_of_day(22, number % 60),
            "location_address": "Acacia Avenue, Bath",
            "location_postcode": "BA1 1AA",
            "location_easting": 375_000 + random.randrange(9_000),
            "location_northing": 165_000 + random.randrange(9_000),
            "location_district": "E06000022",
            "incident_utc": datetime(2026, 11, number % 28 + 1, 22, 41, tzinfo=UTC),
            "caveats": ["incident_date: corrected"] if number % 5 == 0 else [],
        }
        changes.put(record_id, empty | incident, now_ms)
    return changes
