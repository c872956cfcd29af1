"""Code lists: spellings mean codes, and only whole words count within a text."""

from __future__ import annotations

import pytest

from schemas.catalogue import Catalogue
from schemas.codes import CodeList


@pytest.fixture
def fruit() -> CodeList:
    return CodeList("fruit", "a market", {"apple": ("Red apple",), "pear": ("pear", "William")})


@pytest.mark.parametrize("given", ["apple", "RED APPLE", "  red   apple "])
def test_case_and_spacing_do_not_matter(fruit: CodeList, given: str) -> None:
    assert fruit.code(given) == "apple"


@pytest.mark.parametrize("given", ["", "appl", "apple pear", "[0-9]"])
def test_what_spells_no_code_is_none(fruit: CodeList, given: str) -> None:
    assert fruit.code(given) is None


def test_codes_within_a_text_are_whole_words_in_order_of_the_list(fruit: CodeList) -> None:
    assert fruit.codes_within("A pear, then a red apple") == ["apple", "pear"]
    assert fruit.codes_within("pearl and Williamson") == []


@pytest.mark.parametrize("code", ["28A", "8/06", "104.23", "8N"])
def test_home_office_classification_codes_are_taken_by_their_form(
    catalogue: Catalogue, code: str
) -> None:
    assert catalogue.code_lists["home-office-classification"].code(f" {code} ") == code


@pytest.mark.parametrize("text", ["1234", "A28", "28A extra", "Burglary", "28A/1234"])
def test_other_texts_are_no_home_office_classification_code(
    catalogue: Catalogue, text: str
) -> None:
    assert catalogue.code_lists["home-office-classification"].code(text) is None


def test_no_spelling_means_two_codes(catalogue: Catalogue) -> None:
    for code_list in catalogue.code_lists.values():
        for code, spellings in code_list.spellings.items():
            assert {code_list.code(spelling) for spelling in (code, *spellings)} == {code}


def test_every_list_says_its_source(catalogue: Catalogue) -> None:
    assert all(code_list.source for code_list in catalogue.code_lists.values())
