"""An open case gets records of its supplier alone, and has one version of each, wherever it happened."""

from __future__ import annotations

from typing import Any

import pytest

from streams.disclosure.releases import passages, withdrawals
from tests.isp.cases.table import NOW
from tests.isp.cases.test_waiting import JANE, READING, Waiting


def test_a_case_gets_no_record_of_an_agency_that_did_not_approve_it() -> None:
    case = Waiting()
    case.publish("C-1", JANE)
    (intake,) = case.intake
    another = READING._replace(agency="transport-police")
    assert list(passages(intake, another, [case.open_case], lambda _: (), NOW)) == []
    assert list(withdrawals(intake, another, [case.open_case], NOW)) == []
    assert len(list(passages(intake, READING, [case.open_case], lambda _: (), NOW))) == 1


@pytest.mark.parametrize(
    "place",
    [
        {"home_postcode": "BA1 1AB"},
        {"home_easting": 100_000.0, "home_northing": 900_000.0},
        {"home_postcode": None},
    ],
    ids=["another area", "no area", "unknown"],
)
def test_a_correction_that_moves_it_replaces_what_a_case_has(place: dict[str, Any]) -> None:
    """A record has one name in a case, whatever its area, its day and the keys of the stream are."""
    case = Waiting()
    case.publish("C-1", JANE | {"home_postcode": "BA2 2QH"})
    case.publish("C-1", JANE | place)
    first, second = case.go_on()
    assert first.output.key == second.output.key
    assert first.output.value != second.output.value
    assert case.open_case.given == {first.output.key}
