"""The measurement of joined cases, on a small district."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.generator.district import Point
from tests.benchmarks.joined_cases import cases_of_district, joined_cases, on_page
from tests.benchmarks.page import check
from tests.streams.partnership import POSTCODES, small_index


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    folder: Path = tmp_path_factory.mktemp("index")
    points = [Point(postcode, e, n) for postcode, e, n, _ in POSTCODES]
    return joined_cases(small_index(folder), points, 1_500)


def test_no_case_has_fewer_than_k_cases_alike_if_the_joined_case_is_checked(
    figures: dict[str, float],
) -> None:
    assert figures["cases_joined"] > 100
    assert figures["under_k_unchecked"] > figures["under_k_alone"] > 0
    assert figures["under_k_joined"] == 0


def test_the_check_of_the_joined_case_costs_attributes_and_keeps_some(
    figures: dict[str, float],
) -> None:
    assert 1 == figures["kept_unchecked"] > figures["kept_alone"] > figures["kept_joined"] > 0


def test_the_page_has_the_figures_that_are_measured(shared_data: Path, tmp_path: Path) -> None:
    assert shared_data.is_dir()
    check("joined-cases", on_page(cases_of_district(tmp_path)))
