"""Write made-up records and household counts as CSV files (UTF-8, RFC 4180, one header)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from random import Random

from demo.generator.district import Point
from demo.generator.seeds import seeded
from demo.generator.town import Town

MADE_UP = "made up for demonstration"
SPARSE = 0.12
"""Share of postcodes with fewer than four households."""


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> int:
    """Write rows that all have the fields of the first; return their number."""
    remaining = iter(rows)
    first = next(remaining, None)
    with path.open("w", encoding="utf-8", newline="") as stream:
        if first is None:
            return 0
        writer = csv.writer(stream)
        writer.writerow(first)
        count = 0
        for row in chain([first], remaining):
            writer.writerow(row.values())
            count += 1
    return count


def households_file(path: Path, postcodes: Sequence[Point], seed: int) -> int:
    """Write made-up household counts of postcodes, marked so on each line; return their number.

    About one postcode in eight has none to three households, the others four to sixty.
    """
    rng = seeded(seed, "households")
    return write_csv(
        path,
        (
            {
                "postcode": point.postcode,
                "households": str(_households(rng)),
                "note": MADE_UP,
            }
            for point in postcodes
        ),
    )


def streets_file(path: Path, towns: Iterable[Town]) -> int:
    """Write the made-up streets of towns with their points, in metres (EPSG:27700); return their number."""
    spots = dict.fromkeys(
        (spot.street, spot.point.easting, spot.point.northing)
        for town in towns
        for spot in town.spots
    )
    return write_csv(
        path,
        (
            {"name": name, "easting": str(easting), "northing": str(northing), "note": MADE_UP}
            for name, easting, northing in spots
        ),
    )


def _households(rng: Random) -> int:
    return rng.randint(0, 3) if rng.random() < SPARSE else rng.randint(4, 60)
