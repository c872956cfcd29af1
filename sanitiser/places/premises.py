"""Names of premises that the guidance asks for by name; a dwelling's or a person's never comes out.

Guidance 3.2.12 asks for the "premise name" of an assault, 3.2.18 for the name of a school, and
transport's places are stations. Names come out that a published register has
(`sanitiser.build.premises_list`), if nothing in them can belong to a home: "School Cottage" is one.
"""

from __future__ import annotations

import re

LONGEST = 60
MOST_WORDS = 6

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


def withheld_premises(_given: str) -> None:
    """What is released of a name where no register says whose it is: nothing.

    No form tells "Oak Academy" from "Jane Doe told the academy".
    """


def names_no_home(name: str) -> bool:
    """Whether nothing in a name can belong to a home or tell a person."""
    if len(name) > LONGEST or not _FORM.fullmatch(name):
        return False
    words = _WORD.findall(name.casefold())
    return 0 < len(words) <= MOST_WORDS and not set(words) & (_DWELLINGS | _TITLES)
