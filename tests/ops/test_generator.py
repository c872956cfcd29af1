"""Made-up records: repeatable, shaped as declared, and as troubled as real ones."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import dist
from pathlib import Path
from random import Random

import pytest

from ops.generator.choice import Weighted
from ops.generator.csv_files import MADE_UP, households_file, write_csv
from ops.generator.district import Point
from ops.generator.fire_incidents import fire_incidents
from ops.generator.police_crime_offences import police_crime_offences
from ops.generator.police_incidents import police_incidents
from ops.generator.records import typed
from ops.generator.town import lay_out
from schemas.catalogue import Catalogue, load_catalogue
from schemas.derive import intake_schema
from schemas.wire import decoder, encoder

Generator = Callable[[int, int, Sequence[Point]], Iterator[dict[str, str]]]

GENERATORS: dict[str, Generator] = {
    "police-incident": police_incidents,
    "police-crime-offence": police_crime_offences,
    "fire-incident": fire_incidents,
}
SAMPLE = 20_000
every_dataset = pytest.mark.parametrize("dataset", GENERATORS)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def postcodes() -> tuple[Point, ...]:
    """Postcodes on a grid, spelled as postcodes are."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return tuple(
        Point(f"BA{1 + i % 3} {i // 400}{letters[i // 20 % 20]}{letters[i % 20]}",
              370_000 + i % 60 * 90, 160_000 + i // 60 * 90)
        for i in range(3_000)
    )  # fmt: skip


@pytest.fixture(scope="module")
def samples(postcodes: tuple[Point, ...]) -> dict[str, list[dict[str, str]]]:
    return {name: list(make(SAMPLE, 7, postcodes)) for name, make in GENERATORS.items()}


@every_dataset
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    dataset: str, postcodes: tuple[Point, ...], tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(files, (1, 1, 2), strict=True):
        assert write_csv(path, GENERATORS[dataset](500, seed, postcodes)) == 500
    first, second, other = (path.read_bytes() for path in files)
    assert first == second != other


@every_dataset
def test_rows_have_only_declared_fields_and_all_the_same(
    dataset: str, catalogue: Catalogue, samples: dict[str, list[dict[str, str]]]
) -> None:
    declared = {field.name for field in catalogue.record_type(dataset).fields}
    rows = samples[dataset]
    assert set(rows[0]) <= declared
    assert set(catalogue.record_type(dataset).required) <= set(rows[0])
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


@every_dataset
def test_about_one_record_in_a_hundred_is_unusable(
    dataset: str, catalogue: Catalogue, samples: dict[str, list[dict[str, str]]]
) -> None:
    required = catalogue.record_type(dataset).required
    unusable = sum(not _usable(row, required) for row in samples[dataset])
    assert 0.006 < unusable / SAMPLE < 0.014


@every_dataset
def test_about_three_records_in_a_hundred_have_trouble_that_can_be_mended(
    dataset: str, catalogue: Catalogue, samples: dict[str, list[dict[str, str]]]
) -> None:
    troubled = sum(_mendable(row, catalogue, dataset) for row in samples[dataset])
    # A sixth of the trouble is a postcode that disagrees with the address; it is counted below.
    assert 0.017 < troubled / SAMPLE < 0.033


def test_a_few_postcodes_disagree_with_the_coordinates(
    postcodes: tuple[Point, ...], samples: dict[str, list[dict[str, str]]]
) -> None:
    points = {point.postcode: point for point in postcodes}
    far = [
        row
        for row in samples["police-incident"]
        if (point := points.get(row["location_postcode"]))
        and float(row["location_easting"]) < 700_000
        and dist(point[1:], (float(row["location_easting"]), float(row["location_northing"]))) > 200
    ]
    assert 0.002 < len(far) / SAMPLE < 0.02


def test_properties_lie_a_few_metres_off_the_centroid(
    postcodes: tuple[Point, ...],
) -> None:
    town, rng = lay_out(postcodes, 1), Random(1)
    points = {point.postcode: point for point in postcodes}
    sites = [town.home(rng) for _ in range(1_000)]
    offsets = [dist(points[s.postcode][1:], (s.easting, s.northing)) for s in sites]
    assert 0 < max(offsets) < 40
    assert all(s.address.endswith(s.postcode) for s in sites)


def test_each_postcode_has_one_street(samples: dict[str, list[dict[str, str]]]) -> None:
    street = re.compile(r"^(?:Flat \d+, )?\d+ (.+?), .+, (BA\d \d\w\w)$")
    found = {match.groups()[::-1] for row in samples["police-incident"]
             if (match := street.match(row["location_address"]))}  # fmt: skip
    assert max(Counter(postcode for postcode, _ in found).values()) == 1


def test_incidents_cluster_in_hot_spots(samples: dict[str, list[dict[str, str]]]) -> None:
    counts = Counter(row["location_postcode"] for row in samples["police-incident"])
    counts.pop("")
    busiest = sum(count for _, count in counts.most_common(150))
    assert busiest > 4 * 150 / 3_000 * SAMPLE


def test_street_disorder_is_a_matter_of_weekend_nights(
    samples: dict[str, list[dict[str, str]]],
) -> None:
    at_night = Counter(
        date.fromisoformat(row["incident_date"]).weekday()
        for row in samples["police-incident"]
        if row["incident_type"] == "Street disorder"
        and row["incident_time"] >= "21:00"
        and not row["incident_date"].endswith("-02-30")
    )
    assert min(at_night[4], at_night[5]) > 3 * max(at_night[0], at_night[1])


def test_domestic_incidents_come_back_to_one_address(
    samples: dict[str, list[dict[str, str]]],
) -> None:
    domestic = [row for row in samples["police-incident"] if row["domestic"] == "true"]
    at = Counter((row["location_address"], row["location_easting"]) for row in domestic)
    repeated = sum(count - 1 for count in at.values())
    assert 0.25 < repeated / len(domestic) < 0.45


@every_dataset
def test_typed_records_pass_through_the_intake_schema(
    dataset: str, catalogue: Catalogue, samples: dict[str, list[dict[str, str]]]
) -> None:
    record_type = catalogue.record_type(dataset)
    schema = intake_schema(record_type)
    encode, decode = encoder(schema, 1), decoder(schema)
    for record in typed(samples[dataset][:2_000], record_type):
        read = decode(encode(record))
        plain = {k: v[1] if isinstance(v, tuple) else v for k, v in record.items()}
        assert {name: read[name] for name in record} == plain


def test_typed_records_keep_what_cannot_be_read_as_text(catalogue: Catalogue) -> None:
    row = {"incident_date": "2025-02-30", "incident_time": "", "location_easting": "375000.5",
           "domestic": "true"}  # fmt: skip
    (record,) = typed([row], catalogue.record_type("police-incident"))
    assert record == {
        "incident_date": ("string", "2025-02-30"),
        "incident_time": None,
        "location_easting": 375000.5,
        "domestic": True,
    }


def test_the_household_file_says_on_each_line_that_it_is_made_up(
    postcodes: tuple[Point, ...], tmp_path: Path
) -> None:
    path = tmp_path / "households.csv"
    assert households_file(path, postcodes, 3) == len(postcodes)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["note"] for row in rows} == {MADE_UP}
    assert [row["postcode"] for row in rows] == [point.postcode for point in postcodes]
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


def _usable(row: dict[str, str], required: tuple[str, ...]) -> bool:
    return all(row[name] for name in required) and not any(
        row[name].endswith("-02-30") for name in required
    )


def _mendable(row: dict[str, str], catalogue: Catalogue, dataset: str) -> bool:
    times = [f.name for f in catalogue.record_type(dataset).fields if f.kind == "time"]
    return (
        "?" in row["location_postcode"]
        or "unknown" in {row[name] for name in times if name in row}
        or "XQ-17" in row.values()
        or float(row["location_easting"]) < 300_000
        or float(row["location_easting"]) > 700_000
    )
