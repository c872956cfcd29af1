"""Make the demo's supplies: invented records at the real postcodes of one real district."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from demo.generator.csv_files import households_file, streets_file, write_csv
from demo.generator.datasets import GENERATORS, shared_out
from demo.generator.district import Point, points
from demo.generator.police_incidents import police_incidents
from demo.generator.records import typed
from demo.generator.spate import DATASET as SPATE_DATASET
from demo.generator.spate import Spate
from demo.generator.third_incident import ThirdIncident
from demo.generator.town import lay_out
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol
from sanitiser.build.reference import onspd_package
from schemas.catalogue import Catalogue
from schemas.london import london_time, london_today

Rows = Iterator[dict[str, str]]
_LIVE_SEED_STEP = 1_000


@dataclass(frozen=True, slots=True)
class SupplyFile:
    """One agency's made-up file of one dataset."""

    agency: str
    dataset: str
    path: Path
    rows: int
    catalogue: Catalogue

    def originals(self) -> Iterator[dict[str, Any]]:
        """Yield its rows as typed records, in order."""
        with self.path.open(encoding="utf-8", newline="") as stream:
            yield from typed(csv.DictReader(stream), self.catalogue.record_type(self.dataset))


@dataclass(frozen=True, slots=True)
class District:
    """The postcodes of the partnership's first district, and the seed for the made-up data."""

    postcodes: tuple[Point, ...]
    seed: int
    catalogue: Catalogue

    @classmethod
    def of(cls, protocol: Protocol, catalogue: Catalogue, seed: int) -> District:
        """Return the district's postcodes from the packaged ONSPD."""
        table = onspd_package()
        return cls(
            points(table, table.district_codes, protocol.partnership.area[0]), seed, catalogue
        )

    def households(self, folder: Path) -> Path:
        """Write a file of made-up household counts and return its path."""
        path = folder / "households.csv"
        households_file(path, self.postcodes, self.seed)
        return path

    def streets(self, folder: Path) -> Path:
        """Write a file of the made-up streets and return its path.

        The live records and the spate have other seeds, and so other streets at the same postcodes.
        """
        path = folder / "streets.csv"
        own = (lay_out(self.postcodes, seed) for seed in (self.seed, self.seed + _LIVE_SEED_STEP))
        streets_file(path, [*own, self.spate().town])
        return path

    def supply_files(
        self, protocol: Protocol, folder: Path, records: int
    ) -> tuple[SupplyFile, ...]:
        """Write a file for each supply agreement with an open dataset, `records` in all."""
        closed = closed_datasets(protocol, self.catalogue, london_today())
        supplies = [s for s in protocol.supplies if s.dataset not in closed]
        rows = shared_out(records, {s.dataset for s in supplies})
        return tuple(self._file(s.agency, s.dataset, folder, rows[s.dataset]) for s in supplies)

    def live_records(self, count: int) -> list[dict[str, Any]]:
        """Return typed police incidents of another seed, each with its own reference."""
        rows = police_incidents(2 * count, self.seed + _LIVE_SEED_STEP, self.postcodes)
        record_type = self.catalogue.record_type("police-incident")
        usable = (r for r in typed(_referenced(rows), record_type) if _is_usable(r))
        return [record for record, _ in zip(usable, range(count), strict=False)]

    def third_incident(self) -> ThirdIncident:
        """Return the records of one household whose third incident is now."""
        town = lay_out(self.postcodes, self.seed)
        return ThirdIncident.of(town, self.seed, london_time(datetime.now(UTC)))

    def spate(self) -> Spate:
        """Return a spate of fights of the last days, with its history."""
        return Spate.of(self.postcodes, self.seed, london_time(datetime.now(UTC)))

    def history_file(self, spate: Spate, agency: str, folder: Path) -> SupplyFile:
        """Write the incidents before a spate to a file of their own."""
        path = folder / f"{agency}-{SPATE_DATASET}-before.csv"
        return SupplyFile(
            agency, SPATE_DATASET, path, write_csv(path, spate.history()), self.catalogue
        )

    def _file(self, agency: str, dataset: str, folder: Path, wanted: int) -> SupplyFile:
        path = folder / f"{agency}-{dataset}.csv"
        rows = write_csv(path, GENERATORS[dataset](wanted, self.seed, self.postcodes))
        return SupplyFile(agency, dataset, path, rows, self.catalogue)


def _referenced(rows: Iterable[dict[str, str]]) -> Rows:
    for number, row in enumerate(rows):
        yield {**row, "incident_reference": f"LIVE-{number:07}"}


def _is_usable(record: Mapping[str, Any]) -> bool:
    return isinstance(record["incident_date"], date)
