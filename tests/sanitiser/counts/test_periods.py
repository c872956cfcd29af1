from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.counts.periods import (
    MONTHS_IN,
    Span,
    month_label,
    month_of,
    read_month,
    usual_span,
)

MONTHS = st.integers(min_value=0, max_value=9_999 * 12 + 11)


@given(MONTHS, st.integers(min_value=0, max_value=120))
def test_the_parts_of_a_span_have_each_month_once(first: int, more: int) -> None:
    span = Span(first, first + more)
    months = [month for part in span.parts() for month in part.months]
    assert months == list(range(first, first + more + 1))


@given(MONTHS, st.integers(min_value=0, max_value=120))
def test_no_parts_of_a_span_make_up_a_longer_period(first: int, more: int) -> None:
    parts = Span(first, first + more).parts()
    units = [part.unit for part in parts]
    assert units.count("month") <= 4
    assert units.count("quarter") <= 6


def test_a_period_has_the_name_that_people_use() -> None:
    year = Span(read_month("2026-01"), read_month("2026-12"))
    assert [period.label for period in year.each("quarter")] == [
        "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4",
    ]  # fmt: skip
    assert [period.label for period in year.parts()] == ["2026"]
    assert year.label == "2026-01 to 2026-12"
    assert Span(year.first, year.first).label == "2026-01"


@pytest.mark.parametrize("unit", ["quarter", "year"])
def test_a_span_with_a_part_of_a_unit_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match=f"has parts of a {unit}; accepted: whole {unit}s"):
        Span(read_month("2026-02"), read_month("2026-12")).each(unit)


@given(st.dates(min_value=date(1, 1, 1)))
def test_a_month_is_read_as_it_is_named(day: date) -> None:
    assert read_month(month_label(month_of(day))) == month_of(day)
    assert month_label(month_of(day)) == f"{day.year:04}-{day.month:02}"


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-01", "2026-01-01", "", "２026-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month; accepted: a year and a month"):
        read_month(text)


@given(st.sampled_from(list(MONTHS_IN)), MONTHS, st.integers(min_value=24, max_value=60))
def test_without_a_choice_the_last_year_of_whole_periods_is_counted(
    unit: str, first: int, more: int
) -> None:
    months = Span(first, first + more)
    usual = usual_span(unit, months)
    assert months.first <= usual.first <= usual.last <= months.last
    assert usual.last - usual.first == 11
    assert usual.each(unit)
    assert months.last - usual.last < MONTHS_IN[unit]
