"""A released record is a case if it has a type, one day and a point."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Case, Stream
from schemas.catalogue import Catalogue
from streams.emerging.case_rows import RowError, case_bytes, read_case
from streams.emerging.cases import CaseReader
from streams.emerging.schedule import EPOCH

DAY = date(2026, 7, 14)
RELEASED = {
    "record_id": "a1",
    "source_agency": "police",
    "incident_type": "street-disorder",
    "incident_date": DAY,
    "incident_date_to": None,
    "incident_time": time(23, 15),
    "location_address": "Acacia Avenue",
    "location_postcode": "BA1 1AB",
    "location_easting": 375_100,
    "location_northing": 165_000,
    "location_district": "E06000022",
}


def reader(catalogue: Catalogue, profile: str = "central") -> CaseReader:
    record_type = catalogue.record_type("police-incident")
    assert record_type.problem is not None
    return CaseReader(record_type, record_type.problem, profile)


def test_a_case_has_what_was_released_and_nothing_else(catalogue: Catalogue) -> None:
    instant = datetime(2026, 7, 14, 22, 15, tzinfo=UTC)
    case = reader(catalogue).case_of(RELEASED | {"incident_utc": instant})
    assert case == Case(
        "a1", Stream("police-incident", "central"), "police", "street-disorder", 375_100, 165_000,
        DAY.toordinal() - EPOCH, int(instant.timestamp()) // 60, hour_only=False,
        street="Acacia Avenue", postcode="BA1 1AB", district="E06000022",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"incident_type": None},
        {"incident_date": None},
        {"incident_date_to": date(2026, 7, 15)},
        {"location_easting": None},
        {"location_northing": None},
    ],
)
def test_a_record_without_a_type_a_day_or_a_point_or_with_a_range_of_days_is_no_case(
    catalogue: Catalogue, change: dict[str, Any]
) -> None:
    assert reader(catalogue).case_of(RELEASED | change) is None


def test_a_range_of_one_day_is_a_day(catalogue: Catalogue) -> None:
    assert reader(catalogue).case_of(RELEASED | {"incident_date_to": DAY}) is not None


def test_a_time_to_the_hour_is_local_and_says_so(catalogue: Catalogue) -> None:
    case = reader(catalogue, "second").case_of(RELEASED | {"incident_time": time(23)})
    assert case is not None
    assert case.hour_only
    assert case.minute == int(datetime(2026, 7, 14, 22, tzinfo=UTC).timestamp()) // 60


def test_a_time_that_is_not_known_is_none(catalogue: Catalogue) -> None:
    case = reader(catalogue).case_of(RELEASED | {"incident_time": None})
    assert case is not None
    assert (case.minute, case.hour_only) == (None, False)


TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20)
CASES = st.builds(
    Case,
    TEXT,
    st.builds(Stream, TEXT, TEXT),
    TEXT,
    TEXT,
    st.integers(0, 700_000),
    st.integers(0, 1_300_000),
    st.integers(0, 40_000),
    st.none() | st.integers(-(10**8), 10**8),
    st.booleans(),
    TEXT,
    TEXT,
    TEXT,
)


@given(CASES)
def test_a_case_is_read_as_it_was_written(case: Case) -> None:
    assert read_case(case_bytes(case)) == case


@given(st.binary(max_size=80))
def test_a_row_that_is_no_case_is_told(row: bytes) -> None:
    try:
        case = read_case(row)
    except RowError:
        return
    assert isinstance(case, Case)
