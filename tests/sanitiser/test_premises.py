"""Names of premises come out where they are certain to be one; a dwelling's or a person's never."""

from __future__ import annotations

import pytest

from sanitiser.premises import LONGEST, released_premises

PREMISES = [
    "The Crown Inn", "King's Arms", "Millbrook Primary School", "St Mark’s School", "Oak Academy",
    "Bath Spa Station", "Zero Nightclub", "The Huntsman Tavern", "Freshford railway station",
]  # fmt: skip
WITHHELD = [
    "Rose Cottage", "School Cottage", "The Old School House", "12 Station Road", "Station House",
    "Flat 2, The Crown Inn", "John Smith", "Inn", "home address", "Manor Farm Bar", "Mr Smith's bar",
    "outside the bar next to John Smith's", "Acacia Avenue", "The Crown Inn 2", "", "  ",
    "The Old School", "Old Brewery", "The Former Station", "The School",
    "Jane Doe, The Crown Inn", "Care Home Bar", "<b>Bar</b>", "a" * LONGEST + " Bar",
]  # fmt: skip


@pytest.mark.parametrize("name", PREMISES)
def test_licensed_premises_schools_and_stations_keep_their_name(name: str) -> None:
    assert released_premises(name) == name


@pytest.mark.parametrize("name", WITHHELD)
def test_what_is_not_certain_to_be_premises_is_withheld(name: str) -> None:
    assert released_premises(name) is None


def test_spaces_are_mended() -> None:
    assert released_premises("  The  Crown Inn ") == "The Crown Inn"
