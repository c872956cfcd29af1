"""Nothing in a name of premises may belong to a home, and without a register none comes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sanitiser.places.premises import LONGEST, names_no_home, withheld_premises

PREMISES = [
    "The Crown Inn", "King's Arms", "Millbrook Primary School", "St Mark’s School", "Oak Academy",
    "Bath Spa Station", "Zero Nightclub", "The Huntsman Tavern", "Freshford railway station",
]  # fmt: skip
HOMES = [
    "Rose Cottage", "School Cottage", "The Old School House", "12 Station Road", "Station House",
    "Flat 2, The Crown Inn", "home address", "Manor Farm Bar", "Mr Smith's bar", "The Crown Inn 2",
    "", "The Old School", "Old Brewery", "The Former Station", "Jane Doe, The Crown Inn",
    "Care Home Bar", "<b>Bar</b>", "a" * LONGEST + " Bar",
]  # fmt: skip


@pytest.mark.parametrize("name", PREMISES)
def test_names_of_premises_may_stand_in_a_list(name: str) -> None:
    assert names_no_home(name)


@pytest.mark.parametrize("name", HOMES)
def test_what_may_be_a_home_or_a_person_may_not(name: str) -> None:
    assert not names_no_home(name)


@pytest.mark.parametrize("name", [*PREMISES, *HOMES, "John Smith Bar", "Jane Doe left the arms"])
def test_without_a_register_no_name_comes_out(name: str) -> None:
    release: Callable[[str], str | None] = withheld_premises
    assert release(name) is None
