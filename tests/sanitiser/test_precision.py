"""Releases of a coarser profile have no date, time or place that is finer than agreed, and say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.places.location import Located, Released
from sanitiser.policy import Policy
from sanitiser.precision import AS_TREATED, Coarser, Precision, first_day, first_millisecond
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.derive import release_schema
from schemas.record_type import COARSEST, EVENT_PLACES, HOME_PLACES

CATALOGUE = load_catalogue()
KEY = ReferenceKey(b"k" * 32)
PLACE = Released("Acacia Avenue", "SW1A 1AA", 654_312, 123_465, "E09000033")
SECTOR = Released(None, "SW1A 1", 654_000, 123_000, "E09000033")
LOCATED = Located(PLACE, "postcode", (), (), (654_321.0, 123_456.0), "E09000033")
PREFIXES = (*EVENT_PLACES, *HOME_PLACES)
LOCATIONS = dict.fromkeys(PREFIXES, LOCATED)
DATASETS = [r.dataset for r in CATALOGUE if COARSEST in r.profiles]
PERIODS: Final = ("week", "month")
MONDAY: Final = 0


def coarser(period: str | None, *, by_sector: bool) -> Coarser:
    to_sector = dict.fromkeys(PREFIXES, lambda _place: SECTOR)
    return Coarser(Precision(period, by_sector, 8), to_sector if by_sector else {})


def released(
    dataset: str, of: Coarser, caveats: list[str] | None = None, **fields: Any
) -> dict[str, Any]:
    record_type = CATALOGUE.record_type(dataset)
    policy = Policy(
        record_type, COARSEST, KEY, CATALOGUE.code_lists, premises=lambda text: text, coarser=of
    )
    record = {f.name: None for f in record_type.fields} | fields
    return policy.release("police", record, LOCATIONS, caveats or [])


def filled(dataset: str, day: date, at: time) -> dict[str, Any]:
    """All dates and times of a record, and its instants in UTC."""
    record_type = CATALOGUE.record_type(dataset)
    values: dict[str, Any] = {"date": day, "time": at}
    return {f.name: values[f.kind] for f in record_type.fields if f.kind in values}


@pytest.mark.parametrize(
    ("period", "day", "first"),
    [
        ("week", date(2026, 3, 2), date(2026, 3, 2)),
        ("week", date(2026, 3, 8), date(2026, 3, 2)),
        ("week", date(2026, 1, 1), date(2025, 12, 29)),
        ("month", date(2026, 3, 31), date(2026, 3, 1)),
        ("month", date(2024, 2, 29), date(2024, 2, 1)),
    ],
)
def test_the_first_day_of_a_period(period: str, day: date, first: date) -> None:
    assert first_day(period, day) == first


@given(st.sampled_from(PERIODS), st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)))
def test_the_time_of_a_message_is_the_first_instant_of_its_period(
    period: str, naive: datetime
) -> None:
    at = naive.replace(tzinfo=UTC)
    first = datetime.fromtimestamp(
        first_millisecond(period, int(at.timestamp() * 1000)) / 1000, UTC
    )
    assert first <= at
    assert first == datetime.combine(first_day(period, at.date()), time(), UTC)


@given(
    st.sampled_from(DATASETS), st.sampled_from(PERIODS),
    st.dates(date(1990, 1, 1), date(2199, 1, 1)), st.times(),
)  # fmt: skip
def test_no_date_or_time_of_a_release_is_finer_than_its_period(
    dataset: str, period: str, day: date, at: time
) -> None:
    given_fields = filled(dataset, day, at)
    out = released(dataset, coarser(period, by_sector=False), **given_fields)
    firsts = [value for value in out.values() if isinstance(value, date)]
    assert firsts, "every dataset of the profile has the date of its event"
    assert set(firsts) == {first_day(period, day)}
    assert not [value for value in out.values() if isinstance(value, time | datetime)]
    record_type = CATALOGUE.record_type(dataset)
    logical = {
        f["name"]
        for f in release_schema(record_type, COARSEST)["fields"]
        if isinstance(f["type"], list) and "time" in str(f["type"][1])
    }
    assert all(out[name] is None for name in logical)


@pytest.mark.parametrize("dataset", DATASETS)
def test_by_sector_a_release_has_no_street_postcode_or_premises(dataset: str) -> None:
    record_type = CATALOGUE.record_type(dataset)
    premises: dict[str, Any] = {
        f.name: "The Crown Inn"
        for f in record_type.released(COARSEST)
        if f.treatments[COARSEST].action == "premises"
    }
    out = released(dataset, coarser(None, by_sector=True), **premises)
    assert "The Crown Inn" not in repr(out)
    for text in ("Acacia", "1AA", "654312", "123465"):
        assert text not in repr(out)
    prefix = record_type.released_places(COARSEST)[0]
    assert [out[f"{prefix}{part}"] for part in Released._fields] == list(SECTOR)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("period", PERIODS)
def test_a_coarser_release_has_the_fields_of_its_schema_and_no_others(
    dataset: str, period: str
) -> None:
    schema = release_schema(CATALOGUE.record_type(dataset), COARSEST)
    out = released(dataset, coarser(period, by_sector=True))
    assert set(out) == {field["name"] for field in schema["fields"]}


def test_a_release_says_which_of_its_fields_are_coarser() -> None:
    out = released(
        "police-incident", coarser("week", by_sector=True), ["incident_time:clock-change"],
        **filled("police-incident", date(2026, 3, 5), time(23, 10)),
    )  # fmt: skip
    assert out["caveats"] == [
        "incident_date:first-day-of-week", "incident_date_to:first-day-of-week",
        "location_postcode:sector", "location_easting:centre-of-sector",
        "location_northing:centre-of-sector",
    ]  # fmt: skip


def test_a_caveat_on_an_empty_field_is_left_out() -> None:
    out = released(
        "police-incident", coarser("month", by_sector=False), incident_date=date(2026, 3, 5)
    )
    assert out["caveats"] == ["incident_date:first-day-of-month"]


def test_without_a_setting_a_release_is_as_its_treatments_make_it() -> None:
    fields = filled("police-incident", date(2026, 3, 5), time(23, 10))
    out = released("police-incident", AS_TREATED, **fields)
    assert (out["incident_date"], out["incident_time"]) == (date(2026, 3, 5), time(23))
    assert (out["location_address"], out["caveats"]) == ("Acacia Avenue", [])
