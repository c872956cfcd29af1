"""A name identifies somebody only in full, with a date of birth, and however it is written."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.people.names import identifying_name, normal_name, normal_words

TODAY = date(2024, 6, 14)
BORN = date(1990, 3, 2)
WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=2, max_size=4
)


@pytest.mark.parametrize(
    "spelling",
    ["Zoë O'Brien-Smith", "O’BRIEN SMITH, Zoe", "  zoë  obrien smith ", "smith.o'brien.ZOË"],
)
def test_case_accents_punctuation_and_order_do_not_matter(spelling: str) -> None:
    assert normal_name(spelling) == ("obrien", "smith", "zoe")


def test_a_name_spelt_two_ways_is_two_names() -> None:
    assert normal_name("Catherine Jones") != normal_name("Katherine Jones")


def test_twins_are_two_people() -> None:
    anna, hannah = (identifying_name(f"{n} Price", BORN, TODAY) for n in ("Anna", "Hannah"))
    assert anna is not None
    assert hannah is not None
    assert anna != hannah


@pytest.mark.parametrize("name", ["A Price", "Price A.", "A. B. Price", "Price", "", None, "A"])
def test_an_initial_or_one_word_could_be_a_twin_and_identifies_nobody(name: str | None) -> None:
    assert identifying_name(name, BORN, TODAY) is None


@pytest.mark.parametrize(
    "name",
    [
        "Unknown Male", "UNKNOWN UNKNOWN", "not known", "Baby Price", "Baby Girl Price", "N/A N/A",
        "Name Withheld", "Victim Female", "Male 2", "anhysbys anhysbys", "No Name Given", "Anna 99999",
    ],
)  # fmt: skip
def test_a_placeholder_is_nobody(name: str) -> None:
    assert identifying_name(name, BORN, TODAY) is None


@pytest.mark.parametrize("name", ["Anna Child", "Li Man", "Jo Son", "Tester Price", "Wu 王伟"])
def test_somebody_whose_name_is_also_a_word_is_somebody(name: str) -> None:
    assert identifying_name(name, BORN, TODAY) == normal_name(name)


@pytest.mark.parametrize(
    "born", [None, date(2024, 6, 15), date(1900, 1, 1), date(1899, 12, 30), "1990-03-02"]
)
def test_without_a_possible_date_of_birth_a_name_identifies_nobody(born: object) -> None:
    assert identifying_name("Anna Price", born, TODAY) is None


def test_somebody_born_today_is_somebody() -> None:
    assert identifying_name("Anna Price", TODAY, TODAY) == ("anna", "price")


@given(WORDS, st.randoms(), st.sampled_from([" ", ", ", " - ", "  ", ". "]))
def test_the_way_of_writing_never_changes_a_name(
    words: list[str], by: random.Random, mark: str
) -> None:
    mixed = list(words)
    by.shuffle(mixed)
    assert normal_name(mark.join(mixed).upper()) == normal_name(" ".join(words))


@given(WORDS, WORDS)
def test_other_words_are_another_name(first: list[str], second: list[str]) -> None:
    same = sorted(first) == sorted(second)
    assert (normal_name(" ".join(first)) == normal_name(" ".join(second))) is same


@given(st.text())
def test_any_text_has_a_normal_form_that_is_its_own(text: str) -> None:
    words = normal_words(text)
    assert normal_words(" ".join(words)) == words
