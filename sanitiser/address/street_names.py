"""The form in which names of streets are compared: The Queen's Rd. and Queens Road are one street.

Case, accents, apostrophes, hyphens and abbreviations of street types do not matter. Every other letter does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from sanitiser.text.word_lists import words_by_kind

LONGEST: Final = 60
"""Characters of the longest name of a street."""
MOST_WORDS: Final = 7
_WORD: Final = re.compile(r"[^\W_]+")
_UNMARKED: Final = re.compile(r"['’‘`´.]")
_AT_THE_END: Final = {"st": "street", "dr": "drive"}
"""Abbreviations that are a street type only at the end of a name; elsewhere a saint or a doctor."""
_CACHED: Final = 65_536


@lru_cache(maxsize=_CACHED)
def compared(token: str) -> tuple[str, ...]:
    """Return the words of one token as they are compared: ("maes", "y", "coed") for Maes-y-Coed."""
    text = token if token.isascii() else _unaccented(token)
    found = _WORD.findall(_UNMARKED.sub("", text.casefold().replace("&", " and ")))
    return tuple(_in_full().get(word, word) for word in found)


def key_of(words: Sequence[str]) -> str:
    """Return the key of a name, from words as `compared` gives them."""
    last = words[-1]
    return " ".join((*words[:-1], _AT_THE_END.get(last, last)))


def key_of_name(name: str) -> str | None:
    """Return the key of a street's published name; None if it is no name of a street."""
    words = [word for token in name.split() for word in compared(token)]
    if (
        not words
        or len(words) > MOST_WORDS
        or len(name) > LONGEST
        or not any(map(str.isalpha, words))
    ):
        return None
    return key_of(words)


def is_one_slip(given: str, listed: str) -> bool:
    """Return True if two words differ in one letter: one too many, one too few, another, or two swapped."""
    if given == listed or abs(len(given) - len(listed)) > 1:
        return False
    shortest = min(len(given), len(listed))
    begin = next((at for at in range(shortest) if given[at] != listed[at]), shortest)
    a, b = given[begin:], listed[begin:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]


def _unaccented(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c))


@cache
def _in_full() -> Mapping[str, str]:
    files = ("street_types.txt", "street_words.txt")
    return {
        short: full for file in files for full, listed in words_by_kind(file) for short in listed
    }
