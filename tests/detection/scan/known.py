"""Sets with the answers of SaTScan 10.3.2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Counts
from detection.scan.zones import Zones, build_zones, limit_share
from tests.detection.scan.series import counts_of

_EARTH_KM = 6367.0
_WINDOW = 7


@dataclass(frozen=True)
class Answer:
    """One reported cluster."""

    observed: int
    expected: float
    llr: float
    p: float
    days: int
    radius: float


@dataclass(frozen=True)
class Known:
    """A set: `radius` in the unit of its points, kilometres if it has latitudes and longitudes.

    `replicates` are those of SaTScan, which may stop early.
    """

    cases: str
    places: str
    answers: str
    end: date
    radius: float
    replicates: int = 999
    is_spherical: bool = False

    def load(self, folder: Path) -> tuple[Counts, Zones]:
        """Return the counts and circles."""
        rows = [line.split() for line in _lines(folder / self.places)]
        number = {row[0]: n for n, row in enumerate(rows)}
        cases = tuple(
            (number[site], 0, (self.end - date(*map(int, day.split("/")))).days)
            for site, count, day in (line.split() for line in _lines(folder / self.cases))
            for _ in range(int(count))
        )
        counts = counts_of(cases, len(rows), 1, _WINDOW)
        points = np.array([[float(row[1]), float(row[2])] for row in rows])
        zones = build_zones(on_sphere(points) if self.is_spherical else points, self.radius)
        return counts, limit_share(zones, counts.base.sum(axis=1), 0.5)

    def read_answers(self, folder: Path) -> list[Answer]:
        """Return the clusters that SaTScan reports."""
        text = (folder / self.answers).read_text(encoding="utf-8")
        return [_answer(part) for part in re.split(r"\n\d+\.Location IDs", text)[1:]]


NYC = Known(
    "NYCfever.cas",
    "NYCfever.geo",
    "oracle_SaTScan_NYCfever.txt",
    date(2001, 11, 24),
    radius=3.0,
    replicates=207,
    is_spherical=True,
)
NYC_9999 = replace(NYC, answers="oracle_SaTScan_NYCfever_9999reps.txt", replicates=9_999)
PLANTED = Known("syn_planted.cas", "syn.geo", "syn_planted.txt", date(2024, 3, 30), 1500.0)
NULL = Known("syn_null.cas", "syn.geo", "syn_null.txt", date(2024, 3, 30), 1500.0)


def on_sphere(degrees: NDArray[float64]) -> NDArray[float64]:
    """Return points (n, 3) in kilometres of latitudes and longitudes (n, 2)."""
    latitudes, longitudes = np.radians(degrees).T
    along = np.cos(latitudes)
    columns = along * np.cos(longitudes), along * np.sin(longitudes), np.sin(latitudes)
    return _EARTH_KM * np.stack(columns, axis=1)


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _answer(text: str) -> Answer:
    first, last = (
        date(*map(int, day.split("/")))
        for day in re.findall(r"\d+/\d+/\d+", _value("Time frame", text))
    )
    return Answer(
        observed=int(_value("Number of cases", text)),
        expected=float(_value("Expected cases", text)),
        llr=float(_value("Test statistic", text)),
        p=float(_value("P-value", text)),
        days=(last - first).days + 1,
        radius=float(_value("Coordinates / radius", text).split("/")[1].split()[0]),
    )


def _value(name: str, text: str) -> str:
    found = re.search(rf"{re.escape(name)}\.*: (.*)", text)
    assert found
    return found[1].strip()
