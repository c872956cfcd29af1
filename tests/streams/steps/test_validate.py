"""Validate: every value is read as declared, and everything wrong is found at once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import load_catalogue
from schemas.record_type import RecordType
from streams.steps.problems import Problem
from streams.steps.validate import EARLIEST, LONGEST_TEXT, Validator

TODAY = date(2024, 6, 14)
NOW = datetime.combine(TODAY, time(12))
CATALOGUE = load_catalogue()
VALIDATORS = {t.dataset: Validator(t, CATALOGUE.code_lists) for t in CATALOGUE}


def validate(dataset: str, **fields: Any) -> tuple[dict[str, Any], list[Problem]]:
    required: dict[str, Any] = {
        "police-incident": {"incident_reference": "IN-1", "incident_date": date(2024, 6, 1)},
        "police-crime-offence": {"crime_reference": "C", "committed_from_date": date(2024, 6, 1)},
        "fire-incident": {"incident_reference": "F-1", "incident_date": date(2024, 6, 1)},
    }[dataset]
    return VALIDATORS[dataset].read(required | fields, NOW)


def read(dataset: str, field: str, value: Any) -> Any:
    """The typed value, or the reason why there is none."""
    record, problems = validate(dataset, **{field: value})
    found = [p.reason for p in problems if p.field == field]
    return found[0] if found else record[field]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2024, 3, 1), date(2024, 3, 1)),
        ("2024-03-01", date(2024, 3, 1)),
        (" 2024-03-01 ", date(2024, 3, 1)),
        ("", None),
        ("20240301", "not-a-date"),
        ("2024-W09-5", "not-a-date"),
        ("01/03/2024", "not-a-date"),
        ("2023-02-29", "not-a-date"),
        ("2024-03", "not-a-date"),
        ("0024-03-01", "too-early"),
        ("2024-06-15", "in-the-future"),
    ],
)
def test_dates(value: Any, expected: Any) -> None:
    assert read("police-incident", "incident_date_to", "2024-06-14") == TODAY
    found = VALIDATORS["fire-incident"].read(
        {"incident_reference": "F", "incident_date": value}, NOW
    )
    record, problems = found
    reasons = [p.reason for p in problems if p.reason != "missing"]
    assert (reasons[0] if reasons else record["incident_date"]) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (time(9, 30), time(9, 30)),
        ("09:30", time(9, 30)),
        ("09:30:15", time(9, 30, 15)),
        ("00:00", time(0, 0)),
        ("", None),
        ("  ", None),
        ("9:30", "not-a-time"),
        ("24:00", "not-a-time"),
        ("0930", "not-a-time"),
        ("09", "not-a-time"),
        ("09:30+01:00", "not-a-time"),
        ("09:30:15+01:00", "not-a-time"),
        ("09:30:15.5", "not-a-time"),
        ("unknown", "not-a-time"),
    ],
)
def test_times(value: Any, expected: Any) -> None:
    assert read("police-incident", "incident_time", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True), (False, False), ("Y", True), ("yes", True), ("1", True), ("TRUE", True),
        ("n", False), ("No", False), ("0", False), ("", None), (None, None),
        ("perhaps", "not-a-flag"), ("U", "not-a-flag"),
    ],
)  # fmt: skip
def test_flags(value: Any, expected: Any) -> None:
    found = read("police-incident", "domestic", value)
    assert found is expected if isinstance(expected, bool | None) else found == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12.5, 12.5), ("12.5", 12.5), (" 700000 ", 700_000.0), ("0", 0.0), ("", None),
        ("-0.1", "out-of-range"), ("700000.1", "out-of-range"), (float("nan"), "not-a-number"),
        ("nan", "not-a-number"), ("inf", "not-a-number"), ("east", "not-a-number"),
        ("1_000", "not-a-number"), ("375,000", "not-a-number"),
    ],
)  # fmt: skip
def test_numbers(value: Any, expected: Any) -> None:
    assert read("police-incident", "location_easting", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3), ("3", 3), (" 12 ", 12), ("0", 0), ("", None), ("-1", "not-a-count"),
        (-1, "out-of-range"), (1001, "out-of-range"), ("2.0", 2),
        ("\u0663", "not-a-count"), ("9" * 5000, "not-a-count"),
    ],
)  # fmt: skip
def test_counts(value: Any, expected: Any) -> None:
    assert read("fire-incident", "casualties", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noise", "noise"),
        ("NOISE  nuisance", "noise"),
        (" Domestic Dispute ", "domestic-incident"),
        ("", None),
        ("   ", None),
        ("a row about noise", "unknown-code"),
    ],
)
def test_codes_are_read_by_their_spelling(value: str, expected: str | None) -> None:
    assert read("police-incident", "incident_type", value) == expected


def test_codes_of_a_form_are_read_by_their_form() -> None:
    assert read("police-crime-offence", "offence_code", " 28A ") == "28A"
    assert read("police-crime-offence", "offence_code", "8/06") == "8/06"
    assert read("police-crime-offence", "offence_code", "burglary") == "unknown-code"


def test_a_text_is_trimmed_and_an_empty_one_is_unknown() -> None:
    assert read("police-incident", "narrative", "  told \n") == "told"
    assert read("police-incident", "narrative", " \n ") is None
    assert read("police-incident", "narrative", "x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    assert read("police-incident", "narrative", "x" * (LONGEST_TEXT + 1)) == "too-long"


def test_everything_that_is_wrong_is_found_at_once() -> None:
    _, problems = VALIDATORS["police-crime-offence"].read(
        {
            "committed_from_date": "yesterday", "committed_to_date": "2031-01-01",
            "domestic": "U", "location_easting": "x", "offence_category": "Naughtiness",
        },
        NOW,
    )  # fmt: skip
    assert {p.code for p in problems} == {
        "crime_reference:missing", "committed_from_date:not-a-date",
        "committed_to_date:in-the-future", "domestic:not-a-flag",
        "location_easting:not-a-number", "offence_category:unknown-code",
    }  # fmt: skip


def test_a_problem_shows_what_was_given_and_what_is_accepted() -> None:
    _, problems = validate("police-incident", location_easting="x", domestic="U" * 500)
    by_field = {p.field: p for p in problems}
    assert by_field["location_easting"].given == "x"
    assert by_field["location_easting"].accepted.startswith("a number from 0 to 700000 (metre")
    assert by_field["domestic"].given == "U" * 200
    assert by_field["domestic"].accepted == "true or false, yes or no"


def test_a_required_value_that_cannot_be_read_is_one_fault_not_two() -> None:
    _, problems = VALIDATORS["fire-incident"].read(
        {"incident_reference": "F", "incident_date": "x"}, NOW
    )
    assert [p.code for p in problems] == ["incident_date:not-a-date"]


@pytest.mark.parametrize(
    ("start", "end", "in_order"),
    [
        (("2024-06-01", "10:00"), ("2024-06-01", "10:00"), True),
        (("2024-06-01", "10:00"), ("2024-06-01", "09:59"), False),
        (("2024-06-01", "10:00"), ("2024-06-02", "09:00"), True),
        (("2024-06-01", "10:00"), ("2024-06-01", None), True),
        (("2024-06-01", None), ("2024-06-01", "09:00"), True),
        (("2024-06-02", None), ("2024-06-01", None), False),
        (("2024-06-02", "10:00"), (None, "09:00"), True),
    ],
)
def test_an_end_before_its_start_is_left_out(
    start: tuple[str, str | None], end: tuple[str | None, str | None], *, in_order: bool
) -> None:
    record, problems = validate(
        "police-crime-offence",
        committed_from_date=start[0], committed_from_time=start[1],
        committed_to_date=end[0], committed_to_time=end[1],
    )  # fmt: skip
    assert [p.code for p in problems] == (
        [] if in_order else ["committed_to_date:before-its-start"]
    )
    assert record["committed_from_date"] is not None
    if not in_order:
        assert record["committed_to_date"] is None
        assert record["committed_to_time"] is None


def test_a_range_that_ends_before_it_begins_loses_its_end() -> None:
    record, problems = validate("police-incident", incident_date_to="2024-05-31")
    assert record["incident_date_to"] is None
    assert [p.code for p in problems] == ["incident_date_to:before-its-start"]
    assert problems[0].given == "2024-05-31"


def test_a_date_is_never_before_the_earliest() -> None:
    assert read("police-incident", "incident_date_to", date(1899, 12, 29)) == "too-early"
    assert date(1900, 1, 1) == EARLIEST


@pytest.mark.parametrize(
    ("at", "expected"),
    [("12:10", time(12, 10)), ("12:11", "in-the-future"), ("23:59", "in-the-future")],
)
def test_a_time_that_has_not_come_yet_is_none_but_for_clocks_that_go_fast(
    at: str, expected: Any
) -> None:
    record, problems = validate("police-incident", incident_date=TODAY, incident_time=at)
    reasons = [p.reason for p in problems]
    assert (reasons[0] if reasons else record["incident_time"]) == expected
    yesterday, problems = validate(
        "police-incident", incident_date=TODAY - timedelta(days=1), incident_time="23:59"
    )
    assert (yesterday["incident_time"], problems) == (time(23, 59), [])


def test_on_the_day_on_which_clocks_go_back_an_end_may_seem_earlier_than_its_start() -> None:
    fields = {"committed_from_time": "01:50", "committed_to_time": "01:10"}
    validator = VALIDATORS["police-crime-offence"]
    for day, kept in [("2023-10-29", True), ("2023-10-28", False), ("2023-03-26", True)]:
        dates = {"committed_from_date": day, "committed_to_date": day}
        record, _ = validator.read({"crime_reference": "C"} | dates | fields, NOW)
        assert (record["committed_to_time"] is not None) is kept


def test_a_record_known_by_its_supplys_reference_must_say_something() -> None:
    validator = VALIDATORS["school-exclusion"]
    _, problems = validator.read({"record_reference": "5f3c-1"}, NOW)
    assert [p.code for p in problems] == ["record_reference:nothing-else"]
    _, problems = validator.read({"record_reference": "5f3c-1", "gender": "male"}, NOW)
    assert problems == []


@pytest.mark.parametrize(
    ("given", "expected"), [("17.0", 17), ("17.00", 17), ("17.5", "not-a-count")]
)
def test_a_whole_number_may_be_written_as_software_with_decimals_writes_it(
    given: str, expected: Any
) -> None:
    record, problems = VALIDATORS["police-crime-victim"].read(
        {"crime_reference": "C", "record_reference": "1", "age": given}, NOW
    )
    reasons = [p.reason for p in problems]
    assert (reasons[0] if reasons else record["age"]) == expected


@given(data=st.data())
def test_whatever_text_a_field_holds_is_read_or_found_wrong(data: st.DataObject) -> None:
    record_type = CATALOGUE.record_type(data.draw(st.sampled_from(sorted(VALIDATORS))))
    shapes = st.one_of(st.text(max_size=30), st.from_regex(r"[\d:+.\-TW ]{0,12}"), st.none())
    given_fields = {f.name: data.draw(shapes) for f in record_type.fields}
    record, problems = VALIDATORS[record_type.dataset].read(given_fields, NOW)
    kinds = {"flag": bool, "count": int, "number": float, "date": date, "time": time, "text": str}
    for field in record_type.fields:
        value = record[field.name]
        assert value is None or isinstance(value, kinds[field.kind])
        if isinstance(value, time):
            assert value.tzinfo is None
    assert len({p.field for p in problems}) == len(problems)


def test_a_validator_does_not_change_what_it_was_given() -> None:
    original = {"incident_reference": " F ", "incident_date": "2024-06-01"}
    before = dict(original)
    VALIDATORS["fire-incident"].read(original, NOW)
    assert original == before


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("NULL", "missing"),
        (" n/a ", "missing"),
        ("#N/A", "missing"),
        ("to be  confirmed", "missing"),
        ("--", "missing"),
        ("000", "missing"),
        ("1.2E+11", "spoilt-by-a-spreadsheet"),
        ("4.56789e+15", "spoilt-by-a-spreadsheet"),
        ("1E5", None),
        ("NA-7", None),
        ("10", None),
    ],
)
def test_a_reference_that_is_none_is_a_fault_in_a_stream_as_in_a_file(
    given: str, reason: str | None
) -> None:
    record, problems = validate("police-incident", incident_reference=given)
    assert [p.reason for p in problems] == ([reason] if reason else [])
    assert record["incident_reference"] == (None if reason else given.strip())
    assert all(p.given == given.strip() for p in problems)


@pytest.mark.parametrize("record_type", list(CATALOGUE), ids=lambda t: t.dataset)
def test_no_record_type_takes_a_word_for_none_as_what_names_its_records(
    record_type: RecordType,
) -> None:
    texts = [n for n in record_type.identity if record_type.field(n).kind == "text"]
    assert texts
    record, problems = VALIDATORS[record_type.dataset].read(dict.fromkeys(texts, "N/A"), NOW)
    assert {p.field for p in problems if p.given == "N/A"} == set(texts)
    assert not any(record[name] for name in texts)


def test_the_zero_of_computers_is_a_day_for_births_and_for_events_with_a_time_of_their_own() -> (
    None
):
    day = date(1970, 1, 1)
    for at, kept in ((None, None), (time(0), None), (time(1), None), (time(9, 30), day)):
        record, _ = validate("police-incident", incident_date=day, incident_time=at)
        assert record["incident_date"] == kept
        assert record["incident_time"] == (at if kept else None)
    given = {"crime_reference": "C", "offender_reference": "O", "date_of_birth": day}
    record, problems = VALIDATORS["police-crime-offender"].read(given, NOW)
    assert (record["date_of_birth"], problems) == (day, [])
