"""Cases whose parts lie in several files: whatever one refers to, the other has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from demo.generator.assaults import INSIDE, OUTSIDE
from demo.generator.cases import CRIMES_TO_ACCUSED, CRIMES_TO_VICTIM, slot
from demo.generator.crimes import CaseBook
from demo.generator.datasets import GENERATORS, SMALLEST, shared_out
from demo.generator.offences import KINDS
from tests.demo.generated import POSTCODES, SEED, Rows, file_of_district, usable

OF_CRIMES = (
    "police-crime-offender", "police-crime-victim", "police-detection", "police-drug-test",
)  # fmt: skip


def offences() -> dict[str, dict[str, str]]:
    return {row["crime_reference"]: row for row in file_of_district("police-crime-offence")}


def joined(dataset: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Return usable rows of a dataset with the offence of each."""
    known = offences()
    for row in filter(usable, file_of_district(dataset)):
        offence = known.get(row["crime_reference"])
        if offence and usable(offence):
            yield row, offence


@pytest.mark.parametrize("dataset", OF_CRIMES)
@pytest.mark.parametrize("records", [SMALLEST, 3_333])
@pytest.mark.parametrize("seed", [1, SEED])
def test_every_crime_reference_is_that_of_a_recorded_offence(
    dataset: str, records: int, seed: int
) -> None:
    n = shared_out(records)
    known = {f"CRI-{number:07}" for number in range(1, n["police-crime-offence"] + 1)}
    rows = GENERATORS[dataset](n[dataset], seed, POSTCODES)
    assert {row["crime_reference"] for row in rows} - {""} <= known


@pytest.mark.parametrize("dataset", OF_CRIMES)
def test_only_useless_records_leave_a_reference_open(dataset: str) -> None:
    rows, known = file_of_district(dataset), offences()
    open_ones = [row for row in rows if row["crime_reference"] not in known]
    assert len(open_ones) < 0.02 * len(rows)


def test_one_offence_in_five_has_an_offender_and_none_of_a_block_lacks_one() -> None:
    accused = [slot(number, SEED).accused for number in range(1, 5_001)]
    blocks = [accused[i : i + CRIMES_TO_ACCUSED] for i in range(0, 5_000, CRIMES_TO_ACCUSED)]
    assert {sum(block) for block in blocks} == {1}


def test_every_second_crime_has_a_victim_at_least_and_some_have_two() -> None:
    book = CaseBook.of(SEED, POSTCODES, None)
    counts = [len(book.victims(book.crime(slot(number, SEED)))) for number in range(1, 1_001)]
    assert min(counts[::CRIMES_TO_VICTIM]) == 1
    assert Counter(counts)[2] > 20
    assert Counter(counts)[0] > 100


def test_kinds_of_offence_are_as_frequent_as_they_are_weighted() -> None:
    codes = Counter(row["offence_code"] for row in file_of_district("police-crime-offence"))
    assert 0.10 < codes["105A"] / codes.total() < 0.16
    assert 0.09 < codes["46"] / codes.total() < 0.16


def test_a_code_agrees_between_the_files_of_a_crime() -> None:
    for dataset in ("police-detection", "police-drug-test"):
        for row, offence in joined(dataset):
            assert offence["offence_code"] in {row["offence_code"], ""}


def test_only_crimes_with_an_offender_are_detected() -> None:
    status: dict[bool, set[str]] = defaultdict(set)
    for row in filter(usable, file_of_district("police-detection")):
        status[slot(int(row["crime_reference"][4:]), SEED).accused].add(row["detection_status"])
    assert status[True].isdisjoint(status[False])


def test_tests_for_drugs_follow_an_arrest_for_a_trigger_offence() -> None:
    triggers = {kind.code for kind in KINDS if kind.trigger}
    for row in filter(usable, file_of_district("police-drug-test")):
        assert row["offence_code"] in triggers
        assert slot(int(row["crime_reference"][4:]), SEED).accused


def test_victims_of_domestic_offences_live_where_it_happened_and_know_the_offender() -> None:
    pairs = [(v, o) for v, o in joined("police-crime-victim") if o["domestic"] == "true"]
    assert len(pairs) > 300
    assert all(v["home_address"] == o["location_address"] for v, o in pairs)
    associations = Counter(v["association_with_offender"] for v, _ in pairs)
    assert "Stranger" not in associations
    assert len(associations) > 1


def test_domestic_offences_come_back_to_one_victim() -> None:
    victims = Counter(
        (v["name"], v["home_address"])
        for v, o in joined("police-crime-victim")
        if o["domestic"] == "true"
    )
    assert sum(count > 1 for count in victims.values()) > 50


def test_a_prolific_offender_commits_crimes_over_months_from_one_home() -> None:
    for crimes in _crimes_of_prolific().values():
        dates = [offence["committed_from_date"] for _, offence in crimes]
        assert dates == sorted(dates)
        assert len({row["home_address"] for row, _ in crimes}) == 1
    spans = [crimes for crimes in _crimes_of_prolific().values() if len(crimes) >= 7]
    assert len(spans) > 20
    assert all(c[-1][1]["committed_from_date"] > "2025-09" for c in spans)


def test_priority_offenders_are_the_prolific_ones_of_the_crimes() -> None:
    crimes = _crimes_of_prolific()
    for row in filter(usable, file_of_district("police-ppo")):
        assert row["offender_reference"] in crimes
        known = crimes[row["offender_reference"]][0][0]
        for name in ("name", "gender", "home_address", "ethnicity"):
            assert row[name] == known[name]


def test_probation_and_prison_know_prolific_offenders() -> None:
    ppos = [row for row in file_of_district("police-ppo") if usable(row)]
    clients = {(row["name"], row["home_postcode"]) for row in file_of_district("probation-oasys")}
    released = {(row["name"], row["home_postcode"]) for row in file_of_district("prison-release")}
    known = [(row["name"], row["home_postcode"]) for row in ppos]
    assert sum(who in clients for who in known) > 10
    assert sum(who in released for who in known) > 10


@pytest.mark.parametrize(
    ("dataset", "when"),
    [
        ("probation-oasys", "assessment_date"),
        ("yos-assessment", "assessment_date"),
        ("drug-treatment-adult", "treatment_began_date"),
        ("drug-treatment-young-person", "treatment_began_date"),
    ],
)
def test_clients_are_seen_again_on_later_days_and_stay_who_they_are(
    dataset: str, when: str
) -> None:
    clients: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in filter(usable, file_of_district(dataset)):
        clients[row["client_reference"]].append(row)
    assert any(len(rows) > 1 for rows in clients.values())
    for rows in clients.values():
        dates = [row[when] for row in rows]
        assert dates == sorted(set(dates))
        assert len({(row["name"], row["home_postcode"]) for row in rows}) == 1


def test_treatment_of_young_people_is_of_people_under_eighteen() -> None:
    rows: Rows = file_of_district("drug-treatment-young-person")
    assert max(int(row["age"]) for row in rows if row["age"] != "999") < 18


def test_an_ambulance_brings_some_who_were_assaulted_to_hospital() -> None:
    seen = {row["patient_reference"]: row for row in file_of_district("hospital-assault")}
    brought = [
        row
        for row in filter(usable, file_of_district("ambulance-call"))
        if row["patient_reference"] in seen
    ]
    assert len(brought) > 80
    assert {row["incident_type"] for row in brought} == {"Assault"}


def test_assaults_gather_at_licensed_premises_at_weekend_nights() -> None:
    rows = [row for row in file_of_district("hospital-assault") if usable(row)]
    at_premises = [row for row in rows if row["location_type"] in {INSIDE, OUTSIDE}]
    assert len(at_premises) > 0.4 * len(rows)
    assert len({row["location_address"] for row in at_premises}) <= 12
    late = [r for r in at_premises if r["incident_time"] >= "21" or r["incident_time"] < "04"]
    assert len(late) > 0.5 * len(at_premises)


def test_datafields_of_a_council_report_are_those_of_its_kind() -> None:
    for row in filter(usable, file_of_district("council-asb")):
        assert bool(row["waste_size"]) == (row["incident_type"] == "Flytipping")
        assert bool(row["vehicle_make"]) == (row["incident_type"] == "Abandoned vehicle")
        assert bool(row["keeper_address"]) == bool(row["vehicle_model"])
        assert bool(row["damage_value"]) == (row["incident_type"] in {"Graffiti", "Vandalism"})


def test_a_school_has_one_place_and_pupils_of_its_age() -> None:
    rows = [row for row in file_of_district("school-exclusion") if usable(row)]
    places = {(row["school_name"], row["school_postcode"], row["school_easting"]) for row in rows}
    counted = Counter(name for name, *_ in places)
    # A postcode that trouble moved elsewhere does not show in a row without an address.
    assert sum(count > 1 for count in counted.values()) <= 0.02 * len(rows)
    primary = [int(row["age"]) for row in rows if row["school_name"].endswith("Primary School")]
    assert max(primary) < 11


def _crimes_of_prolific() -> dict[str, list[tuple[dict[str, str], dict[str, str]]]]:
    crimes: dict[str, list[tuple[dict[str, str], dict[str, str]]]] = defaultdict(list)
    for row, offence in joined("police-crime-offender"):
        if row["offender_reference"].startswith("OFF-9"):
            crimes[row["offender_reference"]].append((row, offence))
    return crimes
