"""The page on protection has the measured figures of what the absence of a place tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.page import check
from tests.benchmarks.protected import on_page, protected_figures


@pytest.fixture(scope="module")
def figures(shared_data: Path) -> dict[str, float]:
    assert shared_data.is_dir()
    return protected_figures()


def test_the_page_has_the_figures_that_are_measured(figures: dict[str, float]) -> None:
    check("protected-places", on_page(figures))


def test_no_protected_place_has_more_than_its_district_and_without_a_list_none_has_it_alone(
    figures: dict[str, float],
) -> None:
    assert figures["protected_with_more"] == 0
    assert figures["alone_share_without_list"] == 0
