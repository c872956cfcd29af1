"""Release a place as its postcode sector, or as its district where too few households are there.

A reader knows the area of the records that it gets. So a place is counted only as far as it is in this area.
Coordinates are whole metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from sanitiser.places.location import NOWHERE, Released
from sanitiser.places.postcodes import Postcode, PostcodeIndex, sector_of

_CACHED = 4_096


class Cell(NamedTuple):
    """The part of a postcode sector in one district and area: households, and centroid if it has any."""

    households: int
    easting: int
    northing: int


NO_CELL = Cell(0, 0, 0)


class CoarsePlaces:
    """Makes released places coarser, for the readers of one area.

    Only postcodes that are released as themselves are counted. Homes that other postcodes stand in for are in
    addition to those counted.
    """

    def __init__(
        self,
        index: PostcodeIndex,
        minimum_households: int,
        *,
        by_sector: bool,
        holds: Callable[[Postcode], bool] | None = None,
    ) -> None:
        """Take the least households of a place. `holds` returns True if a postcode is in the area.

        By sector, each place is released as its sector; else only a postcode with fewer households is
        withheld.
        """
        self._index = index
        self._minimum = minimum_households
        self._by_sector = by_sector
        self._holds = holds
        self._of = lru_cache(maxsize=_CACHED)(self._coarser)
        self._cell = lru_cache(maxsize=_CACHED)(self._build_cell)
        self._rest = lru_cache(maxsize=_CACHED)(self._build_rest)

    def __call__(self, released: Released) -> Released:
        """Return the place that may be released; one that is only a district stays as it is."""
        if released.postcode is None and released.easting is None:
            return released
        if released.postcode is None and not self._by_sector:
            # A named place of the gazetteer is no home, and has no households.
            return released
        place = self._of(released.postcode, released.easting, released.northing, released.district)
        return released if place is None else place

    def cell(self, sector: str, district: str) -> Cell:
        """Return the part of a sector, such as `"BA1 1"`, in a district (GSS code)."""
        return self._cell(sector, district)

    def cells(self, district: str) -> dict[str, Cell]:
        """Return the parts of all sectors in a district (GSS code), by sector."""
        sectors = defaultdict[str, list[Postcode]](list)
        for postcode in self._counted(self._index.in_district(district)):
            sectors[sector_of(postcode.postcode)].append(postcode)
        return {sector: _cell_of(postcodes) for sector, postcodes in sectors.items()}

    def _coarser(
        self, postcode: str | None, easting: int | None, northing: int | None, district: str | None
    ) -> Released | None:
        """Return the coarser place; None if the place may be released as it is."""
        found = self._found(postcode, easting, northing)
        if found is None:
            return NOWHERE
        if not self._by_sector:
            if (found.households or 0) >= self._minimum:
                return None
            return self._district(district)
        sector = sector_of(found.postcode)
        cell = self._cell(sector, found.district)
        if cell.households < max(self._minimum, 1):
            return self._district(found.district)
        return Released(None, sector, cell.easting, cell.northing, found.district)

    def _found(
        self, postcode: str | None, easting: int | None, northing: int | None
    ) -> Postcode | None:
        if postcode is not None:
            return self._index.find(postcode)
        if easting is None or northing is None:
            return None
        return self._index.nearest(easting, northing)

    def _district(self, district: str | None) -> Released:
        """Return the district alone, or nothing if the places released so have too few households together.

        A single small place would be known by its district.
        """
        known = district is not None and self._rest(district) >= self._minimum
        return NOWHERE._replace(district=district if known else None)

    def _build_cell(self, sector: str, district: str) -> Cell:
        within = (p for p in self._index.in_sector(sector) if p.district == district)
        return _cell_of(list(self._counted(within)))

    def _build_rest(self, district: str) -> int:
        """Return the households of the places of a district that have too few for a release of their own."""
        if self._by_sector:
            counts = [cell.households for cell in self.cells(district).values()]
        else:
            postcodes = self._counted(self._index.in_district(district))
            counts = [postcode.households or 0 for postcode in postcodes]
        return sum(count for count in counts if count < self._minimum)

    def _counted(self, postcodes: Iterable[Postcode]) -> Iterator[Postcode]:
        least = self._index.metadata.k
        for postcode in postcodes:
            enough = postcode.households is not None and postcode.households >= least
            if enough and (self._holds is None or self._holds(postcode)):
                yield postcode


def _cell_of(postcodes: list[Postcode]) -> Cell:
    if not postcodes:
        return NO_CELL
    return Cell(
        sum(postcode.households or 0 for postcode in postcodes),
        round(sum(postcode.easting for postcode in postcodes) / len(postcodes)),
        round(sum(postcode.northing for postcode in postcodes) / len(postcodes)),
    )
