"""The page on protection has the measured figures of records that are alone and of bursts at one home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks.singling import BURSTS, measure

PAGE = Path(__file__).parents[2] / "docs" / "protection.md"
_TABLE = re.compile(r"<!-- singling: begin -->\n(.*?)<!-- singling: end -->", re.DOTALL)
_RELEASES = ("central", "second_as_treated", "second_example", "second_example_watched_daily")


@pytest.fixture(scope="module")
def figures(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    assert shared_data.is_dir()
    return measure(tmp_path_factory.mktemp("singling"))


def test_the_page_has_the_figures_that_are_measured(figures: dict[str, float]) -> None:
    found = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    rows = found[1].splitlines()[2:]
    shown = [re.findall(r"(\d+) (?:%|of)", row) for row in rows]
    measured = [
        [
            f"{100 * figures[f'{name}_alone']:.0f}",
            f"{figures[f'{name}_bursts_at_a_small_place']:.0f}",
        ]
        for name in _RELEASES
    ]
    assert shown == measured


def test_the_example_hides_each_home_that_central_shows(figures: dict[str, float]) -> None:
    assert figures["central_bursts_at_a_small_place"] == BURSTS
    assert figures["second_example_bursts_at_a_small_place"] == 0
    assert figures["second_example_alone"] < figures["central_alone"] / 10
