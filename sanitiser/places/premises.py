"""Release names of premises for which the guidance asks, and never of a home or a person.

Guidance 3.2.12 asks for the "premise name" of an assault, 3.2.18 for the name of a school, and
transport's places are stations. A name is released if a published register has it
(`sanitiser.build.premises_list`) and no word of it can belong to a home, as in "School Cottage".
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
    # words for premises with another use today: The Old School is a house
    "old", "former", "formerly", "converted", "ex",
})  # fmt: skip
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "c/o"})
_FORM = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’&. -]*")
_WORD = re.compile(r"[a-zà-ɏ/’']+")


def withheld_premises(_given: str) -> None:
    """Return None: without a register no name of premises is released.

    The form of a name does not distinguish "Oak Academy" from "Jane Doe told the academy".
    """


def names_no_home(name: str) -> bool:
    """Return True if no word of a name can belong to a home or to a person."""
    if len(name) > LONGEST or not _FORM.fullmatch(name):
        return False
    words = _WORD.findall(name.casefold())
    return 0 < len(words) <= MOST_WORDS and not set(words) & (_DWELLINGS | _TITLES)
