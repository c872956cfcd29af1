"""Check places: points and postcodes with fewer households than the profile's readers may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from sanitiser.places.coarse_places import Cell, CoarsePlaces
from sanitiser.places.postcodes import PostcodeIndex, normalise
from schemas.record_type import RecordType

ATTACK = "places"

Row = Mapping[str, str]


def places(
    rows: Sequence[Row],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    index: PostcodeIndex,
    k: int,
) -> tuple[list[Hit], Counter[int]]:
    """Return hits on released places, and the rows by the households of their postcode."""
    hits: list[Hit] = []
    households: Counter[int] = Counter()
    for prefix in record_type.released_places(profile):
        exact = _exact_points(truths, prefix)
        for number, row in enumerate(rows, 1):
            postcode = row.get(f"{prefix}postcode", "")
            hits += [Hit(ATTACK, *told, number) for told in _of_point(row, prefix, exact, index)]
            if postcode:
                cell = _sector(row, prefix, index)
                found = index.find(postcode)
                count = cell.households if cell else (found.households if found else None)
                households[count or 0] += 1
                if count is None:
                    reason = "a postcode with an unknown number of households"
                    hits.append(Hit(ATTACK, f"{prefix}postcode", reason, number))
                elif count < k:
                    reason = f"a postcode with fewer than {k} households"
                    hits.append(Hit(ATTACK, f"{prefix}postcode", reason, number))
                place = index.release(postcode)
                if row.get(f"{prefix}address") and place and not place.street_allowed:
                    reason = "a street with a postcode that is a substitute for others"
                    hits.append(Hit(ATTACK, f"{prefix}address", reason, number))
    return hits, households


def _sector(row: Row, prefix: str, index: PostcodeIndex) -> Cell | None:
    """Return the part of a released sector in its district; None if a whole postcode or none is released."""
    postcode = row.get(f"{prefix}postcode", "")
    if not postcode or normalise(postcode) is not None:
        return None
    places = CoarsePlaces(index, index.metadata.k, by_sector=True)
    cell = places.cell(postcode, row.get(f"{prefix}district", ""))
    return cell if cell.households else None


def _of_point(
    row: Row, prefix: str, exact: frozenset[tuple[int, int]], index: PostcodeIndex
) -> Iterator[tuple[str, str]]:
    easting, northing = row.get(f"{prefix}easting", ""), row.get(f"{prefix}northing", "")
    if not easting or not northing:
        return
    try:
        point = round(float(easting)), round(float(northing))
    except ValueError:
        yield f"{prefix}easting", "not a coordinate"
        return
    postcode = row.get(f"{prefix}postcode", "")
    found = index.find(postcode) if postcode else None
    centroid = (found.easting, found.northing) if found else None
    if centroid is not None and point != centroid:
        yield f"{prefix}easting", "a point that is not the centroid of its postcode"
    cell = _sector(row, prefix, index)
    is_centre = cell is not None and point == (cell.easting, cell.northing)
    if centroid is None and point in exact and not is_centre:
        yield f"{prefix}easting", "the exact point of an original"


def _exact_points(truths: Sequence[Truth], prefix: str) -> frozenset[tuple[int, int]]:
    """Return the points of originals. Named places are left out: their points are released."""
    located = (truth.locations[prefix] for truth in truths)
    return frozenset(
        (round(at.point[0]), round(at.point[1]))
        for at in located
        if at.point is not None and at.method != "gazetteer"
    )
