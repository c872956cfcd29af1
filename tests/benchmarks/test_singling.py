"""The page on protection has the measured figures of records that are alone and of bursts at one home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.page import check
from tests.benchmarks.singling import BURSTS, measure, on_page


@pytest.fixture(scope="module")
def figures(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    assert shared_data.is_dir()
    return measure(tmp_path_factory.mktemp("singling"))


def test_the_page_has_the_figures_that_are_measured(figures: dict[str, float]) -> None:
    check("singling", on_page(figures))


def test_the_example_hides_each_home_that_central_shows(figures: dict[str, float]) -> None:
    assert figures["central_bursts_at_a_small_place"] == BURSTS
    assert figures["second_example_bursts_at_a_small_place"] == 0
    assert figures["second_example_alone"] < figures["central_alone"] / 10
