"""Lay a district out for made-up records: streets, homes and hot spots at real postcodes.

Street names, localities, house numbers and house names are made up, so no record has a real
address. Coordinates are metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import NamedTuple

from demo.generator.choice import Weighted
from demo.generator.district import Point
from demo.generator.seeds import seeded
from demo.generator.words import HOUSE_NAMES, LOCALITIES, STREET_KINDS, STREET_NAMES

SQUARE_M = 50
SQUARES = 10
LOCALITY_M = 2_500
HOT_SPOTS = 4
HOT_SPOT_RADIUS_M = 250.0
PROPERTY_SPREAD_M = 25.0


class Spot(NamedTuple):
    """A postcode with its made-up street and locality, and the number of addresses."""

    point: Point
    street: str
    locality: str
    addresses: int


class Site(NamedTuple):
    """The place of an event: a line of address, its postcode and the position of the property."""

    address: str
    postcode: str
    easting: float
    northing: float


@dataclass(frozen=True, slots=True)
class Town:
    """Spots weighted by how often something happens there, and weighted by how many live there."""

    spots: tuple[Spot, ...]
    public: Weighted[Spot]
    homes: Weighted[Spot]

    def home(self, rng: Random) -> Site:
        """Return the address of a home: most with a number, some a flat, a few with a name."""
        return _site(self.homes.draw(rng), rng, named=True)

    def place(self, rng: Random) -> Site:
        """Return the place of an event: an address in most cases, else a junction or an open space."""
        spot = self.public.draw(rng)
        if rng.random() < 0.12:  # noqa: PLR2004 - share of places that are no address
            return _open_place(spot, self.public.draw(rng), rng)
        return _site(spot, rng, named=False)

    def at(self, spot: Spot, rng: Random) -> Site:
        """Return an address at one spot, never a flat."""
        return _site(spot, rng, named=False, flats=False)

    def premises(self, rng: Random) -> Site:
        """Return an address of business, never a flat, most of them in busy places."""
        spot = self.public.draw(rng)
        return _site(spot, rng, named=False, flats=False)


def lay_out(postcodes: Sequence[Point], seed: int) -> Town:
    """Lay a town out on the district's postcodes; the same seed gives the same town.

    Raises:
        ValueError: there are no postcodes.
    """
    if not postcodes:
        raise ValueError("a town needs at least one postcode")
    rng = seeded(seed, "town")
    kinds = Weighted.of(STREET_KINDS)
    spots = tuple(
        Spot(
            point,
            f"{rng.choice(STREET_NAMES)} {kinds.draw(rng)}",
            _locality(point),
            rng.randint(6, 60),
        )
        for point in postcodes
    )
    heat, crowding = _heat(postcodes, rng), _crowding(postcodes)
    public = Weighted((spot, h / c) for spot, h, c in zip(spots, heat, crowding, strict=True))
    homes = Weighted(
        (spot, spot.addresses * rng.lognormvariate(0, 0.6) / c)
        for spot, c in zip(spots, crowding, strict=True)
    )
    return Town(spots, public, homes)


def _locality(point: Point) -> str:
    cell = point.easting // LOCALITY_M * 7 + point.northing // LOCALITY_M
    return LOCALITIES[cell % len(LOCALITIES)]


def _heat(postcodes: Sequence[Point], rng: Random) -> list[float]:
    """Return a weight for each postcode: more in dense areas, and much more near the hot spots."""
    built = {_square(p.easting, p.northing, SQUARE_M) for p in postcodes}
    density = Counter((e // SQUARES, n // SQUARES) for e, n in built)
    dense = {p: density[_square(p.easting, p.northing, SQUARE_M * SQUARES)] for p in postcodes}
    hot = [rng.choice(postcodes) for _ in range(HOT_SPOTS)]
    hot.append(max(postcodes, key=dense.__getitem__))
    return [
        (0.3 + dense[p] / 20 + 6 * _nearness(p, hot)) * rng.lognormvariate(0, 0.8)
        for p in postcodes
    ]


def _crowding(postcodes: Sequence[Point]) -> list[int]:
    """Return how many postcodes share each one's square: large users share a sorting office's point."""
    here = Counter(_square(p.easting, p.northing, SQUARE_M) for p in postcodes)
    return [here[_square(p.easting, p.northing, SQUARE_M)] for p in postcodes]


def _square(easting: int, northing: int, side: int) -> tuple[int, int]:
    return easting // side, northing // side


def _nearness(point: Point, hot: Sequence[Point]) -> float:
    return sum(
        exp(
            -((point.easting - h.easting) ** 2 + (point.northing - h.northing) ** 2)
            / (2 * HOT_SPOT_RADIUS_M**2)
        )
        for h in hot
    )


def _site(spot: Spot, rng: Random, *, named: bool, flats: bool = True) -> Site:
    number, kind = 1 + int(rng.random() * spot.addresses), rng.random()
    if named and kind < 0.05:  # noqa: PLR2004 - share of houses with a name for a number
        door = f"{rng.choice(HOUSE_NAMES)}, "
    elif flats and kind < 0.2:  # noqa: PLR2004 - share of flats
        door = f"Flat {1 + int(rng.random() * 12)}, {number} "
    else:
        door = f"{number} "
    return _at(spot, f"{door}{spot.street}, {spot.locality}, {spot.point.postcode}", rng)


def _open_place(spot: Spot, other: Spot, rng: Random) -> Site:
    line = rng.choice(
        (
            f"Junction of {spot.street} and {other.street}",
            f"Car park, {spot.street}, {spot.locality}",
            f"{spot.locality} Park",
            f"Outside {1 + int(rng.random() * spot.addresses)} {spot.street}, {spot.locality}",
        )
    )
    site = _at(spot, line, rng)
    return site._replace(postcode="") if rng.random() < 0.5 else site  # noqa: PLR2004 - half


def _at(spot: Spot, line: str, rng: Random) -> Site:
    point = spot.point
    return Site(
        line,
        point.postcode,
        round(point.easting + (rng.random() - 0.5) * 2 * PROPERTY_SPREAD_M, 1),
        round(point.northing + (rng.random() - 0.5) * 2 * PROPERTY_SPREAD_M, 1),
    )
