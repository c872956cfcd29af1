"""Made-up licensed premises, stations and schools on the district's real postcodes."""

from __future__ import annotations

from typing import NamedTuple

from demo.generator.seeds import seeded
from demo.generator.town import Site, Town
from demo.generator.words import INN_KINDS, INN_NAMES, LOCALITIES

SCHOOL_KINDS = ("Primary School", "Secondary School")
"""In turn; the second takes pupils from the age of eleven."""


class Venue(NamedTuple):
    """A place that has a name."""

    name: str
    site: Site


def licensed_premises(town: Town, seed: int) -> tuple[Venue, ...]:
    """A house of each name, most of them where most happens."""
    rng = seeded(seed, "licensed premises")
    return tuple(
        Venue(f"The {name} {rng.choice(INN_KINDS)}", town.premises(rng)) for name in INN_NAMES
    )


def stations(town: Town, seed: int, kind: str, number: int = 5) -> tuple[Venue, ...]:
    """Stations of one kind, such as "Bus Station", each named after a locality."""
    rng = seeded(seed, kind)
    sites = [town.premises(rng) for _ in range(number)]
    return tuple(
        Venue(f"{name} {kind}", site)
        for name, site in zip(rng.sample(LOCALITIES, number), sites, strict=True)
    )


def schools(town: Town, seed: int) -> tuple[Venue, ...]:
    """A school of each kind for every locality, by turns."""
    rng = seeded(seed, "schools")
    return tuple(
        Venue(f"{locality} {kind}", town.premises(rng))
        for locality in LOCALITIES
        for kind in SCHOOL_KINDS
    )
