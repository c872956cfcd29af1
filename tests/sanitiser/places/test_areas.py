"""Wards and LSOAs of postcodes, from files as they are published."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sanitiser.build.areas_build import BuiltAreas, build_areas
from sanitiser.build.reference_sources import BadReference
from sanitiser.places.areas import Areas, AreasNotBuilt

ONSPD = """pcd,pcds,oseast1m,osward,lsoa11,lsoa21
BA1 1AA,BA1 1AA,1,E05000001,E01000001,E01900001
BA2 5PE,BA2 5PE,1,E05000002,E01000002,
B1  1AA,B1 1AA,1,E05000001,E01000003,E01900003
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    source = tmp_path / "onspd.csv"
    source.write_text(ONSPD)
    assert build_areas(tmp_path / "areas", source) == BuiltAreas(3, {"ward": 2, "lsoa": 3})
    return tmp_path / "areas"


@pytest.mark.parametrize(
    ("postcode", "ward", "lsoa"),
    [
        ("BA1 1AA", "E05000001", "E01900001"),
        ("BA2 5PE", "E05000002", None),
        ("B1 1AA", "E05000001", "E01900003"),
        ("BA2 5PF", None, None),
        ("ZZ9 9ZZ", None, None),
        ("é", None, None),
    ],
)
def test_a_postcode_has_the_ward_and_newest_lsoa_of_the_file(
    built: Path, postcode: str, ward: str | None, lsoa: str | None
) -> None:
    assert Areas.open(built, "ward").of(postcode) == ward
    assert Areas.open(built, "lsoa").of(postcode) == lsoa


def test_a_new_file_replaces_the_areas_of_the_one_before(built: Path, tmp_path: Path) -> None:
    source = tmp_path / "code_point.csv.gz"
    with gzip.open(source, "wt") as file:
        file.write("postcode,pqi,ward\nBA11AA,10,E05000009\n")
    build_areas(built, source)
    assert Areas.open(built, "ward").of("BA1 1AA") == "E05000009"
    with pytest.raises(AreasNotBuilt, match="has no lsoa of postcodes; build it with"):
        Areas.open(built, "lsoa")


def test_without_a_file_the_message_says_which_one_to_build_from(tmp_path: Path) -> None:
    with pytest.raises(
        AreasNotBuilt, match="`ipu reference areas FILE`, where FILE is the ONS Post"
    ):
        Areas.open(tmp_path / "none", "ward")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ("postcode,name\n", "line 1, header: 'postcode,name'; accepted: pcds or postcode, and"),
        ("ward,lsoa21\n", "line 1, header"),
        ("", "line 1, header: ''"),
        ("pcds,ward\nBA1 1AA,E1,E2\n", "line 2: 3 cells; accepted: 2"),
        (
            "pcds,ward\nBA1 1AA,E1\nnowhere,E2\n",
            "line 3, postcode: 'nowhere'; accepted: a postcode",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_line(
    tmp_path: Path, content: str, refusal: str
) -> None:
    source = tmp_path / "areas.csv"
    source.write_text(content)
    with pytest.raises(BadReference, match=refusal):
        build_areas(tmp_path / "out", source)
    assert not (tmp_path / "out").exists()
