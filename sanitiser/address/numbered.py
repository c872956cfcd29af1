"""Decide whether a street that no list has is directly behind the number of a house.

People, files and notes have numbers, too: Patient 12 Jane Hill, Key safe 1234, Flat No 3. So the number must
have the form of a house number. Before it only parts of the building, each with its own number, and words of
position are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from sanitiser.address.segments import Segment, Street, may_be_somebody
from sanitiser.address.street_names import compared, key_of
from sanitiser.address.words import settlements, words

_HOUSE: Final = re.compile(r"[1-9]\d{0,2}(?:[a-e]|[-\u2013][1-9]\d{0,2})?", re.ASCII)
"""5, 5a or 5-7. Four figures are more often a time, a badge or a code: 1500 Jane Hill."""
_OF_A_PART: Final = r"(?:\d{1,3}[a-z]?|[a-z]\d{0,3})"
"""The number or letter of a flat: 2, 2a, b or b12."""


def is_behind_a_house_number(segments: Sequence[Segment], at: int, street: Street) -> bool:
    """Return True if the street of segment `at` has a house number directly before it.

    Nothing else may be around it in its segment, and its name may not be that of a person.
    """
    segment = segments[at]
    number = street.start - 1
    if number < 0 or not street.numbered or not _HOUSE.fullmatch(segment.tokens[number].lower()):
        return False
    behind = segment.keys[street.end :]
    if behind and behind not in settlements():
        return False
    before = [key for s in segments[:at] for key in s.keys] + [*segment.keys[:number]]
    if not _before_a_number().fullmatch(" ".join(before)):
        return False
    return not _may_be_a_person(segment.keys[street.start : street.end])


@cache
def _before_a_number() -> re.Pattern[str]:
    """Return what may stand before a house number: nothing, No, Flat 2, Ground Floor Flat, Outside."""
    w = words()
    home, storey, beside = (
        "|".join(map(re.escape, sorted(kind))) for kind in (w.home, w.storey, w.beside)
    )
    part = rf"(?:(?:{home}) {_OF_A_PART}|(?:{storey})(?: floor)?(?: flat)?)"
    return re.compile(rf"(?:(?:{beside})(?: |\Z))?(?:no|number|{part}(?: {part})*)?", re.ASCII)


def _may_be_a_person(keys: tuple[str, ...]) -> bool:
    """Return True for a person's name or title, and for a relative: Jane Hill, Lady Nowak Road, Mum Road."""
    w = words()
    # Paula St is Paula Street.
    name = tuple(key_of([word for key in keys for word in compared(key)] or [""]).split())
    if not name:
        return True
    while len(name) > len(("forename", "surname")) and name[-1] in w.side:
        name = name[:-1]
    if name[0] == "the" and len(name) > len(("the", "name")):
        return True  # 12 The Okonkwo Place
    if may_be_somebody(name) or (name[0] in w.person and name[-1] in w.surname):
        return True
    called = w.title | w.honorific | w.relation
    return any(key in called or key.removesuffix("s") in called for key in name)
