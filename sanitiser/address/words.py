"""Read the words by which addresses are split, from this package's data files."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from sanitiser.text.word_lists import lines_of, words_by_kind

_FILES: Final = ("thoroughfares.txt", "premises.txt", "forenames.txt")
_PIECES: Final = (
    "ways", "ending", "compound", "person", "surname", "surname_too", "founder", "owner", "outbuilding",
    "figure", "relation", "plain", "placed", "welsh",
    "home", "storey", "honorific", "beside", "given", "thing", "rare", "row", "pair", "founded",
)  # fmt: skip
"""Kinds that are not whole words of a segment: parts of words, and words within names."""


class Words(NamedTuple):
    """Sets of lower-case words; the data files explain each kind."""

    strong: frozenset[str]
    weak: frozenset[str]
    alone: frozenset[str]
    first: frozenset[str]
    whole: frozenset[str]
    qualifier: frozenset[str]
    side: frozenset[str]
    part: frozenset[str]
    numbering: frozenset[str]
    building: frozenset[str]
    place: frozenset[str]
    trade: frozenset[str]
    title: frozenset[str]
    position: frozenset[str]
    counting: frozenset[str]
    leading: frozenset[str]
    defined: frozenset[str]
    entire: frozenset[str]
    certain: frozenset[str]
    compound: frozenset[str]
    person: frozenset[str]
    surname: frozenset[str]
    surname_too: frozenset[str]
    founder: frozenset[str]
    owner: frozenset[str]
    outbuilding: frozenset[str]
    figure: frozenset[str]
    relation: frozenset[str]
    plain: frozenset[str]
    placed: frozenset[str]
    welsh: frozenset[str]
    home: frozenset[str]
    storey: frozenset[str]
    honorific: frozenset[str]
    beside: frozenset[str]
    given: frozenset[str]
    thing: frozenset[str]
    rare: frozenset[str]
    row: frozenset[str]
    pair: frozenset[str]
    founded: frozenset[str]
    ways: frozenset[str]
    ending: frozenset[str]
    known: frozenset[str]


@cache
def settlements() -> frozenset[tuple[str, ...]]:
    """Return the names of settlements that streets are named after, each as its lower-case words."""
    return _names_of("settlements.txt")


@cache
def localities() -> frozenset[tuple[str, ...]]:
    """Return the names that may follow a street and are not streets: settlements, suburbs and counties."""
    return settlements() | _names_of("localities.txt") | _names_of("counties.txt")


@cache
def leading_names() -> frozenset[tuple[str, ...]]:
    """Return the names of several words, of settlements or others, that streets are named after."""
    return settlements() | {tuple(pair.split("-")) for pair in words().pair}


def _names_of(file: str) -> frozenset[tuple[str, ...]]:
    """Return the names in a file, those of three words and more also with hyphens: Stow-on-the-Wold."""
    names = {tuple(name.split()) for line in lines_of(file) for name in line.split("|")}
    return frozenset(names | {("-".join(name),) for name in names if len(name) > len("on")})


@cache
def words() -> Words:
    """Read the words once."""
    kinds: dict[str, set[str]] = {name: set() for name in Words._fields}
    for name in _FILES:
        for kind, listed in words_by_kind(name):
            kinds[kind].update(listed)
    kinds["known"] = {"st"}.union(*(kinds[kind] for kind in kinds if kind not in _PIECES))
    return Words(**{kind: frozenset(listed) for kind, listed in kinds.items()})
