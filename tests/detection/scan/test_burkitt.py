"""The scan on Burkitt's lymphoma in the West Nile district, against plain loops."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from detection.scan.scanning import scan
from detection.scan.trials import ScanTrial
from tests.detection.scan.reference import found, largest
from tests.detection.scan.series import Series

AS_OF = 5_400
"""The day after which no case counts, of the time scale of the set."""


@pytest.fixture(scope="module")
def burkitt(shared_data: Path) -> Series:
    with (shared_data / "detection" / "burkitt.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (int(float(row["X"])), int(float(row["Y"])), int(float(row["T"])))
            for row in csv.DictReader(file)
        ]
    points = tuple(sorted({(x, y) for x, y, _ in rows}))
    # Windows are of 60 days.
    cases = tuple(
        (points.index((x, y)), 0, (AS_OF - day) // 60) for x, y, day in rows if day <= AS_OF
    )
    return Series(points, cases, 1, 20.0, 0.5)


def test_clusters_are_those_of_plain_loops(burkitt: Series) -> None:
    everything = found(burkitt.counts, burkitt.around, 2)
    clusters = scan(burkitt.counts, burkitt.zones)
    assert clusters[0].llr == pytest.approx(max(each.llr for each in everything), abs=1e-9)
    for cluster in clusters:
        of_centre = [each.llr for each in everything if each.centre == cluster.centre]
        assert cluster.llr == pytest.approx(max(of_centre), abs=1e-9)


def test_replicates_are_those_of_plain_loops(burkitt: Series) -> None:
    trial = ScanTrial(burkitt.counts, burkitt.zones, 2)
    draws = trial.sampler.draw(3, np.random.default_rng(1))
    for sites, maximum in zip(draws.sites, trial.largest(draws, 0.0), strict=True):
        counts = burkitt.counts
        recent = np.zeros_like(counts.recent)
        np.add.at(recent, (sites, trial.sampler.lags), 1)
        permuted = type(counts)(counts.base, recent, counts.by_lag)
        assert maximum == pytest.approx(largest(permuted, burkitt.around, 2))
