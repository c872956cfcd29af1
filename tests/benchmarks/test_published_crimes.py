"""The page on protection has the measured figures of published crimes: subtraction, and rare kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sanitiser.places.postcodes import PostcodeIndex
from tests.benchmarks import rare_kinds, subtraction
from tests.benchmarks.banes import district_index
from tests.benchmarks.offences import KINDS
from tests.benchmarks.page import check
from tests.benchmarks.subtraction import MISSED, nearest_first


@pytest.fixture(scope="module")
def index(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    assert shared_data.is_dir()
    return district_index(tmp_path_factory.mktemp("district"))


@pytest.fixture(scope="module")
def missing(index: PostcodeIndex) -> dict[str, float]:
    return subtraction.missing_found(index)


@pytest.fixture(scope="module")
def single(index: PostcodeIndex) -> dict[str, float]:
    return rare_kinds.single_events(index)


def test_the_page_has_the_measured_figures_of_subtraction(missing: dict[str, float]) -> None:
    check("subtraction", subtraction.on_page(missing))


def test_the_page_has_the_measured_figures_of_rare_kinds(single: dict[str, float]) -> None:
    check("rare-kinds", rare_kinds.on_page(single))


def test_weeks_and_sectors_tell_less_of_what_is_missing(missing: dict[str, float]) -> None:
    for name in MISSED.values():
        by_day, by_week = (
            missing[f"{name}_found_by_{way}"] for way in ("days_and_postcodes", "weeks_and_sectors")
        )
        assert missing[f"{name}_missing"] <= by_week < by_day


def test_as_many_crimes_are_marked_as_are_missing(missing: dict[str, float]) -> None:
    for name, found in missing.items():
        if "_found_by_" in name:
            assert missing[name.replace("_found_", "_right_")] == found


def test_the_example_names_no_place_of_few_homes(single: dict[str, float]) -> None:
    assert single["single_at_few_homes_central"] > 0
    assert single["single_at_few_homes_second_by_week_and_sector"] == 0


def test_a_release_is_given_to_the_nearest_crime_that_has_none_yet() -> None:
    metres = np.array([[5.0, 1.0], [2.0, 3.0], [4.0, np.inf]])
    assert nearest_first(metres) == {0, 1}
    assert nearest_first(np.array([[np.inf, np.inf], [7.0, np.inf]])) == {1}


def test_a_code_is_of_one_published_kind() -> None:
    codes = [code for kind in KINDS.values() for code in kind.codes]
    assert len(codes) == len(set(codes))
