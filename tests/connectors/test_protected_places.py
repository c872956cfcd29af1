"""A row that does not certainly name a place refuses the file, without a value of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import SourceError
from connectors.protected_places import read_protected
from sanitiser.address.household import household
from sanitiser.protected.listed import Place

HEADER = "uprn,address,postcode,easting,northing"
HOME = household("5 Mill Lane", "BA1 1AA")

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(rows: str) -> Path:
        file = tmp_path / "places.csv"
        file.write_text(f"{HEADER}\n{rows}\n", encoding="utf-8")
        return file

    return written


def test_a_place_is_named_by_uprn_by_address_or_by_postcode(write: Write) -> None:
    file = write("100120000001,,,,\n,5 Mill Ln,ba11aa,375000,165000\n,,BA1 1AB,,")
    assert read_protected(file) == [
        Place("100120000001", None, None, None),
        Place(None, HOME, "BA1 1AA", (375_000.0, 165_000.0)),
        Place(None, None, "BA1 1AB", None),
    ]


def test_a_postcode_alone_is_enough_of_a_header(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("Postcode\nBA1 1AA\n", encoding="utf-8")
    assert read_protected(file) == [Place(None, None, "BA1 1AA", None)]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (",Hidden Mill Lane,BA1 1AA,,", "address, postcode: they do not certainly name one home"),
        (",5 Hidden Lane,,,", "address, postcode: they do not certainly name one home"),
        (",5 Hidden Lane,Hidden,,", "postcode: not a postcode"),
        ("Hidden,,,,", "uprn: not a UPRN"),
        (",,,375000,165000", "uprn, postcode: both are empty"),
        (",,BA1 1AA,375000,", "northing: not a coordinate"),
        (",,BA1 1AA,51.38,-2.36", "northing: not a coordinate"),
        (",,BA1 1AA,Hidden,165000", "easting: not a coordinate"),
    ],
)
def test_a_row_that_cannot_be_used_refuses_the_file(write: Write, row: str, where: str) -> None:
    file = write(f",,BA1 1AB,,\n{row}")
    with pytest.raises(SourceError) as raised:
        read_protected(file)
    assert f"{file}:3: {where}" in str(raised.value)
    assert "Hidden" not in str(raised.value)
    assert "nothing was written" in str(raised.value)


@pytest.mark.parametrize(
    ("titles", "told"),
    [
        ("postcode,address,postcode", "column 3 is a second column postcode"),
        ("postcode,uprm", "column 2 is none of the accepted columns"),
        ("BA1 1AA,7 Hidden Lane", "column 1 is none of the accepted columns"),
    ],
)
def test_a_column_twice_or_unknown_refuses_the_file_without_its_title(
    tmp_path: Path, titles: str, told: str
) -> None:
    file = tmp_path / "places.csv"
    file.write_text(f"{titles}\nBA1 1AA,7 Hidden Lane,BA1 1AB\n")
    with pytest.raises(SourceError, match=told) as raised:
        read_protected(file)
    assert not [part for part in ("uprm", "hidden", "ba1") if part in str(raised.value).casefold()]
