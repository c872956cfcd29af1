"""A release with more than the district of a protected place is an alarm, and a clean one raises none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from offline.risk.intruder import Report
from offline.risk.protected import ATTACK
from offline.run import Order, sanitise_file
from sanitiser.address.household import household
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.listed import NO_PLACES, Place, ProtectedList
from sanitiser.reference_lists import ReferenceLists
from schemas.catalogue import load_catalogue
from tests.offline.risk import planted
from tests.offline.risk.planted import Row, Trial, attack, incidents, read, write
from tests.streams.partnership import POSTCODES, small_index

CATALOGUE = load_catalogue()
POSTCODE = "SW1A 1AA"
ADDRESS = "2 Park Road"
"""An address of `incidents`."""
DISTRICT = "E09000033"
HOME = NO_PLACES.with_places([Place(None, household(ADDRESS, POSTCODE), POSTCODE, None)], 1)
WHOLE = NO_PLACES.with_places([Place(None, None, POSTCODE, None)], 1)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def order_of(
    index: PostcodeIndex,
    folder: Path,
    listed: ProtectedList = HOME,
    dataset: str = "police-incident",
    profile: str = "central",
) -> Order:
    made = Trial(folder, index, CATALOGUE).order(dataset, profile)
    return replace(made, lists=ReferenceLists(protected=listed, premises=lambda name: name))


def released(made: Order, rows: Sequence[Row] | None = None) -> list[Row]:
    """Sanitise incidents by the list, and return the released rows."""
    write_csv(made.file, rows or incidents())
    sanitise_file(made)
    return read(made.out)


def without_list(made: Order) -> list[Row]:
    """Sanitise the same file again without the list, as somebody who forgot it."""
    sanitise_file(replace(made, lists=replace(made.lists, protected=NO_PLACES)))
    return read(made.out)


def alarms(report: Report) -> list[dict[str, Any]]:
    return [f.document() for f in report.findings if f.attack == ATTACK]


def alone(rows: Sequence[Row]) -> list[Row]:
    return [r for r in rows if r["location_district"] == DISTRICT and not r["location_postcode"]]


@pytest.mark.parametrize("listed", [HOME, WHOLE], ids=["home", "postcode"])
@pytest.mark.parametrize("profile", ["central", "second"])
def test_a_release_by_the_list_raises_no_alarm(
    index: PostcodeIndex, tmp_path: Path, listed: ProtectedList, profile: str
) -> None:
    made = order_of(index, tmp_path, listed, profile=profile)
    assert alone(released(made))
    assert attack(made).findings == []


@pytest.mark.parametrize(
    ("dataset", "profile"),
    [
        (dataset, profile)
        for dataset in sorted(GENERATORS)
        for profile in ("central", "second")
        if profile in CATALOGUE.record_type(dataset).profiles
    ],
)
def test_no_dataset_released_by_the_list_raises_this_alarm(
    index: PostcodeIndex, tmp_path: Path, dataset: str, profile: str
) -> None:
    made = order_of(index, tmp_path, WHOLE, dataset, profile)
    released(made, [dict(row) for row in GENERATORS[dataset](200, 7, planted._points())])
    by_list = {(f.attack, f.field, f.reason) for f in attack(made).findings}
    unlisted = replace(made, lists=replace(made.lists, protected=NO_PLACES))
    sanitise_file(unlisted)
    assert by_list <= {(f.attack, f.field, f.reason) for f in attack(unlisted).findings}


@pytest.mark.parametrize("profile", ["central", "second"])
def test_a_release_that_was_made_without_the_list_is_an_alarm_of_its_own_kind(
    index: PostcodeIndex, tmp_path: Path, profile: str
) -> None:
    made = order_of(index, tmp_path, WHOLE, profile=profile)
    hidden = len(alone(released(made)))
    without_list(made)
    (alarm,) = alarms(attack(made))
    assert alarm["reason"] == "more than the district of a protected place"
    assert alarm["hits"] == hidden


@pytest.mark.parametrize("part", ["address", "postcode", "easting"])
def test_any_part_of_the_place_beside_its_district_is_found(
    index: PostcodeIndex, tmp_path: Path, part: str
) -> None:
    made = order_of(index, tmp_path)
    rows = released(made)
    its = alone(rows)[0]
    (before,) = (r for r in without_list(made) if r["record_id"] == its["record_id"])
    its[f"location_{part}"] = before[f"location_{part}"]
    write(made.out, rows)
    assert [alarm["field"] for alarm in alarms(attack(made))] == [f"location_{part}"]


def test_another_place_than_its_own_is_found_too(index: PostcodeIndex, tmp_path: Path) -> None:
    made = order_of(index, tmp_path)
    rows = released(made)
    its = alone(rows)[0]
    its |= {"location_postcode": "BA1 2ZZ", "location_easting": "375000"}
    write(made.out, rows)
    assert [alarm["field"] for alarm in alarms(attack(made))] == ["location_postcode"]


def test_the_name_of_premises_there_is_found(index: PostcodeIndex, tmp_path: Path) -> None:
    made = order_of(index, tmp_path, WHOLE, "btp-crime")
    rows = [dict(row) for row in GENERATORS["btp-crime"](200, 7, planted._points())]
    out = released(made, rows)
    at = next(n for n, r in enumerate(out) if r["location_district"] == DISTRICT)
    out[at]["location_premises"] = "Hope Station"
    write(made.out, out)
    (alarm,) = alarms(attack(made))
    assert alarm["field"] == "location_premises"


def test_the_row_of_a_neighbour_is_no_alarm(index: PostcodeIndex, tmp_path: Path) -> None:
    made = order_of(index, tmp_path)
    rows = released(made)
    near = next(r for r in rows if r["location_postcode"] == POSTCODE)
    near["incident_time"] = "23:59"
    write(made.out, rows)
    report = attack(made)
    assert report.findings
    assert not alarms(report)


def test_a_report_names_no_place(index: PostcodeIndex, tmp_path: Path) -> None:
    made = order_of(index, tmp_path)
    released(made)
    without_list(made)
    report = attack(made)
    assert alarms(report)
    said = json.dumps(report.document()) + repr(made.lists)
    for told in (ADDRESS, "Park Road", POSTCODE, *(p[0] for p in POSTCODES)):
        assert told.casefold() not in said.casefold()
