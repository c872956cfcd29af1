"""Measure how many postcodes two releases of one record leave, after the index was built again.

The postcodes are those of Bath and North East Somerset (Code-Point Open). The counts are the proxy of
households, and two real counts of one year: domestic gas meters, and broadband connections.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from sanitiser.build.reference import PostcodeTable, build_index, table_of
from sanitiser.build.successor import build_successor
from sanitiser.places.postcodes import normalise

DISTRICT: Final = "E06000022"
_POSTCODES: Final = Path("postcodes") / "codepoint_open_2025-05.csv.xz"
_PROXY: Final = Path("households") / "banes_households_proxy.csv"
_METERS: Final = Path("households") / "banes_gas_meters_per_postcode_2013.csv.gz"
_CONNECTIONS: Final = Path("households") / "banes_broadband_connections_per_postcode_2013.csv.gz"
NEEDED: Final = (_POSTCODES, _PROXY, _METERS, _CONNECTIONS)


class _Setting(NamedTuple):
    households: Path
    k: int
    limit_m: int


def classes_after_changes(shared: Path, folder: Path) -> dict[str, int]:
    """Return the figures of five changes, built in `folder`, as `<change>_<figure>`.

    `classes_under_k_after_change` is the sum of the classes with fewer than k households, and
    `naive_classes_under_k` what it would be if the old index had no influence. `shared` is the
    folder of the data, with the files `NEEDED`.
    """
    table = postcodes_of_district(shared / _POSTCODES)
    meters = _plain(shared / _METERS, "domestic_gas_meters", folder / "meters.csv")
    connections = _plain(shared / _CONNECTIONS, "broadband_connections", folder / "connections.csv")
    proxy = shared / _PROXY
    changes = {
        "k_4_to_8": (_Setting(proxy, 4, 2000), _Setting(proxy, 8, 2000)),
        "k_8_to_4": (_Setting(proxy, 8, 2000), _Setting(proxy, 4, 2000)),
        "limit_2000_to_200": (_Setting(proxy, 4, 2000), _Setting(proxy, 4, 200)),
        "meters_to_connections": (_Setting(meters, 4, 2000), _Setting(connections, 4, 2000)),
        "connections_to_meters": (_Setting(connections, 4, 2000), _Setting(meters, 4, 2000)),
    }
    figures = {"classes_under_k_after_change": 0, "naive_classes_under_k": 0}
    for name, (old, new) in changes.items():
        found = _change(folder / name, table, old, new)
        figures |= {f"{name}_{key}": value for key, value in found.items()}
        figures["classes_under_k_after_change"] += found["under_k"]
        figures["naive_classes_under_k"] += found["naive_under_k"]
    return figures


def postcodes_of_district(path: Path) -> PostcodeTable:
    """Return the postcodes of the district with a position, of Code-Point Open (.csv.xz)."""
    with lzma.open(path, "rt", newline="") as file:
        rows = [
            (row["postcode"], int(row["easting"]), int(row["northing"]), row["district"])
            for row in csv.DictReader(file)
            if row["district"] == DISTRICT and row["pqi"] != "90"
        ]
    return table_of(rows, "Code-Point Open", "2025-05")


def _change(folder: Path, table: PostcodeTable, old: _Setting, new: _Setting) -> Mapping[str, int]:
    build_index(folder / "old", table, old.households, k=old.k, limit_m=old.limit_m)
    built = build_successor(
        folder / "new", table, new.households, folder / "old", k=new.k, limit_m=new.limit_m
    )
    change, naive = built.change, built.naive
    assert change is not None and naive is not None
    return {
        "classes": change.classes,
        "under_k": change.under_k,
        "naive_under_k": naive.under_k,
        "naive_with_households": naive.with_households,
        "naive_of_one_household": naive.of_one_household,
        "naive_postcodes_under_k": naive.postcodes_under_k,
        "small_postcodes": built.metadata.substituted + built.metadata.without_substitute,
        "without_substitute": built.metadata.without_substitute,
        "beyond_limit": built.metadata.beyond_limit,
    }


def _plain(path: Path, column: str, out: Path) -> Path:
    """Write the counts of a file as postcode,households, the greatest of each postcode."""
    counts: dict[str, int] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            postcode = normalise(row["postcode"])
            if postcode and row[column].isdigit():
                counts[postcode] = max(counts.get(postcode, 0), int(row[column]))
    lines = [f"{postcode},{count}\n" for postcode, count in sorted(counts.items())]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(["postcode,households\n", *lines]))
    return out
