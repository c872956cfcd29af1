"""Recall: ages count at the offence that the crime reference joins, and bracket no birthday."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isp.agreement.protocol import Protocol
from sanitiser.people.ages import whole_years
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue, load_catalogue
from streams.state.store import StateStore
from streams.steps.recall import SteadyAges, asks_for_dates
from tests.streams.partnership import DAY, NOW, TODAY, Partnership, offence

CATALOGUE = load_catalogue()
KEY = ReferenceKey(b"k" * 32)
BORN = date(1990, 6, 10)
"""Turned 34 four days before the tests' day, so age tells which day it counts at."""


def steady(born: date, days: list[date], dataset: str = "hospital-assault") -> list[int]:
    ages = SteadyAges(CATALOGUE.record_type(dataset), "hospital", KEY, StateStore())
    given_ages = []
    for day in days:
        record: dict[str, Any] = {"patient_reference": "P-1", "age": whole_years(born, day)}
        ages(record, day)
        given_ages.append(record["age"])
    return given_ages


DAYS = st.lists(st.dates(date(2015, 1, 1), date(2026, 1, 1)), min_size=1, max_size=8)


@given(days=DAYS, first=st.integers(0, 363), other=st.integers(0, 363), age=st.integers(12, 90))
def test_two_people_of_one_age_have_the_same_ages_ever_after(
    days: list[date], first: int, other: int, age: int
) -> None:
    latest = whole_years_before(days[0], age)
    one, two = (latest - timedelta(days=n) for n in (first, other))
    assert whole_years(one, days[0]) == whole_years(two, days[0])
    assert steady(one, days) == steady(two, days)


@given(days=DAYS, born=st.dates(date(1930, 1, 1), date(2000, 1, 1)))
def test_a_steady_age_is_the_true_one_at_first_and_never_more_than_a_year_off(
    days: list[date], born: date
) -> None:
    true = [whole_years(born, day) for day in days]
    made = steady(born, days)
    assert made[0] == true[0]
    assert all(abs(a - b) <= 1 for a, b in zip(made, true, strict=True))


def test_an_age_that_is_far_off_is_a_correction() -> None:
    ages = SteadyAges(CATALOGUE.record_type("hospital-assault"), "hospital", KEY, StateStore())
    for given_age in (30, 52, 52):
        record: dict[str, Any] = {"patient_reference": "P-1", "age": given_age}
        ages(record, TODAY)
        assert record["age"] == given_age


def whole_years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def offender(**fields: Any) -> dict[str, Any]:
    return {
        "crime_reference": "CR/2024/001",
        "offender_reference": "O-1",
        "date_of_birth": BORN,
    } | fields


def partnership(protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(protocol, catalogue, index)


def test_only_files_without_dates_ask_for_those_of_their_case() -> None:
    asking = {r.dataset for r in CATALOGUE if asks_for_dates(r)}
    assert {"police-crime-offender", "police-crime-victim"} <= asking
    assert not asking & {"police-crime-offence", "hospital-assault", "police-stop-search"}


def test_an_offender_has_the_age_of_the_offences_date(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    made = partnership(full_protocol, catalogue, index)
    crime = offence(committed_from_date=date(2024, 6, 9))
    result = made.process(
        made.intake("police-crime-offence", crime), made.intake("police-crime-offender", offender())
    )
    (released,) = (r for r in made.releases(result, "central") if "offender_reference" in r)
    assert released["age"] == 33
    assert released["caveats"] == ["age:from-date_of_birth-at-event"]


def test_an_offender_of_an_unknown_offence_has_the_age_of_the_supply_and_says_so(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    made = partnership(full_protocol, catalogue, index)
    result = made.process(made.intake("police-crime-offender", offender()))
    (released,) = made.releases(result, "central")
    assert released["age"] == 34
    assert released["caveats"] == ["age:from-date_of_birth-at-supply"]


def test_an_aborted_batch_is_not_remembered_and_a_committed_one_is(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    made = partnership(full_protocol, catalogue, index)
    crime = made.intake("police-crime-offence", offence(committed_from_date=date(2024, 6, 9)))
    whose = made.intake("police-crime-offender", offender())

    def caveats() -> list[str]:
        (released,) = made.releases(made.process(whose), "central")
        return list(released["caveats"])

    made.process(crime)
    assert caveats() == ["age:from-date_of_birth-at-supply"]
    made.pipeline.state.commit(made.process(crime).changes)
    assert caveats() == ["age:from-date_of_birth-at-event"]


def test_a_second_supply_on_a_later_day_tells_the_age_of_the_first(
    full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    made = partnership(full_protocol, catalogue, index)
    before_birthday = offender(date_of_birth=date(1990, 6, 15))
    first = made.process(made.intake("police-crime-offender", before_birthday))
    later = Partnership.of(full_protocol, catalogue, index, now=NOW + timedelta(days=7))
    later.pipeline.state.begin(DAY)
    later.pipeline.state.commit(first.changes)
    second = later.process(later.intake("police-crime-offender", before_birthday))
    ages = [p.releases(r, "central")[0]["age"] for p, r in ((made, first), (later, second))]
    assert ages == [33, 33]
