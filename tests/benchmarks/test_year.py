"""The comparison of a year: an alert that is missing, extra or different is found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.benchmarks.domestic_records import VISITS, domestic_incidents
from tests.benchmarks.year import Alert, Comparison
from tests.benchmarks.year_cases import FIELDS, busiest_homes
from tests.year.batch import expected
from tests.year.district import Supplied, Year

LAST = date(2026, 11, 1)
ONE_HOME = 1


@pytest.fixture(scope="module")
def year() -> list[Supplied]:
    return Year(LAST, 60, ("SW1A 1AA",)).supplied()


@pytest.fixture
def home(year: list[Supplied]) -> str:
    (key,) = busiest_homes(year, ONE_HOME)
    return key


def alert_of(dataset: str, record: Mapping[str, Any]) -> str:
    names = ("incident_reference", "patient_reference", "crime_reference")
    by = "crime_reference" if dataset == "police-crime-offence" else None
    return f"{dataset} {record[by] if by else next(record[n] for n in names if n in record)}"


def alerts_of(year: list[Supplied], home: str) -> dict[str, Alert]:
    """Return the right alerts: of the first record of each event."""
    told = {event.records: event for event in expected(year, ["police"])}
    at = {f"{o.truth.dataset} {o.truth.record}": o.truth.household for o in year}
    made = {}
    for event in expected(year):
        is_personal = home in {at[r] for r in event.records} and FIELDS.keys() & set(event.datasets)
        seen = told[event.records]
        counts = [{"count": count} for count in seen[5:]]
        history = {
            "household": counts[0], "victim": counts[1], "suspect_with_others": counts[4],
            "pair": {"same_direction": counts[2], "other_direction": counts[3]},
        }  # fmt: skip
        made[event.records[0]] = Alert(event.level, {"history": history} if is_personal else None)
    return made


def differences(year: list[Supplied], home: str, alerts: dict[str, Alert]) -> list[str]:
    return Comparison(alert_of, year, alerts, frozenset([home])).differences()


def test_the_right_alerts_have_no_difference(year: list[Supplied], home: str) -> None:
    alerts = alerts_of(year, home)
    assert any(alert.content for alert in alerts.values())
    assert differences(year, home, alerts) == []


def test_a_missing_an_extra_and_a_second_alert_are_found(year: list[Supplied], home: str) -> None:
    alerts = alerts_of(year, home)
    event = next(e for e in expected(year) if sum("victim" not in r for r in e.records) > 1)
    second = next(r for r in event.records[1:])
    found = differences(year, home, alerts | {second: alerts[event.records[0]]})
    assert any(line.startswith("2 alerts") for line in found)
    assert [
        d[:8] for d in differences(year, home, alerts | {"other": Alert("standard", None)})
    ] == ["extra: a"]
    del alerts[event.records[0]]
    assert [d[:8] for d in differences(year, home, alerts)] == ["missing:"]


def test_another_level_kind_or_count_is_found(year: list[Supplied], home: str) -> None:
    alerts = alerts_of(year, home)
    name, told = next((n, a) for n, a in alerts.items() if a.content)
    assert told.content is not None
    found = differences(year, home, alerts | {name: told._replace(level="none")})
    assert [line[:5] for line in found] == ["level"]
    found = differences(year, home, alerts | {name: told._replace(content=None)})
    assert [line[:12] for line in found] == ["not personal"]
    wrong = told.content["history"] | {"victim": {"count": 99}}
    found = differences(year, home, alerts | {name: told._replace(content={"history": wrong})})
    assert [line[:6] for line in found] == ["counts"]


def test_incidents_of_a_household_are_days_apart_and_the_oldest_come_first() -> None:
    made = list(domestic_incidents("R", 9, ["SW1A 1AA"], LAST))
    assert len({r["incident_reference"] for r in made}) == len(made)
    of_one = [
        r["incident_date"] for r in made if r["location_address"] == made[0]["location_address"]
    ]
    assert len(of_one) == VISITS
    assert of_one == sorted(set(of_one))
    assert max(of_one) < LAST
