"""Planted leaks that `ipu risk` finds, its false alarms, and our risks compared with data.police.uk.

`python -m tests.benchmarks.risk` prints the figures. Real files are used where they are beside the checkout.
"""

from __future__ import annotations

import csv
import json
import lzma
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from connectors.mappings.mapping_file import find_mapping
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import Point, points_of_index
from offline.risk.intruder import Report
from offline.risk.measures import Columns, Risks, risks
from offline.run import Order, sanitise_file
from sanitiser.build.reference import build_index, onspd_package
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue, load_catalogue
from schemas.record_type import DEPERSONALISED_PROFILES, PERSONAL
from tests.benchmarks.households import make_households
from tests.conftest import SHARED_DATA
from tests.offline.risk.planted import KINDS, Trial, attack, is_found
from tests.streams.partnership import small_index

_DISTRICT: Final = "Bath and North East Somerset"
_ROWS: Final = 300
_SEED: Final = 27
_SEARCHES: Final = "2020-01-leicestershire-stop-and-search.csv"
_CRIMES: Final = "avon_and_somerset_2018-10_to_2019-02.csv.xz"


def figures() -> dict[str, float]:
    """Return the planted kinds with those found, and the clean releases with those of false alarm."""
    catalogue = load_catalogue()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = planted_found(folder, catalogue)
        reports = list(clean_reports(folder, national_index(folder), catalogue))
    return {
        "planted_found": found,
        "planted": len(KINDS),
        "false_alarms": sum(bool(report.findings) for report in reports),
        "clean_releases": len(reports),
    }


def planted_found(folder: Path, catalogue: Catalogue) -> int:
    """Return the number of planted kinds that are found by their check."""
    trial = Trial(folder, small_index(folder), catalogue)
    return sum(is_found(kind, *trial.before_and_after(kind)) for kind in KINDS)


def national_index(folder: Path) -> PostcodeIndex:
    """Return an index of all postcodes, with made-up counts of households."""
    households = folder / "made-up-households.csv"
    make_households(households)
    build_index(folder / "national", onspd_package(), households)
    return PostcodeIndex.open(folder / "national")


def clean_reports(
    folder: Path, index: PostcodeIndex, catalogue: Catalogue, rows: int = _ROWS
) -> Iterator[Report]:
    """Attack what `ipu sanitise` makes of each dataset, made up and real, for each profile."""
    postcodes = points_of_index(folder / "national")
    trial = Trial(folder, index, catalogue)
    for record_type in catalogue:
        for profile in record_type.profiles:
            if profile != PERSONAL:
                yield _generated(trial, record_type.dataset, profile, rows, postcodes)
    for mapping, file in _real_files(folder):
        for profile in DEPERSONALISED_PROFILES:
            yield _sanitised(_of_mapping(trial, mapping, file, profile))


def _generated(
    trial: Trial, dataset: str, profile: str, rows: int, postcodes: Sequence[Point]
) -> Report:
    made = trial.order(dataset, profile)
    write_csv(made.file, GENERATORS[dataset](rows, _SEED, postcodes))
    return _sanitised(made)


def _of_mapping(trial: Trial, name: str, file: Path, profile: str) -> Order:
    mapping = find_mapping(name, trial.catalogue)
    return replace(trial.order(mapping.dataset, profile), mapping=mapping, file=file)


def _sanitised(made: Order) -> Report:
    sanitise_file(made)
    return attack(made)


def _real_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the mapping and file of real records; none where they are not beside the checkout."""
    if not SHARED_DATA.is_dir():
        return
    yield "london-fire-brigade", SHARED_DATA / "fire" / "lfb_incident_records_sample.csv"
    (archive,) = (SHARED_DATA / "stop_search").glob("*.tar.xz")
    with tarfile.open(archive) as files:
        files.extract(_SEARCHES, folder, filter="data")
    yield "data-police-uk-stop-search", folder / _SEARCHES
    crimes = folder / "crimes.csv"
    write_csv(crimes, published_crimes())
    yield "data-police-uk-incident", crimes
    yield "data-police-uk-offence", crimes


def published_crimes() -> list[dict[str, str]]:
    """Return the rows of Bath and North East Somerset that data.police.uk has published."""
    with lzma.open(SHARED_DATA / "crime" / _CRIMES, "rt", encoding="utf-8", newline="") as stream:
        return [r for r in csv.DictReader(stream) if r["LSOA name"].startswith(_DISTRICT)]


def compared() -> dict[str, Any]:
    """Return the three risks of releases of one district: data.police.uk's own, and ours.

    Ours are of as many made-up offences. The originals of the publisher's rows are not known, so
    its rows are used in their place. An outsider knows their point and month.
    """
    catalogue = load_catalogue()
    crimes = [row for row in published_crimes() if row["Crime type"] != "Anti-social behaviour"]
    columns = Columns(
        ("Location", "Longitude", "Latitude"), ("Month",), ("Crime type", "Last outcome category")
    )
    found = {"data.police.uk": _document(risks([(row, row) for row in crimes], columns))}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = Trial(folder, national_index(folder), catalogue)
        postcodes = points_of_index(folder / "national")
        for profile in DEPERSONALISED_PROFILES:
            report = _generated(trial, "police-crime-offence", profile, len(crimes), postcodes)
            found[profile] = _document(report.risks)
    return found


def _document(found: Risks | None) -> Mapping[str, Any]:
    return {} if found is None else found.document()


if __name__ == "__main__":
    json.dump({"figures": figures(), "compared": compared()}, sys.stdout, indent=2)
