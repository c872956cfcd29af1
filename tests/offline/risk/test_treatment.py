"""The treatments are derived again, without the code that makes releases."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from offline.risk.treatment import Treatments
from offline.risk.truth import Truth
from schemas.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def treatments(dataset: str, profile: str) -> Treatments:
    return Treatments(CATALOGUE.record_type(dataset), profile, CATALOGUE.code_lists)


def truth(**record: Any) -> Truth:
    return Truth({}, record, frozenset(), {}, {})


def wrong(dataset: str, profile: str, row: dict[str, str], **record: Any) -> list[str]:
    return [name for name, _ in treatments(dataset, profile).wrong(row, truth(**record))]


@pytest.mark.parametrize(
    ("cell", "is_wrong"),
    [("21:00:00", False), ("21:47:00", True), ("20:00:00", True), ("", False)],
)
def test_second_has_the_hour_of_the_original(cell: str, is_wrong: bool) -> None:
    row = {"incident_time": cell}
    found = wrong("police-incident", "second", row, incident_time=time(21, 47))
    assert bool(found) == is_wrong


@pytest.mark.parametrize(
    ("cell", "is_wrong"),
    [
        ("2024-05-15", False), ("2024-05-13", False), ("2024-05", False), ("2024-05-01", False),
        ("2024-05-14", True), ("2024-05-06", True), ("2024-04", True), ("unknown", True),
    ],
)  # fmt: skip
def test_a_date_is_that_of_the_original_or_of_its_week_or_month(
    cell: str,
    is_wrong: bool,
) -> None:
    row = {"incident_date": cell}
    found = wrong("police-incident", "second", row, incident_date=date(2024, 5, 15))
    assert bool(found) == is_wrong


@pytest.mark.parametrize(
    ("cell", "is_wrong"), [("1000", False), ("1347", True), ("2000", True), ("900", True)]
)
def test_an_amount_has_one_figure(cell: str, is_wrong: bool) -> None:
    row = {"damage_value": cell}
    assert bool(wrong("council-asb", "second", row, damage_value=1347)) == is_wrong


@pytest.mark.parametrize(("cell", "is_wrong"), [("35-44", False), ("25-34", True), ("41", True)])
def test_an_age_is_a_band(cell: str, is_wrong: bool) -> None:
    row = {"suspect_age": cell}
    assert bool(wrong("police-stop-search", "second", row, suspect_age=41)) == is_wrong


def test_a_value_that_the_original_does_not_have_is_wrong() -> None:
    row = {"incident_date": "2024-05-15"}
    assert wrong("police-incident", "second", row, incident_date=None) == ["incident_date"]


@pytest.mark.parametrize(
    ("dataset", "record"),
    [
        ("police-incident", {"domestic": True, "incident_type": "anti-social-behaviour"}),
        ("police-incident", {"domestic": None, "incident_type": "anti-social-behaviour"}),
        ("police-crime-offence", {"domestic": False, "offence_code": "19C"}),
        ("police-crime-offence", {"domestic": False, "offence_code": "19C/01"}),
    ],
)
def test_second_may_not_have_rows_that_are_or_may_be_domestic_or_sexual(
    dataset: str, record: dict[str, Any]
) -> None:
    assert treatments(dataset, "second").may_not_have(truth(**record))
    assert not treatments(dataset, "central").may_not_have(truth(**record))


def test_second_may_have_other_rows() -> None:
    record = truth(domestic=False, incident_type="anti-social-behaviour")
    assert not treatments("police-incident", "second").may_not_have(record)
