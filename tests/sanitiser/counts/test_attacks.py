"""Counts hold against somebody who may ask any number of questions; docs/counts.md has the figures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sanitiser.counts import attacks
from tests.sanitiser.counts.planted import District, records

CHANCE = 0.5


@pytest.fixture(scope="module")
def held() -> list[dict[str, Any]]:
    return records(a_month=300)


@pytest.fixture(scope="module")
def district() -> District:
    return District(records(a_month=1_000))


def test_two_overlapping_tables_tell_less_of_one_record_than_rounding_or_cell_keys() -> None:
    found = attacks.differencing(attacks.of)
    assert found < 0.56
    assert found < attacks.differencing(attacks.rounded) < attacks.differencing(attacks.cell_key)


def test_a_correction_tells_nothing_as_no_month_is_counted_again(
    held: list[dict[str, Any]],
) -> None:
    found = attacks.correction(held, 5, attacks.as_shown, recounted=False)
    assert found == pytest.approx(1 / 11)


def test_a_correction_would_tell_if_months_were_counted_again(held: list[dict[str, Any]]) -> None:
    assert attacks.correction(held, 5, attacks.only_rounded, recounted=True) > 0.5


def test_averaging_all_tables_around_a_cell_hardly_finds_its_one_record(
    held: list[dict[str, Any]],
) -> None:
    assert attacks.small_count(held, range(1, 2), 30) < 0.7


def test_wards_and_lsoas_do_not_tell_a_record_between_their_borders(
    held: list[dict[str, Any]],
) -> None:
    assert attacks.geographies(held, 8) < 0.85


def test_who_knows_the_place_and_time_learns_nothing_beyond_what_is_common(
    district: District,
) -> None:
    usual = attacks.guesses_the_commoner(district, 400)
    assert attacks.knows_the_place_and_time(district, 400) < usual + 0.05


def test_one_table_tells_hardly_anything_to_who_knows_all_other_records(district: District) -> None:
    assert attacks.knows_all_others_asks_once(district, 400) < CHANCE + 0.1


def test_all_tables_do_tell_who_knows_all_other_records_exactly(district: District) -> None:
    # No limit of what may be asked prevents this at this accuracy. docs/counts.md says so.
    assert 0.7 < attacks.knows_all_others(district, 400) < 1
