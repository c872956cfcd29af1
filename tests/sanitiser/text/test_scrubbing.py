"""A scrubbed text has nothing that could lead to a person or a home."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.text.plain_words import plain_words
from sanitiser.text.scrubbing import REMOVED, RecogniserMissing, Scrubber

LINES = Path(__file__).with_name("scrubbed_lines.txt").read_text(encoding="utf-8").splitlines()
PLANTED = [
    "Jane", "SMITH", "o'brien", "12a", "BA1 2AB", "07700 900123", "943 476 5919", "12/03/1980",
    "a@b.example", "AB12CDE", "52/1234/19", "100120001234", "Mr Young", "Mr. Young", "Dunroamin",
    "QQ123456C", "SMITH-jones", "twelve",
]  # fmt: skip


@pytest.fixture(scope="module")
def scrub() -> Scrubber:
    return Scrubber()


@pytest.mark.parametrize("line", [line for line in LINES if "|" in line])
def test_what_identifies_does_not_survive(scrub: Scrubber, line: str) -> None:
    text, *hidden = (part.strip() for part in line.split("|"))
    for form in (text, text.upper(), text.lower()):
        scrubbed = (scrub(form) or "").lower()
        left = [h for h in hidden if re.search(rf"\b{re.escape(h.lower())}\b", scrubbed)]
        assert left == [], scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "Rear door forced with a screwdriver",
        "The kitchen window was smashed with a brick, jewellery and cash taken",
        "entered through insecure patio doors",
        "The lock was snapped. Untidy search of the bedroom.",
        "Threatened with a kitchen knife and punched in the face",
        "hit with a bottle",
        "Stabbed with a screwdriver",
        "fell while drunk, head injury",
        "Overdose of paracetamol and alcohol",
        "laptop, phone and some jewellery",
        "Assault in the street by a group of males",
        "BURGLARY OF A GARAGE",
    ],
)
def test_ordinary_words_come_through_as_they_are(scrub: Scrubber, text: str) -> None:
    assert scrub(text) == text


@given(
    words=st.lists(st.sampled_from(sorted(plain_words().known)), max_size=12),
    planted=st.sampled_from(PLANTED),
    at=st.integers(0, 12),
)
def test_what_is_planted_among_ordinary_words_never_survives(
    scrub: Scrubber, words: list[str], planted: str, at: int
) -> None:
    text = " ".join([*words[:at], planted, *words[at:]])
    scrubbed = (scrub(text) or "").lower()
    left = [part.strip(".,;:!?'") for part in scrubbed.split()]
    for hidden in planted.removeprefix("Mr. ").removeprefix("Mr ").lower().split():
        assert left.count(hidden) <= words.count(hidden)
    assert not any(c.isdigit() for c in scrubbed)


@given(st.text(max_size=80))
def test_nothing_but_listed_words_and_their_points_comes_out(scrub: Scrubber, text: str) -> None:
    scrubbed = scrub(text)
    for word in (scrubbed or "").replace(REMOVED, " ").split():
        assert plain_words().knows(word.strip(".,;:!?\"'()[]“”‘’-–").lower().replace("’", "'"))


def test_a_text_of_which_nothing_is_left_is_withheld(scrub: Scrubber) -> None:
    assert scrub("Jane Smith 07700 900123") is None
    assert scrub("") is None
    assert scrub("knife " * 1_000) is None


def test_without_the_library_nothing_is_scrubbed_by_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(RecogniserMissing, match=r"requirements-scrub\.lock"):
        Scrubber()
