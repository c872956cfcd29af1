"""Ages count whole years, and their bands meet without gap or overlap."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.people.ages import band, whole_years


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2000, 6, 15), date(2024, 6, 14), 23),
        (date(2000, 6, 15), date(2024, 6, 15), 24),
        (date(2000, 2, 29), date(2023, 2, 28), 22),
        (date(2000, 2, 29), date(2023, 3, 1), 23),
        (date(2024, 6, 15), date(2024, 6, 15), 0),
    ],
)
def test_a_birthday_counts_from_its_own_day(born: date, on: date, years: int) -> None:
    assert whole_years(born, on) == years


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.dates(date(1900, 1, 1), date(2030, 1, 1)))
def test_nobody_grows_younger(first: date, second: date) -> None:
    born, earlier = date(1890, 3, 3), min(first, second)
    assert whole_years(born, earlier) <= whole_years(born, max(first, second))


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "0-9"), (9, "0-9"), (10, "10-17"), (17, "10-17"), (18, "18-24"), (64, "55-64"),
        (65, "65+"), (120, "65+"),
    ],
)  # fmt: skip
def test_bands_begin_at_ten_eighteen_and_decades_from_twenty_five(age: int, expected: str) -> None:
    assert band(age) == expected
