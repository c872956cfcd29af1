"""Sanitise: one release for each profile that may have the row."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.policy import Policy
from schemas.catalogue import Catalogue
from streams.steps.geocode import Geocoder
from streams.steps.sanitise import Policies, Release
from tests.streams.partnership import KEY


@pytest.fixture
def sanitise(catalogue: Catalogue, index: PostcodeIndex) -> Any:
    record_type = catalogue.record_type("police-incident")
    policies = [Policy(record_type, p, KEY, catalogue.code_lists) for p in ("central", "second")]
    geocode = Geocoder(record_type, Locator(index))
    blank = {f.name: None for f in record_type.fields} | {"incident_utc": None}

    def run(**fields: Any) -> list[Release]:
        record = blank | {"incident_reference": "IN-1", "incident_date": date(2024, 6, 1)}
        record |= {"incident_type": "noise"} | fields
        return Policies(policies).releases(
            "police", record, geocode.locate(record), ["domestic:set-from-incident_type"], ()
        )

    return run


def test_a_row_known_not_to_be_domestic_goes_to_both_groups(sanitise: Any) -> None:
    assert [r.profile for r in sanitise(domestic=False)] == ["central", "second"]


@pytest.mark.parametrize("flag", [True, None])
def test_any_other_goes_to_the_central_group_alone(sanitise: Any, flag: Any) -> None:
    assert [r.profile for r in sanitise(domestic=flag)] == ["central"]


def test_the_second_group_is_told_the_hour_and_nothing_about_fields_it_has_not(
    sanitise: Any,
) -> None:
    central, second = sanitise(domestic=False, incident_time=time(13, 45))
    assert central.record["incident_time"] == time(13, 45)
    assert second.record["incident_time"] == time(13, 0)
    assert central.record["caveats"] == ["domestic:set-from-incident_type"]
    assert second.record["caveats"] == []
    assert "domestic" not in second.record


def test_no_policy_means_no_release() -> None:
    assert Policies([]).releases("police", {}, {}, [], ()) == []
