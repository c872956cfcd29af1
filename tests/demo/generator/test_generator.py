"""A made-up town and what happens in it: streets, hot spots, hours, homes that are called back to."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from math import dist
from pathlib import Path
from random import Random

import pytest

from demo.generator.choice import Weighted
from demo.generator.csv_files import MADE_UP, households_file
from demo.generator.records import typed
from demo.generator.town import lay_out
from schemas.catalogue import load_catalogue
from tests.demo.generated import POSTCODES, Rows, sample

SAMPLE = 20_000


@pytest.fixture(scope="module")
def incidents() -> Rows:
    return sample("police-incident", SAMPLE)


def test_a_few_postcodes_disagree_with_the_coordinates(incidents: Rows) -> None:
    points = {point.postcode: point for point in POSTCODES}
    far = [
        row
        for row in incidents
        if (point := points.get(row["location_postcode"]))
        and float(row["location_easting"]) < 700_000
        and dist(point[1:], (float(row["location_easting"]), float(row["location_northing"]))) > 200
    ]
    assert 0.002 < len(far) / SAMPLE < 0.02


def test_properties_lie_a_few_metres_off_the_centroid() -> None:
    town, rng = lay_out(POSTCODES, 1), Random(1)
    points = {point.postcode: point for point in POSTCODES}
    sites = [town.home(rng) for _ in range(1_000)]
    offsets = [dist(points[s.postcode][1:], (s.easting, s.northing)) for s in sites]
    assert 0 < max(offsets) < 40
    assert all(s.address.endswith(s.postcode) for s in sites)


def test_each_postcode_has_one_street(incidents: Rows) -> None:
    street = re.compile(r"^(?:Flat \d+, )?\d+ (.+?), .+, (BA\d \d\w\w)$")
    found = {match.groups()[::-1] for row in incidents
             if (match := street.match(row["location_address"]))}  # fmt: skip
    assert max(Counter(postcode for postcode, _ in found).values()) == 1


def test_incidents_cluster_in_hot_spots(incidents: Rows) -> None:
    counts = Counter(row["location_postcode"] for row in incidents)
    counts.pop("")
    busiest = sum(count for _, count in counts.most_common(150))
    assert busiest > 4 * 150 / 3_000 * SAMPLE


def test_street_disorder_is_a_matter_of_weekend_nights(
    incidents: Rows,
) -> None:
    at_night = Counter(
        date.fromisoformat(row["incident_date"]).weekday()
        for row in incidents
        if row["incident_type"] == "Street disorder"
        and row["incident_time"] >= "21:00"
        and not row["incident_date"].endswith("-02-30")
    )
    assert min(at_night[4], at_night[5]) > 3 * max(at_night[0], at_night[1])


def test_domestic_incidents_come_back_to_one_address(
    incidents: Rows,
) -> None:
    domestic = [row for row in incidents if row["domestic"] == "true"]
    at = Counter((row["location_address"], row["location_easting"]) for row in domestic)
    repeated = sum(count - 1 for count in at.values())
    assert 0.25 < repeated / len(domestic) < 0.45


def test_typed_records_keep_what_cannot_be_read_as_text() -> None:
    row = {"incident_date": "2025-02-30", "incident_time": "", "location_easting": "375000.5",
           "domestic": "true"}  # fmt: skip
    (record,) = typed([row], load_catalogue().record_type("police-incident"))
    assert record == {
        "incident_date": ("string", "2025-02-30"),
        "incident_time": None,
        "location_easting": 375000.5,
        "domestic": True,
    }


def test_the_household_file_says_on_each_line_that_it_is_made_up(tmp_path: Path) -> None:
    path = tmp_path / "households.csv"
    assert households_file(path, POSTCODES, 3) == len(POSTCODES)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["note"] for row in rows} == {MADE_UP}
    assert [row["postcode"] for row in rows] == [point.postcode for point in POSTCODES]
    sparse = sum(int(row["households"]) < 4 for row in rows) / len(rows)
    assert 0.09 < sparse < 0.15


def test_a_weighted_choice_follows_its_weights_and_never_gives_a_weightless_item() -> None:
    rng, choice = Random(5), Weighted.of({"often": 3.0, "seldom": 1.0, "never": 0.0})
    drawn = Counter(choice.draw(rng) for _ in range(10_000))
    assert drawn["never"] == 0
    assert 0.72 < drawn["often"] / 10_000 < 0.78


def test_a_town_without_postcodes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one postcode"):
        lay_out((), 1)
