"""Every planted kind of leak is found by its check, in a release in which nothing was found before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.errors import SourceError
from demo.generator.csv_files import write_csv
from offline.risk.intruder import play
from offline.risk.street_list import KnownStreets
from offline.run import sanitise_file
from sanitiser.build.street_build import build_streets
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import StreetList
from sanitiser.reference_lists import ReferenceLists
from schemas.catalogue import load_catalogue
from tests.offline.risk import planted
from tests.offline.risk.planted import (
    KINDS,
    TABLE,
    Kind,
    Trial,
    is_found,
    originals,
    read,
    street_kind,
    write,
)
from tests.streams.partnership import small_index

CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_planted_kind_is_found(index: PostcodeIndex, tmp_path: Path, kind: Kind) -> None:
    before, after = Trial(tmp_path, index, CATALOGUE).before_and_after(kind)
    assert before.findings == []
    assert kind.found_by in {(f.attack, f.field) for f in after.findings}
    assert is_found(kind, before, after)


@pytest.mark.parametrize(("address", "released"), TABLE)
def test_an_address_that_came_out_once_is_found_without_the_splitter(
    index: PostcodeIndex, tmp_path: Path, address: str, released: str
) -> None:
    kind = street_kind(address, released)
    _, after = Trial(tmp_path, index, CATALOGUE).before_and_after(kind)
    assert kind.found_by in {(f.attack, f.field) for f in after.findings}


STREETS = """name,easting,northing
Acacia Avenue,654000,123400
Acacia Avenue,374900,170100
Park Road,,
Tresillian Lane,,
Cherry Grove,,
Okonkwo Close,900000,900000
Harbour Road,,
"""


def listed(folder: Path) -> KnownStreets:
    file = folder / "streets.csv"
    file.write_text(STREETS)
    return KnownStreets.read(file)


@pytest.mark.parametrize(("address", "released"), TABLE)
def test_with_a_list_of_streets_it_is_found_too(
    index: PostcodeIndex, tmp_path: Path, address: str, released: str
) -> None:
    kind = street_kind(address, released)
    made = Trial(tmp_path, index, CATALOGUE).order(kind.dataset, kind.profile)
    write_csv(made.file, originals(kind))
    sanitise_file(made)
    rows = read(made.out)
    write(made.out, kind.spoil(rows, made) or rows)
    report = play(made.out, made, planted.K, heeded=False, listed=listed(tmp_path))
    assert kind.found_by in {(f.attack, f.field) for f in report.findings}


def attacked(
    index: PostcodeIndex, folder: Path, kind: Kind, streets: KnownStreets | None
) -> set[str]:
    made = Trial(folder, index, CATALOGUE).order(kind.dataset, kind.profile)
    write_csv(made.file, originals(kind))
    sanitise_file(made)
    rows = read(made.out)
    write(made.out, kind.spoil(rows, made) or rows)
    found = play(made.out, made, planted.K, heeded=False, listed=streets).findings
    return {finding.reason for finding in found if finding.attack == "streets"}


def test_a_street_of_the_list_is_no_finding_and_one_far_away_is(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    near = street_kind("Okonkwo Harbour Road", "Okonkwo Harbour Road")
    assert attacked(index, tmp_path, near, listed(tmp_path))
    (tmp_path / "own.csv").write_text(STREETS + "Okonkwo Harbour Road,655000,123000\n")
    assert not attacked(index, tmp_path, near, KnownStreets.read(tmp_path / "own.csv"))
    far = street_kind("Okonkwo Close", "Okonkwo Close")
    assert attacked(index, tmp_path, far, listed(tmp_path)) == {
        "a street that the list does not have"
    }


def test_a_street_list_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "streets.csv"
    file.write_text("street\nPark Road\n")
    with pytest.raises(SourceError, match="has no column 'name'"):
        KnownStreets.read(file)
    file.write_text("name,easting,northing\nPark Road,east,1\n")
    with pytest.raises(SourceError, match="line 2: easting and northing"):
        KnownStreets.read(file)
    with pytest.raises(SourceError, match="No such file"):
        KnownStreets.read(tmp_path / "none.csv")


AT_A_STAND_IN = (
    ("BA1 1AA", "4 Park Road Close"),
    ("BA1 1AB", "Flat 2, Tresillian Lane"),
    ("BA1 2ZZ", "4 Park Road Close"),
)


@pytest.mark.parametrize(
    ("told", "reasons"),
    [("Park Road", set()), ("Okonkwo Park Road", {"a street that the list does not have"})],
)
def test_at_a_postcode_that_stands_in_the_list_decides_and_no_line(
    index: PostcodeIndex, tmp_path: Path, told: str, reasons: set[str]
) -> None:
    file = tmp_path / "streets.csv"
    file.write_text("name,easting,northing\nPark Road,375110,165000\n")
    build_streets(tmp_path / "list", [file])
    lists = ReferenceLists(streets=StreetList.open(tmp_path / "list"))
    made = replace(
        Trial(tmp_path, index, CATALOGUE).order("police-incident", "central"), lists=lists
    )
    rows = originals(street_kind("", ""))[: len(AT_A_STAND_IN)]
    places = [
        {"location_postcode": postcode, "location_address": address}
        | dict.fromkeys(("location_easting", "location_northing"), "")
        for postcode, address in AT_A_STAND_IN
    ]
    write_csv(made.file, [row | place for row, place in zip(rows, places, strict=True)])
    sanitise_file(made)
    released = read(made.out)
    moved = [row for row in released if row["location_postcode"] == "BA1 1AB"]
    assert [row["location_address"] for row in moved] == ["Park Road"] * 2
    write(made.out, [row | {"location_address": told} if row in moved else row for row in released])
    report = play(made.out, made, planted.K, heeded=False, listed=KnownStreets.read(file))
    assert {f.reason for f in report.findings if f.attack == "streets"} == reasons
