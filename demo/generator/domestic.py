"""Make up the people, children, flags and risk of a domestic incident."""

from __future__ import annotations

from functools import cache
from random import Random

from demo.generator.cells import flag
from demo.generator.households import Household, named, risk, safe_contact, school_of
from demo.generator.people import Person
from demo.generator.trouble import Row, record_type_of

_NAMED = 0.85
"""Share of domestic incidents in which the victim is known by name."""

_SUSPECT_NAMED = 0.8
_ROLES_SWAPPED = 0.05
_ASSESSED = 0.7
_CONTACT = 0.3


@cache
def nobody() -> Row:
    """Return the same fields, all empty, for an incident that is not domestic."""
    names = [f.name for f in record_type_of("police-incident").fields]
    return dict.fromkeys(names[names.index("victim_name") :], "")


def people_of(home: Household, day: str, rng: Random) -> Row:
    """Return what the police know of the people of an incident at a home."""
    victim, suspect = home.victim, home.partner
    if rng.random() < _ROLES_SWAPPED:
        victim, suspect = suspect, victim
    if rng.random() >= _NAMED:
        return nobody()
    return (
        nobody()
        | _person("victim_", victim)
        | (_person("suspect_", suspect) if rng.random() < _SUSPECT_NAMED else {})
        | _children(home.children, day)
        | _flags(home, rng)
        | (risk(day, "Response officer", rng) if rng.random() < _ASSESSED else {})
        | (safe_contact(victim, rng) if rng.random() < _CONTACT else {})
    )


def _person(prefix: str, who: Person) -> Row:
    return {f"{prefix}name": who.name, f"{prefix}date_of_birth": who.born}


def _children(children: tuple[Person, ...], day: str) -> Row:
    row = {"children_count": str(len(children))}
    for prefix, child in named(children):
        if child is not None:
            row |= _person(prefix, child) | {f"{prefix}school": school_of(child, day)}
    return row


def _flags(home: Household, rng: Random) -> Row:
    present, armed, bound = rng.random() < 0.6, rng.random() < 0.08, rng.random() < 0.1  # noqa: PLR2004 - shares
    return {
        "children_present": flag(bool(home.children) and present),
        "weapon_used": flag(armed),
        "order_or_bail": flag(bound),
    }
