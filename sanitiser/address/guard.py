"""Check a street before its release for the name of a house, a person or another place.

Every street is checked, also after a house number. Without a list of streets an unknown word before
a whole street name (*Okonkwo Park Road*) can be a person or a house, so such a name is withheld.
"""

from __future__ import annotations

import itertools
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from sanitiser.address.words import leading_names, settlements, words

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN_TOGETHER: Final = "fields-run-together"
TWICE: Final = "word-twice"
"""Such as House Hill St St, which can be read in two ways."""
POSITION: Final = "position-left"
BEFORE_A_STREET: Final = "name-before-a-street"
SEVERAL: Final = "several-streets"

TWO_NAMES: Final = "two-names"
_HALVES: Final = frozenset({("end",), ("mid",), ("semi",)})
"""Words for a house in a row, such as end terrace."""

_INNER_CAPITAL: Final = re.compile(r"[a-z\u00df-\u00ff][A-Z\u00c0-\u00de]")
_JOINED_BY_A_MARK: Final = re.compile(r"[^\W\d_]{3}'[^\W\d_]{3}")
"""Not O'Connell, Rhodfa'r or King's."""
_SCOTTISH: Final = re.compile(r"\A(?:Mc|Mac|Fitz)(?=[A-Z])")
_LINKS: Final = frozenset({"and", "of", "the", "with", "to"})
_CACHED: Final = 16_384
"""Words of addresses; the words of streets occur again and again."""
_LONGEST_PLAIN: Final = 6
"""Least number of letters of a common first word that is recognised at the end of a longer word."""


def doubt(
    tokens: Sequence[str], keys: Sequence[str], *, is_thoroughfare: frozenset[str]
) -> str | None:
    """Return the reason code why a street is withheld; None if it may be released.

    `tokens` are the words of the street as written, `keys` the same as compared; `is_thoroughfare`
    has the words among them that can end the name of a street.
    """
    name = _without_sides(tuple(keys))
    if name[-1] not in is_thoroughfare and name[-1] not in words().building:
        name = tuple(keys)
    if any(_is_run_together(token, key) for token, key in zip(tokens, keys, strict=True)):
        return RUN_TOGETHER
    if any(key == after for key, after in itertools.pairwise(keys)):
        return TWICE
    if any(_is_position(at, key) for at, key in enumerate(name[:-1])):
        return POSITION
    if _begins_with_another(name, is_thoroughfare) or _begins_with_a_surname(name):
        return BEFORE_A_STREET
    if "/" in "".join(tokens) or name[:1] in _HALVES or _is_two_names(name, is_thoroughfare):
        return TWO_NAMES
    return None


def is_run_together(tokens: Sequence[str]) -> str | None:
    """Return the reason code if two fields can be in one word cut off before a street: MrOkonkwoOld."""
    return RUN_TOGETHER if any(_is_run_together(token, "") for token in tokens) else None


def _begins_with_a_surname(name: tuple[str, ...]) -> bool:
    """Return True if the name of a person or a house that is also a word of streets may begin another name.

    Such as Park Nowak Lane, Green Upper Byron Place, Hall High Street, Church Broadway.
    """
    w = words()
    begins = name[1:] if name[0] == "old" and len(name) > 1 else name
    if begins[0] in {"tree", "trees"}:
        return True  # a word before it was cut off
    if "-".join(begins) in w.entire:
        return False
    plain = begins[:-1] in settlements() or all(key in w.qualifier for key in begins[:-1])
    if begins[-1] in w.alone and not plain:
        return True
    return len(begins) > len(("own name", "lane")) and begins[0] in w.surname_too


def _is_two_names(name: tuple[str, ...], thoroughfares: frozenset[str]) -> bool:
    """Return True if a whole street name follows another one: Meadow Bank Park Road."""
    w = words()
    if len(name) > len(("own name", "road")) and name[-2] in w.strong and name[-1] in thoroughfares:
        return True  # Forest Road Lane
    if _ends_in_a_surname(name, thoroughfares):
        return True
    return any(
        name[at] in thoroughfares and name[at] != "st" and name[at + 1] not in _LINKS
        for at in range(1, len(name) - 2)
    )


def _ends_in_a_surname(name: tuple[str, ...], thoroughfares: frozenset[str]) -> bool:
    """Return True if a person's name that is a word of streets too may end it: Chestnut Grove Hill."""
    w = words()
    if name[0] in w.strong and not w.surname_too.isdisjoint(name[1:-1]):
        return True  # the end of Spring Ground Road, and a name
    if len(name) == len(("the", "willows", "cross")) and name[0] == "the":
        return name[1] not in w.known or name[2] in w.surname_too
    if name[-1] == "drive" and len(name) > len(("hill", "drive")) and name[-2] in w.surname_too:
        return True
    if name[-1] not in w.surname_too:
        return False
    if len(name) > len(("broadway", "park")):
        return _may_follow(name[-1], name[:-1], thoroughfares)
    return len(name) > 1 and _may_be_alone(name[0], before=name[-1])


def _may_follow(surname: str, street: tuple[str, ...], thoroughfares: frozenset[str]) -> bool:
    """Return True if a surname may follow a whole street; not in Collier Row Lane, Old Lodge Lane."""
    if surname in {"lane", "hill"} and street in settlements():
        return False
    if surname == "lane" and (street[-1] in {"common", "church"} or _is_of_a_building(street)):
        return False
    return street[-1] in thoroughfares or street[-1] in words().building


def _may_be_alone(key: str, *, before: str) -> bool:
    """Return True if one word may be a whole street, before a surname: Broadway Park, Lakefields Grove."""
    if before in {"fields", "cross"} and not _is_known(key) and (key,) not in settlements():
        return True
    return key in words().alone or (before != "lane" and _is_a_street_alone(key))


def _is_a_street_alone(key: str) -> bool:
    """Return True for a word with the ending of a street of one word: Lakefields, Crossland."""
    endings = tuple(words().founded | {"land", "wood"})
    return key.endswith(endings) and key not in endings


def _is_of_a_building(name: tuple[str, ...]) -> bool:
    """Return True for two words that a lane is named after: Old Lodge, Red House."""
    w = words()
    return len(name) == len(("old", "lodge")) and (
        (name[0] in w.qualifier and (name[1] in w.building or name[1] == "end"))
        or (name[0] in w.leading and name[1] == "house")
    )


def _is_position(at: int, key: str) -> bool:
    """Return True for a word of position; a road to a station is Junction Road."""
    return (key in words().position or key == "corner") and not (at == 0 and key == "junction")


def _without_sides(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the name without North, Upper and the like at its end."""
    while len(keys) > 1 and keys[-1] in words().side:
        keys = keys[:-1]
    return keys


@lru_cache(maxsize=_CACHED)
def _is_run_together(token: str, key: str) -> bool:
    """Return True if two fields can be in one word: MrOkonkwoAcacia, okonkwoacacia."""
    if any(_INNER_CAPITAL.search(_SCOTTISH.sub("", part)) for part in re.split(r"[-'/.]", token)):
        return True
    if _JOINED_BY_A_MARK.search(key):
        return True
    if key in words().known or (key,) in settlements():
        return False
    if not key.endswith(_plain_endings()):
        return False
    return any(key.endswith(plain) and len(key) - len(plain) > 1 for plain in _plain_endings())


@cache
def _plain_endings() -> tuple[str, ...]:
    return tuple(plain for plain in words().plain if len(plain) >= _LONGEST_PLAIN)


def _begins_with_another(name: tuple[str, ...], thoroughfares: frozenset[str]) -> bool:
    """Return True if a whole street name follows an unknown word, or a Welsh name."""
    if name[0].partition("-")[0] in words().first:
        return len(name) > 1 and name[-1] in words().strong
    begin = _length_of_town(name)
    for at in range(begin, len(name) - 2):
        rest = name[at + 1 :]
        if _is_known(name[at]) or rest[-1] not in thoroughfares:
            continue
        if all(map(_is_known, rest)) or rest[0] in words().compound:
            return True
    return False


def _length_of_town(name: tuple[str, ...]) -> int:
    """Return the number of words at the start that are a town, not a person: Bath Green Lane."""
    return max(
        (
            length
            for length in range(1, len(name))
            if name[:length] in leading_names() and words().person.isdisjoint(name[:length])
        ),
        default=0,
    )


def _is_known(key: str) -> bool:
    """Return True for a word of streets and buildings that is not a person's name."""
    w = words()
    if key in w.whole or key in w.owner or key in _LINKS or not any(map(str.isalpha, key)):
        return True
    if key[0].isdigit():
        return True  # 1st Avenue
    return (key in w.known or key in w.plain) and key not in w.person
