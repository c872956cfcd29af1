"""Names of premises that the guidance asks for by name; a dwelling's or a person's never comes out.

Guidance 3.2.12 asks for the "premise name" of an assault, 3.2.18 for the name of a school, and
transport's places are stations. A name is released only if it ends like such premises, and if
nothing in it can belong to a home: "School Cottage" is one.
"""

from __future__ import annotations

import re

LONGEST = 60
MOST_WORDS = 6

_KINDS = frozenset({
    # schools and colleges
    "school", "academy", "college", "nursery", "infants", "juniors", "primary", "secondary", "sixth",
    # licensed premises
    "arms", "bar", "brewery", "club", "hotel", "inn", "nightclub", "pub", "tavern", "restaurant",
    # stations and stops
    "station", "interchange", "stop", "platform",
})  # fmt: skip
_DWELLINGS = frozenset({
    "apartment", "apartments", "barn", "bungalow", "caravan", "care", "cottage", "cottages", "court",
    "farm", "farmhouse", "flat", "flats", "home", "homes", "hostel", "house", "houses", "lodge",
    "maisonette", "manor", "mansion", "mansions", "refuge", "rectory", "residence", "room", "rooms",
    "unit", "vicarage", "villa", "villas",
    # what was such premises once: The Old School is a house
    "old", "former", "formerly", "converted", "ex",
})  # fmt: skip
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "c/o"})
_FORM = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’&. -]*")
_WORD = re.compile(r"[a-zà-ɏ/’']+")


def released_premises(given: str) -> str | None:
    """The name, or None where it is not certain to be that of premises asked for by name."""
    name = " ".join(given.split())
    if not names_no_home(name):
        return None
    words = _WORD.findall(name.casefold())
    names_nothing = set(words) <= _KINDS | {"the"}
    return None if names_nothing or words[-1] not in _KINDS else name


def names_no_home(name: str) -> bool:
    """Whether nothing in a name can belong to a home or tell a person."""
    if len(name) > LONGEST or not _FORM.fullmatch(name):
        return False
    words = _WORD.findall(name.casefold())
    return 0 < len(words) <= MOST_WORDS and not set(words) & (_DWELLINGS | _TITLES)
