"""Incidents, crimes and referrals of domestic abuse are about the same people of the same homes."""

from __future__ import annotations

from collections import Counter

import pytest

from demo.generator.households import PREFIXES, household
from demo.generator.police_incidents import DOMESTIC
from demo.generator.town import lay_out
from tests.demo.generated import POSTCODES, SEED, Rows, file_of_district, sample, usable

PEOPLE = ("victim_", "suspect_", *PREFIXES)


@pytest.fixture(scope="module")
def domestic() -> Rows:
    rows = filter(usable, file_of_district("police-incident"))
    return tuple(row for row in rows if row["incident_type"] == DOMESTIC)


def named(rows: Rows, prefix: str) -> set[tuple[str, str]]:
    pairs = {(row[f"{prefix}name"], row[f"{prefix}date_of_birth"]) for row in rows}
    return {(name, born) for name, born in pairs if name}


def test_only_domestic_incidents_name_people() -> None:
    others = [r for r in sample("police-incident") if r["incident_type"] not in {DOMESTIC, "XQ-17"}]
    names = [n for n in others[0] if n.startswith((*PEOPLE, "risk_", "safe_", "children_"))]
    assert len(names) == 23
    assert not any(row[name] for row in others for name in names)


@pytest.mark.parametrize("prefix", PEOPLE)
def test_a_person_of_an_incident_has_a_name_with_a_date_of_birth(
    domestic: Rows, prefix: str
) -> None:
    assert all(born for _, born in named(domestic, prefix))
    assert len(named(domestic, prefix)) > 3


def test_some_households_have_three_incidents_with_the_same_people(domestic: Rows) -> None:
    homes = Counter(r["location_address"] for r in domestic if r["victim_name"])
    assert max(homes.values()) >= 3
    (address, _), *_ = homes.most_common(1)
    of_home = [r for r in domestic if r["location_address"] == address and r["victim_name"]]
    people = {
        frozenset((r["victim_name"], r["suspect_name"]) if r["suspect_name"] else ())
        for r in of_home
    }
    assert len(people - {frozenset()}) == 1


def test_most_incidents_are_assessed_and_some_have_a_safe_contact(domestic: Rows) -> None:
    assert {r["risk_tool"] for r in domestic} == {"DARA", "DASH", ""}
    assert {r["risk_grade"] for r in domestic} == {"Standard", "Medium", "High", ""}
    assert any(r["safe_contact_number"] for r in domestic)
    assert {r["weapon_used"] for r in domestic} == {"true", "false", ""}


def test_referrals_and_crimes_are_of_households_with_incidents(domestic: Rows) -> None:
    referrals = file_of_district("marac-referral")
    assert named(referrals, "victim_") & named(domestic, "victim_")
    victims = {row["name"] for row in file_of_district("police-crime-victim")}
    assert {name for name, _ in named(domestic, "victim_")} & victims


def test_a_household_of_a_referral_can_be_referred_again() -> None:
    victims = Counter(row["victim_name"] for row in sample("marac-referral"))
    assert victims.most_common(1)[0][1] > 1
    assert {row["referral_withdrawn"] for row in sample("marac-referral")} == {"true", "false"}


def test_a_household_is_the_same_by_the_same_number() -> None:
    town = lay_out(POSTCODES, SEED)
    assert household(7, town, SEED) == household(7, town, SEED)
    assert household(7, town, SEED) != household(8, town, SEED)
