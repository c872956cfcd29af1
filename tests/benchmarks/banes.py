"""Real data of Bath and North East Somerset: its postcodes, a proxy of its households, and its crimes.

The crimes are those that data.police.uk has published. Their points are of streets, so each crime is put at
a postcode near its point. The day within its month is drawn.
"""

from __future__ import annotations

import csv
import lzma
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from sanitiser.build.reference import build_index, code_point_open_csv
from sanitiser.places.coordinates import to_national_grid
from sanitiser.places.postcodes import PostcodeIndex, normalise
from tests.conftest import SHARED_DATA

DISTRICT: Final = "E06000022"
MONTHS: Final = 5
"""Months of the published crimes."""
_AREA: Final = "Bath and North East Somerset"
_NEAR_M: Final = 60.0


def district_index(folder: Path) -> PostcodeIndex:
    """Build the index of all postcodes in `folder`, with the proxy of the district's households.

    Raises:
        FileNotFoundError: the real data are not beside the checkout.
    """
    households = SHARED_DATA / "households" / "banes_households_proxy.csv"
    (postcodes,) = (SHARED_DATA / "postcodes").glob("codepoint_open_*.csv.xz")
    build_index(folder / "index", code_point_open_csv(postcodes), households)
    return PostcodeIndex.open(folder / "index")


def published_crimes() -> Iterator[dict[str, str]]:
    """Yield the published crimes of the district that have a point."""
    (path,) = (SHARED_DATA / "crime").glob("avon_and_somerset_*.csv.xz")
    with lzma.open(path, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["LSOA name"].startswith(_AREA) and row["Longitude"]:
                yield row


def point_of(crime: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the published point in metres of the British National Grid; None outside of it."""
    return to_national_grid(float(crime["Longitude"]), float(crime["Latitude"]))


def postcode_near(crime: Mapping[str, str], index: PostcodeIndex, rng: Random) -> str | None:
    """Draw a postcode of the district near the published point; None if there is none."""
    point = point_of(crime)
    if point is None:
        return None
    easting, northing = point
    found = index.nearest(easting + rng.gauss(0, _NEAR_M), northing + rng.gauss(0, _NEAR_M))
    is_own = found is not None and found.district == DISTRICT
    return normalise(found.postcode) if found is not None and is_own else None


def day_in(month: str, rng: Random) -> date:
    """Draw a day of a month such as 2018-10."""
    year, number = map(int, month.split("-"))
    return date(year, number, rng.randint(1, monthrange(year, number)[1]))
