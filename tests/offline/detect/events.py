"""Files of events for tests: made-up ones, and sets with answers of SaTScan."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from pyproj import Transformer

HEADER = "id,easting,northing,date,count"
NEW_YORK = "+proj=tmerc +lat_0=40.72 +lon_0=-73.93 +k=1 +R=6371000 +units=m"
"""A plane around New York on the sphere that SaTScan computes distances on."""

Point = tuple[float, float]


def write(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def planted(path: Path, *, easting: int = 375_000, northing: int = 164_800) -> Path:
    """Write a quiet month at nine sites, and six events at one of them in its last two days."""
    rows = [
        f"S{site},{easting + 400 * (site % 3)},{northing + 400 * (site // 3)},2026-03-{day:02},1"
        for site in range(9)
        for day in range(1 + site % 3, 31, 3)
    ]
    burst = [f"S4,{easting + 400},{northing + 400},2026-03-{day},3" for day in (29, 30)]
    return write(path, [*rows, *burst])


def of_satscan(folder: Path, cases: str, places: str, path: Path) -> Path:
    """Write a set of SaTScan as one file: its cases, and the sites without cases."""
    points = {name: place(*numbers) for name, *numbers in _lines(folder / places)}
    rows = [(name, *points[name], day, number) for name, number, day in _lines(folder / cases)]
    quiet = [(name, *points[name], "", 0) for name in points.keys() - {row[0] for row in rows}]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([HEADER.split(","), *rows, *sorted(quiet)])
    return path


def place(first: str, second: str) -> Point:
    """Return metres: of a point in degrees, latitude first, those of the plane around New York."""
    here = float(first), float(second)
    return here if here[0] > 180 else _to_plane(here[1], here[0])


_to_plane: Callable[[float, float], Point] = Transformer.from_crs(
    "EPSG:4326", NEW_YORK, always_xy=True
).transform


def _lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines() if line.strip()]
