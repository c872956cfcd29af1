"""Clean: caveats for what is optional, faults for what is required, instants where certain."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.catalogue import load_catalogue
from schemas.london import LONDON
from streams.steps.clean import Cleaned, Cleaner, utc_milliseconds
from streams.steps.problems import Problem

CATALOGUE = load_catalogue()
TODAY = date(2024, 6, 14)


def clean(dataset: str, problems: list[Problem] | None = None, **fields: Any) -> Cleaned:
    record_type = CATALOGUE.record_type(dataset)
    record = {f.name: None for f in record_type.fields} | fields
    return Cleaner(record_type).clean(record, problems or [], TODAY)


def milliseconds(*at: int) -> int:
    return int(datetime(*at, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def problem(field: str) -> Problem:
    return Problem(field, "bad", "x", "y")


def test_a_problem_of_a_required_field_is_a_fault_any_other_a_caveat() -> None:
    problems = [problem("incident_date"), problem("domestic"), problem("incident_reference")]
    cleaned = clean("police-incident", problems)
    assert cleaned.faults == [problems[0], problems[2]]
    assert cleaned.caveats == ["domestic:bad"]


def test_a_caveat_does_not_quote_the_value() -> None:
    cleaned = clean("police-incident", [Problem("domestic", "not-a-flag", "secret", "yes or no")])
    assert cleaned.caveats == ["domestic:not-a-flag"]


@pytest.mark.parametrize("flag", [False, None])
def test_a_domestic_code_sets_the_flag_with_a_caveat(flag: bool | None) -> None:
    cleaned = clean("police-incident", incident_type="domestic-incident", domestic=flag)
    assert cleaned.record["domestic"] is True
    assert cleaned.caveats == ["domestic:set-from-incident_type"]


def test_a_flag_that_is_set_already_has_no_caveat() -> None:
    cleaned = clean("police-incident", incident_type="domestic-incident", domestic=True)
    assert (cleaned.record["domestic"], cleaned.caveats) == (True, [])


@pytest.mark.parametrize("flag", [True, False, None])
def test_another_code_says_nothing_about_the_flag(*, flag: bool | None) -> None:
    cleaned = clean("police-incident", incident_type="noise", domestic=flag)
    assert cleaned.record["domestic"] is flag


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2024, 1, 15), time(9, 30), milliseconds(2024, 1, 15, 9, 30)),
        (date(2024, 7, 15), time(9, 30), milliseconds(2024, 7, 15, 8, 30)),
        (date(2024, 7, 1), time(0, 30), milliseconds(2024, 6, 30, 23, 30)),
        (date(2024, 3, 31), time(0, 59, 59), milliseconds(2024, 3, 31, 0, 59, 59)),
        (date(2024, 3, 31), time(1, 30), None),
        (date(2024, 3, 31), time(2, 0), milliseconds(2024, 3, 31, 1, 0)),
        (date(2024, 10, 27), time(0, 59), milliseconds(2024, 10, 26, 23, 59)),
        (date(2024, 10, 27), time(1, 0), None),
        (date(2024, 10, 27), time(1, 30), None),
        (date(2024, 10, 27), time(2, 0), milliseconds(2024, 10, 27, 2, 0)),
    ],
)
def test_the_instant_of_a_local_time(day: date, at: time, expected: int | None) -> None:
    assert utc_milliseconds(day, at) == expected


@pytest.mark.parametrize("day", [date(2024, 3, 31), date(2024, 10, 27)])
def test_a_time_the_clock_change_leaves_open_has_a_caveat_and_no_instant(day: date) -> None:
    cleaned = clean("police-incident", incident_date=day, incident_time=time(1, 30))
    assert cleaned.record["incident_utc"] is None
    assert cleaned.record["incident_time"] == time(1, 30)
    assert cleaned.caveats == ["incident_time:clock-change"]


def test_an_unknown_time_stays_unknown_and_has_no_instant() -> None:
    cleaned = clean("police-incident", incident_date=date(2024, 6, 1))
    assert cleaned.record["incident_time"] is None
    assert cleaned.record["incident_utc"] is None
    assert cleaned.caveats == []


def test_every_event_has_its_own_instant() -> None:
    cleaned = clean(
        "police-crime-offence",
        committed_from_date=date(2024, 6, 1), committed_from_time=time(22, 0),
        committed_to_date=date(2024, 12, 1), committed_to_time=time(6, 0),
    )  # fmt: skip
    assert cleaned.record["committed_from_utc"] == milliseconds(2024, 6, 1, 21, 0)
    assert cleaned.record["committed_to_utc"] == milliseconds(2024, 12, 1, 6, 0)


@given(
    day=st.dates(date(1900, 1, 1), date(2037, 12, 31)),
    at=st.times().map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000, fold=0)),
)
def test_an_instant_is_the_one_that_the_time_zone_database_gives(day: date, at: time) -> None:
    given_ms = utc_milliseconds(day, at)
    local = datetime.combine(day, at, LONDON)
    both = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    assume(len(both) == 1)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert given_ms == (both.pop() - epoch) // timedelta(milliseconds=1)
