"""The scan finds what SaTScan finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detection.scan.p_values import Null
from detection.scan.replicates import replicate_maxima
from detection.scan.scanning import scan
from tests.detection.scan.known import NULL, NYC, NYC_9999, PLANTED, Known

SETS = pytest.mark.parametrize("known", [NYC, NYC_9999, PLANTED, NULL], ids=lambda k: k.answers)


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "detection"


@SETS
def test_ratios_and_counts_of_all_clusters_are_those_of_satscan(known: Known, folder: Path) -> None:
    answers = known.read_answers(folder)
    clusters = scan(*known.load(folder))[: len(answers)]
    assert [c.llr for c in clusters] == pytest.approx([a.llr for a in answers], abs=1e-6)
    assert [c.observed for c in clusters] == [a.observed for a in answers]
    assert [c.window for c in clusters] == [a.days for a in answers]
    assert [c.expected for c in clusters] == pytest.approx([a.expected for a in answers], abs=0.006)


@SETS
def test_p_values_are_those_of_satscan_within_their_error(known: Known, folder: Path) -> None:
    counts, zones = known.load(folder)
    null = Null.of(replicate_maxima(counts, zones, 1_999, np.random.default_rng(1)))
    for answer in known.read_answers(folder):
        ours = null.p(answer.llr).monte_carlo
        variance = answer.p * (1 - answer.p) * (1 / known.replicates + 1 / 1_999)
        assert ours == pytest.approx(answer.p, abs=4 * variance**0.5 + 0.002)


def test_gumbel_p_value_agrees_with_ten_thousand_replicates(folder: Path) -> None:
    counts, zones = NYC_9999.load(folder)
    null = Null.of(replicate_maxima(counts, zones, 999, np.random.default_rng(2)))
    for answer in NYC_9999.read_answers(folder)[:3]:
        assert null.p(answer.llr).gumbel == pytest.approx(answer.p, abs=0.04)


def test_planted_cluster_has_all_its_sites_and_days(folder: Path) -> None:
    best = scan(*PLANTED.load(folder))[0]
    assert {57, 63, 259} <= set(best.sites.tolist())
    assert best.window == 4


def test_planted_cluster_is_far_beyond_chance_and_the_best_of_a_null_set_is_not(
    folder: Path,
) -> None:
    p = {}
    for known in (PLANTED, NULL):
        counts, zones = known.load(folder)
        null = Null.of(replicate_maxima(counts, zones, 999, np.random.default_rng(3)))
        p[known] = null.p(scan(counts, zones)[0].llr)
    assert (p[PLANTED].method, p[PLANTED].monte_carlo) == ("gumbel", 0.001)
    assert p[PLANTED].value < 1e-4
    assert p[NULL].method == "monte-carlo"
    assert p[NULL].value == pytest.approx(0.758, abs=0.06)
