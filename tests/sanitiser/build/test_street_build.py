"""A list of streets is built from what is published, and has nothing but streets."""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sanitiser.build.reference_sources import BadReference
from sanitiser.build.street_build import build_streets
from sanitiser.places.streets import StreetList

BATH = (375_000.0, 165_000.0)


def written(folder: Path, text: str, name: str = "streets.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def names_around(folder: Path, keys: list[str], near: tuple[float, float] = BATH) -> list[str]:
    around = StreetList.open(folder / "out").around(near)
    return [found.name for key in keys if (found := around.find(key)) is not None]


def test_any_file_with_names_and_metres_is_a_list(tmp_path: Path) -> None:
    file = written(tmp_path, "name,northing,easting,note\nMill Lane,165000,375000,x\n")
    built = build_streets(tmp_path / "out", [file])
    assert built.kept == {"points": 1, "streets": 1}
    assert names_around(tmp_path, ["mill lane"]) == ["Mill Lane"]


def test_releases_of_data_police_uk_give_their_streets_and_no_car_park(tmp_path: Path) -> None:
    rows = (
        "-2.360510,51.383860,On or near Queen'S Road\n"
        "-2.360510,51.383860,On or near Parking Area\n"
        "-2.360510,51.383860,On or near A367\n"
        ",,No Location\n"
    )
    file = written(tmp_path, f"Longitude,Latitude,Location\n{rows}")
    built = build_streets(tmp_path / "out", [file])
    assert built.kept["streets"] == 1
    assert built.left_out == {"no name of a street": 2, "no point": 1}
    assert names_around(tmp_path, ["queens road", "parking area"]) == ["Queen's Road"]


def test_os_open_names_gives_its_roads_alone(tmp_path: Path) -> None:
    cells = [[""] * 34 for _ in range(3)]
    kinds = ("Named Road", "Suburban Area", "Numbered Road")
    for row, name, kind in zip(cells, ("Mill Lane", "Mill Green", "B3110"), kinds, strict=True):
        row[2], row[7], row[8], row[9] = name, kind, "375000", "165000"
    file = written(tmp_path, "".join(",".join(row) + "\n" for row in cells))
    built = build_streets(tmp_path / "out", [file])
    assert built.kept["streets"] == 1
    assert built.left_out == {"another kind than a street": 2}


def test_postcodes_give_points_by_the_index(tmp_path: Path) -> None:
    file = written(tmp_path, "name,postcode\nMill Lane,BA1 1AA\nHigh Street,XX9 9XX\n")
    points = {"BA1 1AA": (375_000, 165_000)}
    built = build_streets(tmp_path / "out", [file], points.get)
    assert built.left_out == {"unknown postcode": 1}
    assert names_around(tmp_path, ["mill lane", "high street"]) == ["Mill Lane"]


def line_shape(dimensions: int = 2, east: float = 375_000.0) -> bytes:
    """Return a line of 460 m in GeoPackage's binary form."""
    line = [(east, 165_000.0), (east + 450, 165_000.0), (east + 460, 165_000.0)]
    vertices = b"".join(
        struct.pack(f"<{dimensions}d", *at, *([0.0] * (dimensions - 2))) for at in line
    )
    kind = 2 + 1000 * (dimensions - 2)
    return b"GP\0\1" + struct.pack("<i", 27700) + struct.pack("<BII", 1, kind, len(line)) + vertices


def roads(folder: Path, rows: Sequence[tuple[object, object]], name: str = "roads.gpkg") -> Path:
    with closing(sqlite3.connect(folder / name)) as database, database:
        database.execute("CREATE TABLE road_link (name_1 TEXT, geometry BLOB)")
        database.executemany("INSERT INTO road_link VALUES (?, ?)", rows)
    return folder / name


@pytest.mark.parametrize("dimensions", [2, 3])
def test_os_open_roads_gives_points_along_each_named_road(tmp_path: Path, dimensions: int) -> None:
    shape = line_shape(dimensions)
    file = roads(tmp_path, [("Long Road", shape), ("", shape), (None, shape)])
    built = build_streets(tmp_path / "out", [file])
    assert built.kept == {"points": 6, "streets": 1}
    streets = StreetList.open(tmp_path / "out")
    assert streets.nearest((375_225.0, 165_400.0)) == "Long Road"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("street,east\nMill Lane,1\n", "line 1: columns street, east; accepted: name"),
        ("name,easting,northing\nMill Lane,far,1\n", "line 2: easting, northing: 'far', '1'"),
        ("name,easting,northing\nMill Lane,900000,1\n", "accepted: a point in Great Britain"),
        ("name,longitude,latitude\nMill Lane,2.35,48.85\n", "accepted: a point in Great Britain"),
        ("name,easting,northing\nMill Lane\n", "line 2: 1 cells; the header has more"),
        ("name,easting,northing\n", "no street; an empty list would withhold all streets"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_line_value_and_what_is_accepted(
    tmp_path: Path, text: str, told: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(BadReference, match=f"{re.escape(str(file))}.*{re.escape(told)}"):
        build_streets(tmp_path / "out", [file])
    assert not (tmp_path / "out").exists()


def test_a_road_without_geometry_is_left_out(tmp_path: Path) -> None:
    file = roads(tmp_path, [("Long Road", line_shape()), ("Mill Lane", None)])
    built = build_streets(tmp_path / "out", [file])
    assert built.left_out == {"no point": 1}
    assert names_around(tmp_path, ["long road", "mill lane"]) == ["Long Road"]


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (line_shape()[:40], "geometry: unpack_from requires a buffer"),
        (b"GP", "geometry: index out of range"),
        ("POINT (1 1)", "a name or geometry of another type"),
        (line_shape(east=699_900.0), "geometry: 700350.0, 165000.0"),
        (line_shape(east=float("nan")), "geometry: nan, 165000.0"),
    ],
)
def test_a_geometry_that_cannot_be_used_is_refused_with_its_row(
    tmp_path: Path, shape: object, told: str
) -> None:
    file = roads(tmp_path, [("Long Road", line_shape()), ("Mill Lane", shape)])
    with pytest.raises(BadReference, match=f"road_link, row 2.*{re.escape(told)}.*accepted: "):
        build_streets(tmp_path / "out", [file])


@pytest.mark.parametrize("name", ["a#b.gpkg", "a?b.gpkg", "a%20b.gpkg", "a b.gpkg"])
def test_a_geopackage_may_have_any_name(tmp_path: Path, name: str) -> None:
    file = roads(tmp_path, [("Long Road", line_shape())], name)
    assert build_streets(tmp_path / "out", [file]).kept["streets"] == 1


def test_of_two_columns_of_kinds_the_local_one_tells_what_a_street_is(tmp_path: Path) -> None:
    rows = (
        "transportNetwork,Named Road,Mill Lane,375000,165000\n"
        "transportNetwork,Railway Station,Bath Spa,375000,165000\n"
    )
    file = written(tmp_path, f"TYPE,LOCAL_TYPE,NAME,EASTING,NORTHING\n{rows}")
    built = build_streets(tmp_path / "out", [file])
    assert built.left_out == {"another kind than a street": 1}
    assert names_around(tmp_path, ["mill lane", "bath spa"]) == ["Mill Lane"]


@pytest.mark.parametrize("at", ["700000,165000", "699999.7,165000", "375000,1300000"])
def test_a_point_on_the_far_edge_of_the_grid_is_refused(tmp_path: Path, at: str) -> None:
    file = written(tmp_path, f"name,easting,northing\nMill Lane,{at}\n")
    with pytest.raises(BadReference, match=r"line 2.*accepted: a point in Great Britain"):
        build_streets(tmp_path / "out", [file])


def test_a_geopackage_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.gpkg"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE other (x)")
    with pytest.raises(BadReference, match="OS Open Roads with a table road_link"):
        build_streets(tmp_path / "out", [file])


def test_a_new_list_replaces_the_one_before_and_a_refused_one_does_not(tmp_path: Path) -> None:
    good = written(tmp_path, "name,easting,northing\nMill Lane,375000,165000\n", "good.csv")
    bad = written(tmp_path, "name,easting,northing\nMill Lane,x,y\n", "bad.csv")
    other = written(tmp_path, "name,easting,northing\nHigh Street,375000,165000\n", "other.csv")
    build_streets(tmp_path / "out", [good])
    with pytest.raises(BadReference):
        build_streets(tmp_path / "out", [bad])
    assert names_around(tmp_path, ["mill lane"]) == ["Mill Lane"]
    build_streets(tmp_path / "out", [other])
    assert names_around(tmp_path, ["mill lane", "high street"]) == ["High Street"]
