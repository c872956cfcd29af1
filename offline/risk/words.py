"""Read an address as words, without the product's way of splitting one.

The lists of words are data of `sanitiser`. The rules by which it finds a street are not used here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from sanitiser.address.words import settlements, words
from sanitiser.text.word_lists import lines_of

Words = tuple[str, ...]

_SEPARATOR: Final = re.compile(r"[,;:|()\[\]\n\r\t]+|\s{2,}|\s[-\u2013\u2014]+\s")
_WORD: Final = re.compile(r"[^\s]+")
_EDGES: Final = " .,'\"\u2019"
_NUMBER: Final = re.compile(r"\d{1,4}[a-z]?(?:[-/\u2013]\d{1,4}[a-z]?)?")
_CACHED: Final = 65_536
_COMMON: Final = frozenset({
    "acre", "acres", "ash", "ashes", "bridge", "brook", "church", "court", "elms", "farm", "field",
    "garden", "grange", "hall", "harbour", "hawthorn", "hill", "holly", "king", "kings", "larches",
    "laurels", "manor", "maple", "meadow", "mill", "new", "old", "pear", "priory", "queen", "queens",
    "rose", "school", "station", "the", "tree", "upper", "lower", "vicarage", "victoria", "village",
    "well", "wells", "west", "east", "north", "south", "willow", "yew", "great", "little", "st",
    "cherry", "green", "mews", "mount", "parish", "quay", "royal", "abbey", "college", "castle",
})  # fmt: skip
"""Words that many British streets have, and that are not evidence of a person or a house."""


class Part(NamedTuple):
    """A part of an address between two commas: words as written, and the same as compared."""

    written: Words
    words: Words


@lru_cache(maxsize=_CACHED)
def parts_of(text: str) -> tuple[Part, ...]:
    """Return the parts of an address in their order."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    return tuple(part for piece in _SEPARATOR.split(plain) if (part := _part(piece)).words)


def _part(piece: str) -> Part:
    written = tuple(word for found in _WORD.findall(piece) if (word := found.strip(_EDGES)))
    folded = [word.casefold() for word in written]
    return Part(written, tuple(_whole(word, at, len(folded)) for at, word in enumerate(folded)))


def _whole(word: str, at: int, length: int) -> str:
    if at == length - 1 and word in {"st", "dr"}:
        return {"st": "street", "dr": "drive"}[word]
    return _abbreviations().get(word, word)


@cache
def _abbreviations() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines_of("street_types.txt"):
        whole, _, short = line.partition(":")
        if whole != "st":
            found |= dict.fromkeys(short.split(), whole.strip())
    return found


def is_house_number(word: str) -> bool:
    """Return True for 12, 12a, 12-14, 1/2."""
    return bool(_NUMBER.fullmatch(word))


def is_way(word: str) -> bool:
    """Return True for a word that can end the name of a street."""
    w = words()
    return word in w.strong or word in w.weak or word in w.alone


def is_sure_way(word: str) -> bool:
    """Return True for a word that hardly ever ends anything but the name of a street."""
    return word in words().strong


def is_side(word: str) -> bool:
    """Return True for North, Upper and the like, which can follow the name of a street."""
    return word in words().side


@lru_cache(maxsize=_CACHED)
def is_common(word: str) -> bool:
    """Return True for a word that many streets and buildings have, so that it names nobody."""
    w = words()
    if word in _COMMON or word in w.whole or word in w.owner or word in w.plain:
        return True
    if not any(map(str.isalpha, word)) or word[0].isdigit():
        return True
    return word in w.known or (word,) in settlements()


def is_settlement(name: Words) -> bool:
    """Return True for a well-known settlement."""
    return name in settlements()


def runs(found: Sequence[str], lengths: Sequence[int]) -> Iterator[tuple[int, Words]]:
    """Yield every run of words of these lengths, with its position."""
    for at in range(len(found)):
        for length in lengths:
            if at + length <= len(found):
                yield at, tuple(found[at : at + length])
