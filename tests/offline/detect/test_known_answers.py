"""The scan of a file equals SaTScan's: ratios, numbers, windows, and which clusters are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from offline.detect.document import document_of
from offline.detect.reading import read_events
from offline.detect.running import Order, detect
from schemas.catalogue import Catalogue
from tests.offline.detect.events import of_satscan

ANSWERS = {
    "syn_planted": [(16.531312, 18, 3.15, 0.001), (4.766263, 10, 3.12, 0.860)],
    "syn_null": [
        (5.139472, 10, 2.96, 0.758),
        (4.528601, 3, 0.27, 0.926),
        (3.952879, 26, 14.19, 0.990),
        (3.608767, 6, 1.57, 0.998),
    ],
    "NYCfever": [
        (3.845418, 4, 0.67, 0.242),
        (3.164201, 2, 0.16, 0.575),
        (2.137259, 2, 0.29, 0.966),
    ],
}
"""Ratio, observed, expected and p-value of each cluster that SaTScan reports.

Of `syn_planted` it reports a third with p 0.999, which random numbers decide.
"""
RADIUS = {"syn_planted": 1_500.0, "syn_null": 1_500.0, "NYCfever": 3_000.0}
PLACES = {"syn_planted": "syn.geo", "syn_null": "syn.geo", "NYCfever": "NYCfever.geo"}
STANDARD_ERRORS = 4


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    found = shared_data / "detection"
    if not found.is_dir():
        pytest.skip("the answers of SaTScan are not beside the checkout")
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_clusters_equal_those_of_satscan(
    name: str, folder: Path, tmp_path: Path, catalogue: Catalogue
) -> None:
    file = of_satscan(folder, f"{name}.cas", PLACES[name], tmp_path / "events.csv")
    read = read_events(file, catalogue)
    document = document_of(read, detect(read, Order(radius=RADIUS[name])))
    assert len(document["clusters"]) >= len(ANSWERS[name])
    for found, (llr, observed, expected, p) in zip(
        document["clusters"], ANSWERS[name], strict=False
    ):
        assert found["llr"] == pytest.approx(llr, abs=1e-6)
        assert (found["observed"], round(found["expected"], 2)) == (observed, expected)
        # Both are estimates from random replicates: 999 here; SaTScan may stop after some 200.
        error = (p * (1 - p) * (1 / 999 + 1 / 207)) ** 0.5
        assert found["p_monte_carlo"] == pytest.approx(p, abs=STANDARD_ERRORS * error + 0.001)


def test_the_planted_cluster_has_its_sites_and_its_days(
    folder: Path, tmp_path: Path, catalogue: Catalogue
) -> None:
    file = of_satscan(folder, "syn_planted.cas", "syn.geo", tmp_path / "events.csv")
    read = read_events(file, catalogue)
    outcome = detect(read, Order(radius=1_500.0, replicates=99))
    best = document_of(read, outcome)["clusters"][0]
    assert {"P063", "P259", "P057"} <= set(best["sites"])
    assert (best["from"], best["to"]) == ("2024-03-27", "2024-03-30")
    assert best["p_method"] == "gumbel"
    assert best["recurrence_interval_days"] > 3_650
