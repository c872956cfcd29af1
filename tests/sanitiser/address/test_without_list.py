"""Without a list of streets: what words alone tell of a street, and what they leave in doubt."""

from __future__ import annotations

import pytest

from sanitiser.address.address import released_address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Poplar Place, Bath", "Poplar Place, Bath"),
        ("outside Gilda Square West, Bath", "Gilda Square West, Bath"),
        ("Frog Lane, Bath", "Frog Lane, Bath"),
        ("Trinity Street, Bath", "Trinity Street, Bath"),
        ("Yalland Close, Bath", "Yalland Close, Bath"),
        ("o/s St Mary Street, Bath", "St Mary Street, Bath"),
        ("o/s Glebe Road, Bath", "Glebe Road, Bath"),
        ("Cornhill, Bath", "Cornhill, Bath"),
    ],
)
def test_a_street_that_no_person_and_no_house_is_called_by_needs_no_number(
    address: str, expected: str
) -> None:
    assert released_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "Mary Close, Bath",
        "George Street, Bath",
        "Whittox Lane, Bath",
        "Willow Bank, Bath",
        "Watermead, Bath",
        "Okonkwo Poplar Place, Bath",
        "Poplar Place, The Clink, Bath",
        "behind Ivy Bank Parish Mews",
    ],
)
def test_what_may_be_a_person_or_a_house_needs_a_number(address: str) -> None:
    assert released_address(address) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("12 Watermead, Bath", "Watermead, Bath"),
        ("12 The Horseshoe, Bath", "The Horseshoe, Bath"),
        ("12, Cox's Close, Bath", "Cox's Close, Bath"),
        ("12 Lime Kiln Lane, Bath", "Lime Kiln Lane, Bath"),
        ("12 West End Lane, London", "West End Lane, London"),
        ("Windy Ridge, 21 Denmark Terrace, Bath", "Denmark Terrace, Bath"),
        ("12 Union Street Weston-super-Mare", "Union Street, Weston-super-Mare"),
    ],
)
def test_a_number_shows_a_street_if_nothing_else_can_be_one(address: str, expected: str) -> None:
    assert released_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "12 Watermead, Cherry Grove, Bath",
        "12 Watermead Okonkwo",
        "12 Mary, Bath",
        "12 Okonkwo, Bath",
        "51 Meadow Bank, The Clink, Bath",
        "12 Ivy Bank The Horseshoe, Bath",
        "97 Brookside, Manor Park, Bath",
    ],
)
def test_a_number_shows_no_street_if_a_house_or_a_block_may_be_meant(address: str) -> None:
    assert released_address(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "141 Chestnut Grove Hill",
        "88 Market Place Lane",
        "64 Meadow Croft Green",
        "108 Cornhill Park",
        "52 Lakefields Grove",
        "221 Okonkwo Fields",
        "229 Chestnut Grove Green drive",
        "30 The Willows Hill",
        "236 Stall Street Lane",
        "180 Green Nursery Road, Bath",
        "237 Church Broadway, Bath",
        "Old Lane Rose Mead",
    ],
)
def test_a_name_that_is_a_word_of_streets_too_is_withheld_before_and_behind_a_street(
    address: str,
) -> None:
    assert released_address(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "Khan Priory Bridge Road, Bath",
        "12 Begum Manor House Road, Bath",
        "outside Khan Toll Bridge Road",
        "behind Windy Ridge West Town Lane",
        "Wood corner Upper Bristol Road",
        "12 Bay Tree Close, Bath",
        "Rose Marsh & Cross Keys Close",
        "MrOkonkwoOld Mill Road",
    ],
)
def test_a_street_is_not_cut_short(address: str) -> None:
    assert (released_address(address) or "").partition(",")[0] in {
        "",
        "Upper Bristol Road",
        "West Town Lane",
    }


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Junction of Church Close and Willey Road, Bath", "Church Close and Willey Road, Bath"),
        ("J/W Beam Street and Frog Lane, Bath", "Beam Street and Frog Lane, Bath"),
        ("Junction of Mary Green and Acacia Avenue, Bath", "Acacia Avenue, Bath"),
        ("Junction of King Square Avenue and King Square", "King Square Avenue and King Square"),
        ("Junction of Mary Green and Harry Lane, Bath", None),
    ],
)
def test_of_a_junction_the_certain_streets_are_released(address: str, expected: str | None) -> None:
    assert released_address(address) == expected
