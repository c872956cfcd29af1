"""Read the postcodes of one district with their positions: the only real part of made-up records."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sanitiser.places.postcode_store import load_columns

BATH_AND_NORTH_EAST_SOMERSET = "E06000022"


class Point(NamedTuple):
    """A postcode and its centroid in whole metres of the British National Grid (EPSG:27700)."""

    postcode: str
    easting: int
    northing: int


class Columns(Protocol):
    """Columns of postcodes, shape (n,) each, in tables and indexes of postcodes."""

    @property
    def keys(self) -> NDArray[np.bytes_]: ...  # noqa: D102
    @property
    def eastings(self) -> NDArray[np.int32]: ...  # noqa: D102
    @property
    def northings(self) -> NDArray[np.int32]: ...  # noqa: D102
    @property
    def districts(self) -> NDArray[np.uint16]: ...  # noqa: D102


def points_of_index(
    folder: Path, district: str = BATH_AND_NORTH_EAST_SOMERSET
) -> tuple[Point, ...]:
    """Return the district's postcodes from the postcode index in `folder`, in order of the postcode.

    Raises:
        PostcodeIndexError: the index is missing or damaged.
        ValueError: it has no postcode of the district.
    """
    metadata, columns = load_columns(folder)
    return points(columns, metadata.districts, district)


def points(columns: Columns, district_codes: tuple[str, ...], district: str) -> tuple[Point, ...]:
    """Return the postcodes in `columns` that are in `district`, a GSS code, in their order."""
    if district not in district_codes:
        raise ValueError(f"no postcode of the district {district!r} is in this reference")
    rows = np.flatnonzero(columns.districts == district_codes.index(district))
    named = (
        columns.keys[rows].tolist(),
        columns.eastings[rows].tolist(),
        columns.northings[rows].tolist(),
    )
    return tuple(Point(_spaced(key), e, n) for key, e, n in zip(*named, strict=True))


def _spaced(key: bytes) -> str:
    text = key.decode("ascii")
    return f"{text[:-3]} {text[-3:]}"
