"""An open case gets records of its supplier alone, and has one version of each, wherever it happened."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import Any

import pytest

from isp.agreement.topics import MAXIMUM_RECORD_BYTES
from ops.resolve.candidates import Candidate
from ops.resolve.search import bears, ids_about
from sanitiser.identity import Identity
from sanitiser.references import ReferenceKey
from schemas.derive import intake_schema
from schemas.london import london_time
from schemas.wire import decoder, encoder
from streams.decision import Steps
from streams.disclosure.releases import OpenCase, Passage, Reading, passages, withdrawals
from streams.messages import Intake
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder
from streams.steps.validate import Validator
from tests.isp.cases.table import CATALOGUE, NOW
from tests.isp.cases.test_waiting import JANE, NAMES, READING, Waiting, open_case

ASSAULT = CATALOGUE.record_type("hospital-assault")
ASSAULTS = Reading(
    "police",
    ASSAULT,
    Decoder(lambda _: decoder(intake_schema(ASSAULT)), MAXIMUM_RECORD_BYTES),
    Validator(ASSAULT, CATALOGUE.code_lists),
    Cleaner(ASSAULT),
    Identity(ASSAULT),
)
ON_A_DAY: dict[str, Any] = {"incident_date": date(2024, 5, 1), "incident_time": time(22, 30)}


class Assaults:
    """An open case about Jane Roe that gets records of assaults, which their patient and time identify."""

    def __init__(self) -> None:
        case = open_case()
        assert case.grant is not None
        grant = case.grant.model_copy(update={"fields": {ASSAULT.dataset: ("name",)}})
        self.open_case = OpenCase(
            case.model_copy(update={"grant": grant}), bytes(32), (), ReferenceKey(bytes(32)),
            lambda document: json.dumps(document, default=str).encode(), NAMES, "RESTRICTED",
        )  # fmt: skip
        self.offset = 0

    def publish(self, *, erases: bool = False, **fields: Any) -> Passage:
        """Return the release, or the tombstone, of one record to the case."""
        self.offset += 1
        intake = Intake("t", 0, self.offset, b"", assault(**fields), None, 0, erases)
        (passage,) = passages(intake, ASSAULTS, [self.open_case], lambda _: (), NOW)
        return passage


def assault(**fields: Any) -> bytes:
    return encoder(intake_schema(ASSAULT), 100)({"patient_reference": "P-1", **JANE, **fields})


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


def test_records_that_lack_a_part_of_their_identity_do_not_replace_each_other() -> None:
    case = Assaults()
    at_home, outside = case.publish(location_type="at-home"), case.publish(location_type="street")
    assert case.open_case.given == {at_home.output.key, outside.output.key}
    assert len(case.open_case.given) == 2
    assert at_home.reference != outside.reference


def test_an_erasure_of_a_record_that_lacks_a_part_of_its_identity_takes_back_it_alone() -> None:
    case = Assaults()
    at_home, outside = case.publish(location_type="at-home"), case.publish(location_type="street")
    erased = case.publish(location_type="street", erases=True)
    assert (erased.output.key, erased.output.value) == (outside.output.key, None)
    assert case.open_case.given == {at_home.output.key}


def test_a_correction_of_a_record_with_its_whole_identity_replaces_it() -> None:
    case = Assaults()
    first = case.publish(location_type="at-home", **ON_A_DAY)
    second = case.publish(location_type="street", **ON_A_DAY)
    assert first.output.key == second.output.key
    assert case.open_case.given == {first.output.key}


@pytest.mark.parametrize("at", [ON_A_DAY, {}], ids=["whole identity", "lacks a part"])
def test_what_the_audit_names_is_found_from_the_original_in_another_year(
    at: dict[str, Any],
) -> None:
    """An age that was worked out from the date of birth may differ by then."""
    passage = Assaults().publish(**at)
    steps = Steps(
        ASSAULTS.agency, ASSAULT, (ASSAULTS.validate, ASSAULTS.clean), (), (), {}
    )  # fmt: skip
    original = Candidate(steps, ASSAULTS.decode.read(assault(**at)), None)
    later = london_time(NOW + timedelta(365))
    found = ids_about(bears("P-1"), [original], later, ReferenceKey(bytes(32)), lambda _: ())
    assert found == {bytes.fromhex(passage.reference)}
