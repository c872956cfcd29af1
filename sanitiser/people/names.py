"""The normal form of a person's name, and the names that identify somebody together with a date of birth.

A name is compared without case, accents, punctuation and order of its words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from sanitiser.text.word_lists import words_by_kind
from schemas.placeholders import placeholders

# Numbers with a slash or hyphen between them are one word: *1/2*, *1-2* and *1 2* are different houses.
_WORDS: Final = re.compile(r"\d+[/-]\d+|[^\W_]+")
_LEAST_WORDS: Final = 2
_EARLIEST_BIRTH: Final = date(1900, 1, 1)


def normal_words(text: object) -> tuple[str, ...]:
    """Return the words of a text without case, accents and punctuation, in their order."""
    given = str(text or "")
    if given.isascii():
        return tuple(_WORDS.findall(given.casefold().replace("'", "")))
    # Twice, because the form of a mathematical capital is a capital, and that of a folded letter a mark.
    folded = unicodedata.normalize("NFKD", given).casefold()
    plain = unicodedata.normalize("NFKD", folded)
    unmarked = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    return tuple(_WORDS.findall(unmarked.replace("’", "")))


def normal_name(text: object) -> tuple[str, ...]:
    """Return the normal form of a name: its words, sorted; empty if there is none."""
    return tuple(sorted(normal_words(text)))


def identifying_name(name: object, born: object, today: date) -> tuple[str, ...] | None:
    """Return the normal form of a name that identifies somebody born on a day; None if it is not certain.

    A date of birth after `today`, or one that systems write if they do not know it, says nothing.
    """
    if not (isinstance(born, date) and born <= today and is_birth(born)):
        return None
    return full_name(name)


def full_name(name: object) -> tuple[str, ...] | None:
    """Return the normal form of a name; None if it is not certainly somebody's whole name.

    A name of one word, or with an initial for a first name, could be that of a twin.
    """
    words = normal_name(name)
    whole = [word for word in words if not (len(word) == 1 and word.isascii())]
    if len(whole) < _LEAST_WORDS or not all(map(str.isalpha, words)) or _is_placeholder(words):
        return None
    return words


def is_birth(day: date) -> bool:
    """Return True if a day can be a date of birth. It is not one that systems write for a missing date."""
    return day >= _EARLIEST_BIRTH and not placeholders().is_no_birth(day)


def _is_placeholder(words: tuple[str, ...]) -> bool:
    unknown, nobody = _no_names()["unknown"], _no_names()["nobody"]
    return not unknown.isdisjoint(words) or nobody.issuperset(words)


@cache
def _no_names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, listed in words_by_kind("no_names.txt"):
        found.setdefault(kind, set()).update(listed)
    return {kind: frozenset(listed) for kind, listed in found.items()}
