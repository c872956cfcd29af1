"""The page on protection has the measured figures of released streets."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.page import check
from tests.benchmarks.released_streets import on_page, street_figures


def test_the_page_has_the_figures_that_are_measured(shared_data: Path) -> None:
    assert shared_data.is_dir()
    check("streets", on_page(street_figures(also_incomplete=False)))
