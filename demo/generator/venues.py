"""Make up licensed premises, stations and schools at the district's real postcodes."""

from __future__ import annotations

from typing import NamedTuple

from demo.generator.seeds import seeded
from demo.generator.town import Site, Town
from demo.generator.words import INN_KINDS, INN_NAMES, LOCALITIES

SCHOOL_KINDS = ("Primary School", "Secondary School")
"""The kinds in turn; the second takes pupils from the age of eleven."""


class Venue(NamedTuple):
    """A place with a name."""

    name: str
    site: Site


def licensed_premises(town: Town, seed: int) -> tuple[Venue, ...]:
    """Return licensed premises, one for each name, most of them in busy places."""
    rng = seeded(seed, "licensed premises")
    return tuple(
        Venue(f"The {name} {rng.choice(INN_KINDS)}", town.premises(rng)) for name in INN_NAMES
    )


def stations(town: Town, seed: int, kind: str, number: int = 5) -> tuple[Venue, ...]:
    """Return stations of one kind, such as "Bus Station", each named after a locality."""
    rng = seeded(seed, kind)
    sites = [town.premises(rng) for _ in range(number)]
    return tuple(
        Venue(f"{name} {kind}", site)
        for name, site in zip(rng.sample(LOCALITIES, number), sites, strict=True)
    )


def schools(town: Town, seed: int) -> tuple[Venue, ...]:
    """Return a school of each kind for every locality, in turn."""
    rng = seeded(seed, "schools")
    return tuple(
        Venue(f"{locality} {kind}", town.premises(rng))
        for locality in LOCALITIES
        for kind in SCHOOL_KINDS
    )
