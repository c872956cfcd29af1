"""Check places: points and postcodes with fewer households than the profile's readers may have."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from sanitiser.places.coarse_places import Cell, CoarsePlaces
from sanitiser.places.postcodes import PostcodeIndex, ReleasedPlace, normalise
from sanitiser.places.street_homes import StreetHomes
from sanitiser.places.streets import StreetList
from schemas.record_type import RecordType

ATTACK = "places"
NEAR_M = 25.0
"""A point nearer than this to an original's can be of the same house, in metres."""
_AREA = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?(?: [0-9])?")
"""A postcode district or sector, which is no postcode."""

Row = Mapping[str, str]


def places(
    rows: Sequence[Row],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    index: PostcodeIndex,
    k: int,
    listed: StreetList | None = None,
) -> tuple[list[Hit], Counter[int]]:
    """Return hits on released places, and the rows by the households of their postcode.

    `listed` is the list of streets that the release was made with, if there was one.
    """
    hits: list[Hit] = []
    households: Counter[int] = Counter()
    sectors = CoarsePlaces(index, index.metadata.k, by_sector=True)
    for prefix in record_type.released_places(profile):
        points = _Points(truths, prefix, index)
        streets = _StreetsOfStandIns(rows, prefix, index, listed)
        for number, row in enumerate(rows, 1):
            postcode = row.get(f"{prefix}postcode", "")
            hits += [Hit(ATTACK, *told, number) for told in points.hits(row)]
            cell = _sector(row, prefix, sectors)
            if postcode and (cell or not _AREA.fullmatch(postcode)):
                found = index.find(postcode)
                count = cell.households if cell else (found.households if found else None)
                households[count or 0] += 1
                if count is None:
                    reason = "a postcode with an unknown number of households"
                    hits.append(Hit(ATTACK, f"{prefix}postcode", reason, number))
                elif count < k:
                    reason = f"a postcode with fewer than {k} households"
                    hits.append(Hit(ATTACK, f"{prefix}postcode", reason, number))
                if streets.is_own(postcode, row.get(f"{prefix}address", "")):
                    reason = "a street with a postcode that is a substitute for others"
                    hits.append(Hit(ATTACK, f"{prefix}address", reason, number))
                if found and row.get(f"{prefix}district") not in {None, "", found.district}:
                    reason = "not the district of the postcode"
                    hits.append(Hit(ATTACK, f"{prefix}district", reason, number))
    return hits, households


def _sector(row: Row, prefix: str, sectors: CoarsePlaces) -> Cell | None:
    """Return the part of a released sector in its district; None if a whole postcode or none is released."""
    postcode = row.get(f"{prefix}postcode", "")
    if not postcode or normalise(postcode) is not None:
        return None
    cell = sectors.cell(postcode, row.get(f"{prefix}district", ""))
    return cell if cell.households else None


class _StreetsOfStandIns:
    """The addresses that are released with substitute postcodes.

    Own and moved records must look alike, so none of them has a street, or all have the one with enough
    households that the list has nearest to the centroid.
    """

    def __init__(
        self, rows: Sequence[Row], prefix: str, index: PostcodeIndex, listed: StreetList | None
    ) -> None:
        self._index = index
        self._homes = None if listed is None else StreetHomes(index, listed)
        self._released = _addresses(rows, prefix)

    def is_own(self, postcode: str, address: str) -> bool:
        """Return True if an address can tell own records of a substitute from moved ones."""
        place = self._index.release(postcode)
        if not address or place is None or place.street_allowed:
            return False
        return address != self._nearest(place) or len(self._released[postcode]) > 1

    def _nearest(self, place: ReleasedPlace) -> str | None:
        """Return the listed street that a stand-in has; None without a list."""
        if self._homes is None or place.easting is None or place.northing is None:
            return None
        return self._homes.nearest((float(place.easting), float(place.northing)))


def _addresses(rows: Iterable[Row], prefix: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if address := row.get(f"{prefix}address"):
            found[row.get(f"{prefix}postcode", "")].add(address)
    return found


class _Points:
    """The points of one place that a release may have, and those of the originals."""

    def __init__(self, truths: Sequence[Truth], prefix: str, index: PostcodeIndex) -> None:
        self._prefix = prefix
        self._index = index
        self._released = {self._of(truth.cells) for truth in truths}
        self._exact: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
        for truth in truths:
            at = truth.locations[prefix]
            # Named places are left out: their points are released.
            if at.point is not None and at.method != "gazetteer":
                self._exact[_square(at.point)].append(at.point)

    def hits(self, row: Row) -> Iterator[tuple[str, str]]:
        """Yield the field and reason of each fault of the row's point."""
        name = f"{self._prefix}easting"
        easting, northing = row.get(name, ""), row.get(f"{self._prefix}northing", "")
        if not easting and not northing:
            return
        try:
            point = float(easting), float(northing)
        except ValueError:
            yield name, "not a coordinate"
            return
        postcode = row.get(f"{self._prefix}postcode", "")
        found = self._index.find(postcode) if postcode else None
        if found is not None:
            if point != (found.easting, found.northing):
                yield name, "a point that is not the centroid of its postcode"
            return
        if self._of(row) not in self._released:
            yield name, "a point without a postcode, and of no named place"
            if self._is_near_an_original(point):
                yield name, "the exact point of an original, or one near it"

    def _of(self, cells: Row) -> tuple[str, ...]:
        parts = ("postcode", "easting", "northing")
        return tuple(cells.get(f"{self._prefix}{part}", "") for part in parts)

    def _is_near_an_original(self, point: tuple[float, float]) -> bool:
        east, north = _square(point)
        around = ((east + i, north + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return any(
            math.dist(point, exact) <= NEAR_M
            for square in around
            for exact in self._exact.get(square, ())
        )


def _square(point: tuple[float, float]) -> tuple[int, int]:
    return int(point[0] // NEAR_M), int(point[1] // NEAR_M)
