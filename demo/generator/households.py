"""Make up the people of households with domestic events: the same in incidents, crimes and referrals."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from demo.generator.cells import flag
from demo.generator.choice import Weighted
from demo.generator.people import GROWN_UP, Ages, Person, person
from demo.generator.seeds import seeded
from demo.generator.town import Town
from demo.generator.trouble import Row

CHILDREN = Ages(1, 16, 7)
"""At most three of a household's children are in its records by name."""

PREFIXES = ("child_", "second_child_", "third_child_")
_CHILDREN = Weighted.of({0: 40.0, 1: 25.0, 2: 22.0, 3: 10.0, 4: 3.0})
_FIRST_URN = 900_000
"""Schools in England have unique reference numbers below 200000."""
_SCHOOLS = 40
_HOME_EDUCATED = 0.05
_SCHOOL_AGE = 4
_TOOLS = Weighted.of({"DARA": 75.0, "DASH": 25.0})
_GRADES = Weighted.of({"Standard": 60.0, "Medium": 28.0, "High": 12.0})
_TIMES = ("Weekdays 09:30 to 14:30", "Tuesdays and Thursdays before noon", "Any day 10:00 to 12:00")


class Household(NamedTuple):
    """Two adults and the children of one home; `victim` is the adult who is the victim in most events."""

    victim: Person
    partner: Person
    children: tuple[Person, ...]


def household(number: int, town: Town, seed: int) -> Household:
    """Return the household of that number, counted from 0."""
    rng = seeded(seed, f"children:{number}")
    children = (
        person(f"CHI-{number}-{nth}", town, seed, CHILDREN) for nth in range(_CHILDREN.draw(rng))
    )
    return Household(victim_at(number, town, seed), partner_of(number, town, seed), tuple(children))


def victim_at(number: int, town: Town, seed: int) -> Person:
    """Return the victim in most domestic events of that household."""
    return person(f"HOME-{number}", town, seed, GROWN_UP, men=0.25)


def partner_of(number: int, town: Town, seed: int) -> Person:
    """Return the victim's partner, who lives at the same address in two cases of three."""
    victim = victim_at(number, town, seed)
    men = 0.9 if victim.gender == "F" else 0.1
    partner = person(f"OFF-8{number:06}", town, seed, GROWN_UP, men)
    return partner._replace(home=victim.home) if lives_together(number) else partner


def lives_together(number: int) -> bool:
    """Return True if the partners of a household live at one address."""
    return number % 3 != 0


def school_of(child: Person, day: str) -> str:
    """Return the URN of the child's school, or that the child is educated at home; empty for the youngest."""
    if child.age_on(day) <= _SCHOOL_AGE:
        return ""
    rng = seeded(0, f"school:{child.reference}")
    if rng.random() < _HOME_EDUCATED:
        return "Home educated"
    return str(_FIRST_URN + int(rng.random() * _SCHOOLS))


def named(children: tuple[Person, ...]) -> Iterator[tuple[str, Person | None]]:
    """Yield the prefix of each child in a record, with the child if there is one."""
    for nth, prefix in enumerate(PREFIXES):
        yield prefix, children[nth] if nth < len(children) else None


def risk(day: str, grader: str, rng: Random) -> Row:
    """Return a risk assessment on a day; `grader` is a post."""
    return {
        "risk_tool": _TOOLS.draw(rng),
        "risk_grade": _GRADES.draw(rng),
        "risk_date": day,
        "risk_grader": grader,
    }


def safe_contact(who: Person, rng: Random) -> Row:
    """Return how a victim can be contacted safely."""
    return {
        "safe_contact_number": who.telephone,
        "safe_contact_times": rng.choice(_TIMES),
        "safe_contact_no_voicemail": flag(rng.random() < 0.7),  # noqa: PLR2004 - share
        "safe_contact_no_letter": flag(rng.random() < 0.8),  # noqa: PLR2004 - share
    }
