"""Coded text: stated facts become codes, denied facts do not, and other words are reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import load_catalogue
from schemas.coded_text import Reading, TextReader
from schemas.codes import CodeList

LISTS = load_catalogue().code_lists
FRUIT = CodeList("fruit", "a market", {"apple": ("Red apple",), "pear": ("pear", "William")})


def weapon(text: str) -> Reading:
    return TextReader(LISTS["weapon"])(text)


def test_codes_within_a_text_are_whole_words_in_order_of_the_list() -> None:
    read = TextReader(FRUIT)
    assert read("A pear, then a red apple").codes == ["apple", "pear"]
    assert read("pearl and Williamson").codes == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("T40.5", ["cocaine"]),
        ("T407", ["cannabinoid"]),
        ("T40.1 poisoning by heroin", ["opioid", "drug-poisoning"]),
        ("T40", ["drug-poisoning"]),
        ("F10.0", ["alcohol-intoxication"]),
        ("F10.2 and F10.3", ["alcohol-dependence"]),
        ("alcohol withdrawal", ["alcohol-dependence"]),
        ("drug withdrawal", ["drug-withdrawal"]),
    ],
)
def test_of_codes_within_codes_the_longest_counts(text: str, codes: list[str]) -> None:
    assert TextReader(LISTS["admission-reason"])(text).codes == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("knife", ["knife"]),
        ("two knives, a kitchen knife", ["knife"]),
        ("not a knife", []),
        ("no knife, used a bottle", ["glass-bottle"]),
        ("no knife or gun seen", []),
        ("no knife/gun", []),
        ("without a weapon", []),
        ("knife not used", []),
        ("knife was not found", []),
        ("gun denied", []),
        ("not known if knife", []),
        ("no weapon", ["none"]),
        ("no weapon, punched", ["hands", "none"]),
        ("not a knife but a hammer", ["blunt-instrument"]),
        ("punched and kicked", ["hands", "feet"]),
        ("hammers", ["blunt-instrument"]),
        ("kicked, no. 3 hammer", ["blunt-instrument", "feet"]),
    ],
)
def test_what_is_denied_gives_no_code(text: str, codes: list[str]) -> None:
    assert weapon(text).codes == codes


@pytest.mark.parametrize(
    ("text", "residue"),
    [
        ("knife", False),
        ("a knife and two bottles", False),
        ("Knife; bottle.", False),
        ("knife held by John Smith", True),
        ("not a knife", True),
        ("unknown", True),
        ("", False),
        ("12 x 3", False),
    ],
)
def test_what_the_codes_do_not_tell_is_residue(text: str, residue: bool) -> None:
    assert weapon(text).residue is residue


SPELLINGS = sorted({s for spelled in LISTS["weapon"].spellings.values() for s in spelled})


@given(st.lists(st.sampled_from(SPELLINGS), max_size=6))
def test_a_text_of_spellings_alone_gives_their_codes_and_has_no_residue(said: list[str]) -> None:
    codes = {LISTS["weapon"].code(spelling) for spelling in said}
    reading = weapon(", ".join(said))
    assert (set(reading.codes), reading.residue) == (codes, False)


@given(st.text(max_size=80))
def test_any_text_is_read_without_error_and_only_codes_come_out(text: str) -> None:
    assert set(weapon(text).codes) <= set(LISTS["weapon"].spellings)


@given(st.sampled_from(SPELLINGS), st.sampled_from(["no", "not a", "without any", "never a"]))
def test_a_denied_spelling_gives_no_code_of_its_own(spelling: str, negation: str) -> None:
    said = f"{negation} {spelling}"
    if LISTS["weapon"].code(said) is None and not spelling.startswith("no"):
        denied = LISTS["weapon"].code(spelling)
        assert denied not in set(weapon(said).codes) - {"none"}
