"""Area `sanitiser`: what is kept of real addresses, among how many households records stand, how fast."""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sanitiser.address.address import released_address
from sanitiser.build.reference import build_index, onspd_package, read_households
from sanitiser.places.packed_columns import UNKNOWN
from sanitiser.places.postcode_store import load_columns
from tests.benchmarks.figures import Aim
from tests.conftest import SHARED_DATA

AIMS = {
    "us_per_record": Aim(25, at_most=True),
    "us_per_record_with_list": Aim(25, at_most=True),
    "coordinates_per_s": Aim(50_000),
    "addresses_street_kept": Aim(0.95),
    "hard_lines_street_kept": Aim(36),
    "hard_lines_leaking": Aim(0, at_most=True),
    "banes_least_households": Aim(4),
    "banes_substitutes_unlike_brute_force": Aim(0, at_most=True),
}
_K, _LIMIT_M = 4, 2_000
_BANES = "E06000022"


def quality() -> dict[str, float]:
    """The figures from real data; none where that is not beside the checkout."""
    if not SHARED_DATA.is_dir():
        return {}
    return {**_hard_lines(), **_addresses(), **_banes()}


def _hard_lines() -> dict[str, float]:
    path = SHARED_DATA / "addresses" / "uk_address_split_handset.json"
    lines: list[tuple[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    kept = leaking = 0
    for address, label in lines:
        found, accepted = _plain(released_address(address) or ""), _plain(label)
        kept += bool(found) and accepted.startswith(found)
        leaking += found not in accepted
    return {"hard_lines_street_kept": kept, "hard_lines_leaking": leaking}


def _plain(address: str) -> str:
    return " ".join(address.replace(",", " ").split())


def premises_addresses() -> Iterator[tuple[str, str]]:
    """Identifier and address, on one line, of every food premises that has an address and postcode."""
    path = SHARED_DATA / "addresses" / "fhrs_london_2021_16_boroughs.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lines = [row[f"AddressLine{n}"].strip() for n in range(1, 5)]
            if any(lines) and row["PostCode"].strip():
                yield row["FHRSID"], ", ".join([*filter(None, lines), row["PostCode"].strip()])


def _addresses() -> dict[str, float]:
    kept = [released_address(address) is not None for _, address in premises_addresses()]
    return {"addresses": len(kept), "addresses_street_kept": sum(kept) / len(kept)}


def _banes() -> dict[str, float]:
    """The substitutes of a district's postcodes, against a search of every pair, and what they hide among."""
    households = SHARED_DATA / "households" / "banes_households_proxy.csv"
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        build_index(index, onspd_package(), households, k=_K, limit_m=_LIMIT_M)
        metadata, columns = load_columns(index)
        counts, released = columns.household_counts, columns.released_rows
        points = np.column_stack((columns.eastings, columns.northings)).astype(np.int64)
        own = np.flatnonzero(columns.districts == metadata.districts.index(_BANES))
    eligible = np.flatnonzero(counts >= _K)
    unlike = sum(released[row] != _nearest(int(row), counts, points, eligible) for row in own)
    shown = released[own][released[own] != UNKNOWN]
    hidden = _hidden_among(shown, released, counts)
    return {
        "banes_postcodes": len(own),
        "banes_postcodes_counted": len(read_households(households).keys),
        "banes_substitutes_unlike_brute_force": int(unlike),
        "banes_without_substitute": int((released[own] == UNKNOWN).sum()),
        "banes_least_households": int(hidden.min()),
        "banes_median_households": float(np.median(hidden)),
        "banes_most_households": int(hidden.max()),
    }


def _nearest(row: int, counts: Any, points: Any, eligible: Any) -> int:
    """Appendix 1 by the letter: of the postcodes with k households the nearest; the first of equals."""
    if counts[row] >= _K:
        return row
    squared = ((points[eligible] - points[row]) ** 2).sum(axis=1)
    best = int(squared.argmin())
    return int(eligible[best]) if squared[best] <= _LIMIT_M**2 else UNKNOWN


def _hidden_among(shown: Any, released: Any, counts: Any) -> Any:
    """Households from which the records of each released postcode could have come, known ones alone."""
    known = np.maximum(counts, 0)
    total = np.zeros(len(released), np.int64)
    inside = released != UNKNOWN
    np.add.at(total, released[inside], known[inside])
    return total[np.unique(shown)]
