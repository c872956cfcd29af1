"""The demo's worker has a list of the made-up streets, and so records keep theirs."""

from __future__ import annotations

from pathlib import Path

from demo.generator.district import Point
from demo.generator.town import lay_out
from demo.supplies import District
from sanitiser.build.street_build import build_streets
from sanitiser.places.streets import StreetList
from schemas.catalogue import load_catalogue

POSTCODES = tuple(Point(f"BA1 {n}AA", 375_000 + 300 * n, 165_000 + 200 * n) for n in range(1, 10))


def test_every_street_of_the_supplies_of_the_demo_is_in_its_list(tmp_path: Path) -> None:
    district = District(POSTCODES, 1, load_catalogue())
    built = build_streets(tmp_path / "list", [district.streets(tmp_path)])
    assert not built.left_out
    streets = StreetList.open(tmp_path / "list")
    towns = (*(lay_out(POSTCODES, seed) for seed in (1, 1_001)), district.spate().town)
    for spot in (spot for town in towns for spot in town.spots):
        found = streets.around((spot.point.easting, spot.point.northing)).find(spot.street.lower())
        assert found is not None
        assert (found.name, found.metres) == (spot.street, 0)
