"""ZZ99 and ZZZSECUR say that there is no place: nothing is looked up, and no release tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanitiser.places.location import NOWHERE, Given, Located, Locator
from sanitiser.places.pseudo_postcodes import has_pseudo_postcode
from tests.streams.partnership import small_index


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    folder: Path = tmp_path_factory.mktemp("reference")
    return Locator(small_index(folder))


PSEUDO = [
    "ZZ99 3VZ",
    "zz993wz",
    " ZZ99  3CZ ",
    "ZZ99",
    "ZZZSECUR",
    "zzzsecur",
    "\uff3aZ99 3VZ",
    "ZZZ SECUR",
]

SLIPPED = [
    "ZZ993V", "ZZ99_3VZ", "ZZ9 93VZ", "ZZ99OVZ", "ZZ993", "Z Z 9 9 3 V Z", "ZZZSECURE", "ZZZ-SECUR",
    "ZZZ_SECUR", "ZZSECUR", "ZZZSEC", "\N{GREEK CAPITAL LETTER ZETA}Z99 3VZ",
]  # fmt: skip


@pytest.mark.parametrize("postcode", SLIPPED)
def test_a_slip_of_one_is_one(locator: Locator, postcode: str) -> None:
    given = Given("5 Acacia Avenue, SW1A 1AA", postcode, 654_312.0, 123_465.0, None, None)
    assert locator.locate(given) == Located(NOWHERE, "none", (), ("pseudo-postcode",))


@pytest.mark.parametrize("slip", [slip for slip in SLIPPED if slip[:2] == "ZZ"])
def test_a_slip_of_one_is_found_within_an_address_too(locator: Locator, slip: str) -> None:
    given = Given(f"{slip}, 5 Acacia Avenue, SW1A 1AA", None, None, None, None, None)
    assert locator.locate(given).released == NOWHERE


@pytest.mark.parametrize("postcode", PSEUDO)
def test_nothing_is_looked_up_not_even_coordinates(locator: Locator, postcode: str) -> None:
    given = Given("5 Acacia Avenue, SW1A 1AA", postcode, 654_312.0, 123_465.0, None, None)
    found = locator.locate(given)
    assert found == Located(NOWHERE, "none", (), ("pseudo-postcode",))
    assert (found.point, found.district) == (None, None)


@pytest.mark.parametrize("postcode", PSEUDO[:-1])
def test_it_is_found_within_an_address_too(locator: Locator, postcode: str) -> None:
    found = locator.locate(Given(f"NFA, {postcode}", None, 654_312.0, 123_465.0, None, None))
    assert found.released == NOWHERE


def test_all_of_them_are_alike(locator: Locator) -> None:
    found = {locator.locate(Given("x", p, None, None, None, None)) for p in PSEUDO}
    assert len(found) == 1


@pytest.mark.parametrize(
    "text",
    ["Pizza Express, 5 Mill Lane", "Azzurri House", "ZE1 0AA", "BA1 1ZZ", "Buzz 99", None, ""],
)
def test_another_text_is_none(text: str | None) -> None:
    assert not has_pseudo_postcode(text, text)
