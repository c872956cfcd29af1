"""Names of streets are compared by their words, whatever their case, marks and abbreviations."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.address.street_names import LONGEST, is_one_slip, key_of_name


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("ACACIA AVE", "Acacia Avenue"),
        ("Queens Rd.", "Queen's Road"),
        ("St. Johns St", "Saint John's Street"),
        ("Maes y Coed", "Maes-y-Coed"),
        ("Ffordd Gerdd", "Ffordd Gêrdd"),
        ("Smith Dr", "Smith Drive"),
        ("Mt Pleasant", "Mount Pleasant"),
        ("Gt George St", "Great George Street"),
        ("Bath & Wells Ln", "Bath and Wells Lane"),
    ],
)
def test_one_street_has_one_key_however_it_is_written(written: str, listed: str) -> None:
    assert key_of_name(written) == key_of_name(listed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mill Road", "Hill Road"),
        ("Park Road", "Park Street"),
        ("Park Road", "Park Road North"),
        ("St Street", "Street Street South"),
    ],
)
def test_two_streets_have_two_keys(one: str, other: str) -> None:
    assert key_of_name(one) != key_of_name(other)


@pytest.mark.parametrize("name", ["", " ", "12", "a " * 9, "x" * (LONGEST + 1), "- -"])
def test_what_is_no_name_has_no_key(name: str) -> None:
    assert key_of_name(name) is None


@given(st.text(string.ascii_lowercase, min_size=1, max_size=12), st.data())
def test_one_letter_too_many_too_few_another_or_two_swapped_is_one_slip(
    word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    slips = {
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }
    assert all(is_one_slip(slip, word) and is_one_slip(word, slip) for slip in slips - {word})
    assert not is_one_slip(word, word)


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_more_than_one_slip_is_none(one: str, other: str) -> None:
    assert is_one_slip(one, other) == (one != other and other in _slips(one))


def _slips(word: str) -> set[str]:
    found = set()
    for at in range(len(word) + 1):
        found.add(word[:at] + word[at + 1 :])
        found.add(word[:at] + word[at : at + 2][::-1] + word[at + 2 :])
        for letter in "abc":
            found |= {word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]}
    return found
