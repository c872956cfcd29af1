"""Supplies as they were measured, and what they lack."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.outcome import Outcome
from connectors.supplies.gaps import Gap, gaps
from connectors.supplies.history import History, history_of
from connectors.supplies.measure import measure
from connectors.supplies.requirements import requirements
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import Catalogue, load_catalogue
from tests.protocols import FIRST

TODAY = date(2026, 3, 20)
CLAIMS: dict[str, Any] = {
    "records": None,
    "period_from": None,
    "period_to": None,
    "completeness": {},
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def protocol(catalogue: Catalogue) -> Protocol:
    return load_protocol(FIRST, catalogue)


def supply(**given: Any) -> dict[str, Any]:
    whole = {
        "supply_id": "s1",
        "agency": "police",
        "dataset": "police-incident",
        "period_from": "2026-03-01",
        "period_to": "2026-03-14",
        "rows_read": 100,
        "out_of_scope": {},
        "records": 100,
        "complete": True,
        "supplied_on": "2026-03-16",
        "filled": {"incident_reference": 100, "incident_type": 90, "narrative": 10},
        "claims": None,
    }
    return whole | given


def receipt(**given: Any) -> dict[str, Any]:
    whole = {
        "supply_id": "s1",
        "dataset": "police-incident",
        "received": 50,
        "accepted": 40,
        "cleaned": 5,
        "held": 0,
        "rejected": 10,
        "filled": {"incident_reference": 40, "incident_type": 30},
        "faults": {"incident_date:missing": 10},
        "caveats": {"incident_type:unknown-code": 5},
        "released": {},
        "geocoded": {},
        "withheld": {},
        "newest_event": "2026-03-13",
        "reject_alarm": False,
    }
    return whole | given


BOTH = (receipt(), receipt(newest_event="2026-03-14"))


def summed(receipts: tuple[dict[str, Any], ...]) -> Outcome:
    return history_of("police", (), receipts).outcome_of(supply())


SUM = summed(BOTH)


def findings(catalogue: Catalogue, claims: dict[str, Any], **given: Any) -> tuple[str, ...]:
    record_type = catalogue.record_type("police-incident")
    made = supply(claims=CLAIMS | claims, **given)
    return measure(made, SUM, record_type).findings


def test_receipts_add_up_to_completeness_age_and_rejects(catalogue: Catalogue) -> None:
    measured = measure(supply(), SUM, catalogue.record_type("police-incident"))
    assert (measured.counts["accepted"], measured.counts["rejected"]) == (80, 20)
    assert measured.counts["cleaned"] == 10
    assert measured.completeness["incident_type"] == 60 / 80
    assert measured.completeness["location_easting"] == 0
    assert measured.given["incident_type"] == 0.9
    assert (measured.newest_event, measured.age_days) == ("2026-03-14", 2)
    assert measured.reject_share == 0.2
    assert measured.by_name["faults"] == {"incident_date:missing": 20}
    assert measured.is_whole
    assert measured.findings == ()


def test_marked_fields_are_measured_where_they_were_given_alone(catalogue: Catalogue) -> None:
    measured = measure(supply(), SUM, catalogue.record_type("police-incident"))
    assert measured.given["narrative"] == 0.1
    assert "caller_name" not in measured.completeness


def test_a_supply_without_receipts_has_no_completeness(catalogue: Catalogue) -> None:
    claims = CLAIMS | {"completeness": {"incident_type": 1.0}}
    record_type = catalogue.record_type("police-incident")
    measured = measure(supply(claims=claims), Outcome(), record_type)
    assert not measured.is_whole
    assert (measured.completeness, measured.reject_share, measured.age_days) == ({}, None, None)
    assert measured.findings == ()


def test_what_an_earlier_release_did_not_count_is_not_called_missing(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    claims = CLAIMS | {"completeness": {"incident_type": 1.0}}
    receipts = tuple(each | {"filled": {}} for each in BOTH)
    measured = measure(
        supply(claims=claims, filled={}), summed(receipts), catalogue.record_type("police-incident")
    )
    assert (measured.given, measured.completeness, measured.findings) == ({}, {}, ())
    history = history_of("police", (supply(),), receipts)
    gaps_found = found(protocol, catalogue, "police", history)
    assert "police-incident" not in [g.dataset for g in gaps_found]


@pytest.mark.parametrize(("claimed", "found"), [(0.75, 0), (0.769, 0), (0.771, 1), (1.0, 1)])
def test_completeness_below_what_was_claimed_is_a_finding(
    catalogue: Catalogue, claimed: float, found: int
) -> None:
    assert len(findings(catalogue, {"completeness": {"incident_type": claimed}})) == found


def test_another_number_of_records_than_claimed_is_a_finding(catalogue: Catalogue) -> None:
    assert findings(catalogue, {"records": 100}) == ()
    given = {"rows_read": 130, "out_of_scope": {"a crime": 30}}
    (found,) = findings(catalogue, {"records": 130}, **given)
    assert found == (
        "records: 100 were supplied, 130 claimed; the file has 130 rows, 30 of them out of scope"
    )


def test_events_outside_the_claimed_period_are_findings(catalogue: Catalogue) -> None:
    within = {"period_from": "2026-03-01", "period_to": "2026-03-14"}
    assert findings(catalogue, within) == ()
    outside = findings(catalogue, {"period_from": "2026-03-02", "period_to": "2026-03-13"})
    assert outside == (
        "period: events from 2026-03-01 on, before the claimed 2026-03-02",
        "period: events up to 2026-03-14, after the claimed 2026-03-13",
    )


def test_claims_on_a_supply_that_is_still_being_sent_are_not_judged(catalogue: Catalogue) -> None:
    assert findings(catalogue, {"records": 200}, complete=False) == ()


def test_the_newest_record_of_a_supply_rules_and_of_equal_ones_the_later() -> None:
    first, more = supply(rows_read=50, complete=False), supply(complete=False)
    whole, renewed = supply(), supply(contact="new")
    other = supply(supply_id="s2")
    history = history_of("police", (first, whole, more, other, renewed), ())
    assert history.supplies == (renewed, other)


@pytest.mark.parametrize(
    ("dataset", "together"),
    [
        ("police-crime-victim", ("age", "date_of_birth")),
        ("council-asb", ("waste_size", "waste_weight")),
        ("btp-crime", ("location_address", "route")),
        ("council-asb", ("vehicle_make",)),
        ("yos-assessment", ("physical_health",)),
    ],
)
def test_one_of_several_fields_serves_where_the_guidance_says_or(
    catalogue: Catalogue, dataset: str, together: tuple[str, ...]
) -> None:
    asked = requirements(catalogue.record_type(dataset))
    assert together in [each.fields for each in asked]


@pytest.mark.parametrize("dataset", sorted(load_catalogue().record_types))
def test_every_datafield_of_the_guidance_is_asked_for_once(
    catalogue: Catalogue, dataset: str
) -> None:
    record_type = catalogue.record_type(dataset)
    asked = [name for each in requirements(record_type) for name in each.fields]
    assert sorted(asked) == sorted(f.name for f in record_type.fields if not f.marked)


def test_what_the_worker_makes_a_field_from_serves_for_it(catalogue: Catalogue) -> None:
    asked = {r.fields: r for r in requirements(catalogue.record_type("ambulance-call"))}
    assert asked[("age",)].is_met({"date_of_birth"})
    incident = {r.fields: r for r in requirements(catalogue.record_type("police-incident"))}
    assert incident[("location_easting",)].is_met({"location_longitude"})
    assert not incident[("location_easting",)].is_met({"location_latitude"})


def found(
    protocol: Protocol, catalogue: Catalogue, party: str, history: History | None = None
) -> list[Gap]:
    history = history or History(party)
    report = gaps(protocol.party(party), history, protocol, catalogue, TODAY)
    assert report.liaison_officer == protocol.party(party).liaison_officer
    return list(report.gaps)


def test_fields_that_never_held_a_usable_value_are_gaps(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    history = history_of("police", (supply(),), BOTH)
    missing = [g for g in found(protocol, catalogue, "police", history) if g.kind == "field"]
    assert {g.dataset for g in missing} == {"police-incident"}
    named = {name for gap in missing for name in gap.fields}
    assert named == {
        "domestic", "incident_date", "incident_time", "location_address", "location_easting",
        "location_northing",
    }  # fmt: skip
    elsewhere = receipt(supply_id=None, filled=dict.fromkeys(named, 1))
    history = history_of("police", (supply(),), (*BOTH, elsewhere))
    assert not [g for g in found(protocol, catalogue, "police", history) if g.kind == "field"]


def test_a_dataset_that_was_agreed_and_never_supplied_is_a_gap(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    history = history_of("police", (supply(),), BOTH)
    never = [g for g in found(protocol, catalogue, "police", history) if g.kind == "never-supplied"]
    assert [g.dataset for g in never] == ["police-crime-offence"]


def test_a_dataset_of_which_every_record_was_rejected_is_a_gap(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    rejected = receipt(accepted=0, rejected=50, filled={})
    history = history_of("police", (supply(),), (rejected,))
    (gap,) = [g for g in found(protocol, catalogue, "police", history) if g.kind == "unusable"]
    assert gap.message == "supplied, but all of its 50 records were rejected"


def test_a_supply_without_outcome_yet_is_said_to_be_unknown_not_complete(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    history = history_of("police", (supply(),), ())
    kinds = {g.dataset: g.kind for g in found(protocol, catalogue, "police", history)}
    assert kinds["police-incident"] == "not-yet-known"


def test_a_supply_of_which_every_record_was_rejected_does_not_hold_its_claims(
    catalogue: Catalogue,
) -> None:
    rejected = receipt(received=100, accepted=0, rejected=100, filled={})
    made = supply(claims=CLAIMS | {"completeness": {"incident_type": 1.0}})
    measured = measure(made, summed((rejected,)), catalogue.record_type("police-incident"))
    assert measured.findings == (
        "completeness: all 100 records were rejected, so no value is usable",
    )


def test_a_dataset_of_the_agencys_kind_without_agreement_is_a_gap_where_it_is_core(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    missing = [g.dataset for g in found(protocol, catalogue, "council")]
    assert missing == ["council-asb"]
    assert found(protocol, catalogue, "business") == []


def test_what_is_shared_case_by_case_without_agreement_is_no_gap(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    assert "council" in catalogue.record_type("marac-referral").suppliers
    assert "marac-referral" not in [g.dataset for g in found(protocol, catalogue, "council")]


def test_a_peripheral_dataset_counts_while_a_requirement_is_stated(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    stated = {
        "dataset": "school-exclusion",
        "requirement": "Truancy",
        "from": TODAY,
        "until": TODAY,
    }
    document = protocol.model_dump(by_alias=True) | {"openings": [stated]}
    opened = Protocol.model_validate(document)
    assert "school-exclusion" in [g.dataset for g in found(opened, catalogue, "council")]


def test_what_another_agency_supplies_is_no_gap(protocol: Protocol, catalogue: Catalogue) -> None:
    neighbour = protocol.party("business").model_copy(update={"id": "next", "kind": "police-force"})
    both = protocol.model_copy(update={"parties": (*protocol.parties, neighbour)})
    missing = [g.dataset for g in found(both, catalogue, "next")]
    assert "police-incident" not in missing
    assert "police-crime-victim" in missing
