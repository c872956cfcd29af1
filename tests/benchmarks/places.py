"""What the benchmarks know of the country: a made-up household file, and places of one district."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from sanitiser.postcodes import normalise
from sanitiser.reference import PostcodeTable, onspd_package
from tests.benchmarks.records import Place

DISTRICT = "E06000022"
_SEED = 22
_MEAN_HOUSEHOLDS = 15
_MEAN_OF_SMALL = 2
_SHARE_SMALL = 0.15


def make_reference_files(households: Path, places: Path) -> None:
    """Write both files where one is missing: a made-up count for every postcode of ONSPD.

    A few of its terminated postcodes have no form that a household file is accepted with.

    About one postcode in seven gets so few households that Appendix 1 has it substituted.
    """
    if households.exists() and places.exists():
        return
    table = onspd_package()
    households.parent.mkdir(parents=True, exist_ok=True)
    _write_households(table, households)
    _write_places(table, places)


def read_places(path: Path) -> list[Place]:
    """The places that `make_reference_files` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(code, int(east), int(north)) for code, east, north in csv.reader(file)]


def _write_households(table: PostcodeTable, path: Path) -> None:
    rng = np.random.default_rng(_SEED)
    size = len(table.keys)
    small = rng.random(size) < _SHARE_SMALL
    counts = np.where(small, rng.poisson(_MEAN_OF_SMALL, size), rng.poisson(_MEAN_HOUSEHOLDS, size))
    codes = table.keys.astype("U7")
    with path.open("w", encoding="utf-8") as file:
        file.write("postcode,households\n")
        file.writelines(
            f"{code},{count}\n"
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            if normalise(code)
        )


def _write_places(table: PostcodeTable, path: Path) -> None:
    rows = np.flatnonzero(table.districts == table.district_codes.index(DISTRICT))
    codes = table.keys[rows].astype("U7")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            zip(codes.tolist(), table.eastings[rows].tolist(), table.northings[rows].tolist(),
                strict=True)
        )  # fmt: skip
