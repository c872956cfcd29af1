"""Read a list of streets, with which the streets of a release are compared."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.errors import SourceError
from offline.risk.words import Words, parts_of

NEAR_M = 2_000.0
"""Furthest that a street may be from the centroid of its postcode, in metres."""

Point = tuple[float, float]


class KnownStreets:
    """Names of streets, each with points on it (metres, EPSG:27700), if the list has points."""

    def __init__(self, streets: Mapping[Words, Sequence[Point]]) -> None:
        """Take the points of each street by the words of its name; no points mean everywhere."""
        self._streets = streets

    @classmethod
    def read(cls, file: Path) -> KnownStreets:
        """Read a CSV in UTF-8 with the column `name` and, if wanted, `easting` and `northing`.

        Raises:
            SourceError: the file cannot be read, has no column `name`, or a wrong coordinate.
        """
        found: dict[Words, list[Point]] = {}
        try:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream, strict=True)
                if "name" not in (reader.fieldnames or ()):
                    raise SourceError(f"{file}: line 1: has no column 'name'")
                for row in reader:
                    points = found.setdefault(street_words(row["name"] or ""), [])
                    point = _point(row, file, reader.line_num)
                    if point is not None:
                        points.append(point)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or "is not a CSV in UTF-8"
            raise SourceError(f"{file}: {reason}") from None
        found.pop((), None)
        return cls(found)

    def has(self, street: Words, near: Point | None) -> bool:
        """Return True if the list has the street within 2 km of a point; None is everywhere."""
        points = self._streets.get(street)
        if points is None:
            return False
        return not points or near is None or any(math.dist(p, near) <= NEAR_M for p in points)


def street_words(name: str) -> Words:
    """Return the words by which a street is compared."""
    return tuple(word for part in parts_of(name) for word in part.words)


def _point(row: Mapping[str, str | None], file: Path, line: int) -> Point | None:
    easting, northing = row.get("easting") or "", row.get("northing") or ""
    if not easting and not northing:
        return None
    try:
        return float(easting), float(northing)
    except ValueError:
        message = f"{file}: line {line}: easting and northing: expected metres, such as 375000"
        raise SourceError(message) from None
