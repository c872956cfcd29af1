"""Read the words that a scrubbed text may have, from this package's data file."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sanitiser.text.word_lists import words_by_kind

_VOWELS = "aeiou"
_KINDS = (
    "plain",
    "noun",
    "verb",
    "role",
    "naming",
    "title",
    "acronym",
    "capital",
    "name",
    "number",
    "called",
    "street",
    "dwelling",
    "position",
    "function",
)


class PlainWords(NamedTuple):
    """Sets of lower-case words; the data file explains each kind.

    Words of `known` may be released.
    """

    known: frozenset[str]
    noun: frozenset[str]
    role: frozenset[str]
    naming: frozenset[str]
    title: frozenset[str]
    acronym: frozenset[str]
    capital: frozenset[str]
    name: frozenset[str]
    number: frozenset[str]
    called: frozenset[str]
    street: frozenset[str]
    dwelling: frozenset[str]
    position: frozenset[str]
    function: frozenset[str]

    def knows(self, word: str) -> bool:
        """Return True if a lower-case word, or each part of a hyphenated one, may be released."""
        return word in self.known or all(part in self.known for part in stems(word))

    def names(self, word: str) -> bool:
        """Return True if a lower-case word, or a part of a hyphenated one, is also a person's name."""
        parts = [form for part in stems(word) for form in (part, part.removesuffix("s"))]
        return any(part in self.name for part in parts)


def stems(word: str) -> list[str]:
    """Return the parts of a lower-case word without a possessive: long-brown's gives long and brown."""
    return [part.removesuffix("'s").removesuffix("'") for part in word.split("-")]


@cache
def plain_words() -> PlainWords:
    """Read the words once."""
    kinds: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for kind, listed in words_by_kind("plain_words.txt"):
        kinds[kind].update(listed)
    nouns = {form for word in kinds.pop("noun") for form in _plurals(word)}
    verbs = {form for word in kinds.pop("verb") for form in _forms(word)}
    roles = {form for word in kinds["role"] for form in _plurals(word)}
    # A word that is also a name is known only if another list has it, too.
    known = nouns | verbs | roles | kinds.pop("plain")
    known |= kinds["capital"] | kinds["acronym"] | kinds["naming"] | kinds["title"]
    known -= kinds["number"]
    told = {kind: frozenset(listed) for kind, listed in kinds.items()}
    return PlainWords(frozenset(known), frozenset(nouns), **told | {"role": frozenset(roles)})


def _plurals(word: str) -> set[str]:
    if word.endswith("y") and word[-2] not in _VOWELS:
        return {word, word[:-1] + "ies"}
    return {word, word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")}


def _forms(word: str) -> set[str]:
    if word.endswith("e"):
        return _plurals(word) | {word + "d", word[:-1] + "ing"}
    if word.endswith("y") and word[-2] not in _VOWELS:
        return _plurals(word) | {word[:-1] + "ied", word + "ing"}
    stem = word + word[-1] if _doubles(word) else word
    return _plurals(word) | {stem + "ed", stem + "ing"}


def _doubles(word: str) -> bool:
    one_vowel = sum(letter in _VOWELS for letter in word) == 1
    return one_vowel and word[-1] not in _VOWELS + "wxy" and word[-2] in _VOWELS
