"""Convert WGS84 or ETRS89 degrees to the National Grid by OSTN15, Ordnance Survey's transformation, and back.

pyproj is used if the operator has given PROJ the grid file. Without the file pyproj would silently
use an approximation with errors up to 5 m, so `convertbng`, which includes the grid, is used
instead. Each is used only after it has reproduced Ordnance Survey's published example. WGS84 is
treated as ETRS89, as Ordnance Survey does.
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from convertbng import cutil
from pyproj.transformer import Transformer, TransformerGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    Columns: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
    Engine: TypeAlias = Callable[[ArrayLike, ArrayLike], Columns]

_GRID_NAME: Final = "OSTN15"
_EXAMPLE: Final = ((1.716073973, 52.658007833), (651409.804, 313177.450))
"""Caister water tower, from Ordnance Survey's guide to coordinate systems: degrees, metres."""
_TOLERANCE_M: Final = 0.01
_TOLERANCE_DEGREES: Final = 1e-7
_NONE_IS_EXACT: Final = (
    f"no exact {_GRID_NAME} transformation: install convertbng, or put the grid file "
    f"uk_os_{_GRID_NAME}_NTv2_OSGBtoETRS.tif in the folder of PROJ_DATA"
)


class NoExactTransformation(Exception):
    """No installed transformation reproduces Ordnance Survey's published example."""


def to_national_grid(longitude: float, latitude: float) -> tuple[float, float] | None:
    """Return easting and northing in metres (EPSG:27700) of a point in degrees (EPSG:4326 or 4258).

    None for a point that OSTN15 does not cover, or that is not a number.

    Raises:
        NoExactTransformation: no installed transformation is exact.
    """
    eastings, northings = _engine()(longitude, latitude)
    easting, northing = float(eastings[0]), float(northings[0])
    return (easting, northing) if math.isfinite(easting + northing) else None


def to_national_grid_many(longitudes: ArrayLike, latitudes: ArrayLike) -> Columns:
    """Return eastings and northings in metres (EPSG:27700) of points in degrees, shape (n,) each.

    NaN for a point that OSTN15 does not cover.

    Raises:
        NoExactTransformation: no installed transformation is exact.
    """
    return _engine()(longitudes, latitudes)


def to_degrees_many(eastings: ArrayLike, northings: ArrayLike) -> Columns:
    """Return longitudes and latitudes in degrees of points in metres (EPSG:27700), shape (n,) each.

    NaN for a point that OSTN15 does not cover.

    Raises:
        NoExactTransformation: the installed transformation is not exact.
    """
    expected, (easting, northing) = _EXAMPLE
    found = np.concatenate(cutil.convert_osgb36_to_ll(easting, northing))
    if not np.allclose(found, expected, rtol=0, atol=_TOLERANCE_DEGREES):
        raise NoExactTransformation(_NONE_IS_EXACT)
    return cutil.convert_osgb36_to_ll(eastings, northings)  # type: ignore[arg-type]


@cache
def _engine() -> Engine:
    for engine in _candidates():
        if _reproduces_example(engine):
            return engine
    raise NoExactTransformation(_NONE_IS_EXACT)


def _candidates() -> Iterator[Engine]:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # of the missing grid, which is looked for here
        group = TransformerGroup("EPSG:4258", "EPSG:27700", always_xy=True, allow_ballpark=False)
    yield from (_pyproj(t) for t in group.transformers if _GRID_NAME in t.definition)
    yield _convertbng


def _pyproj(transformer: Transformer) -> Engine:
    def transform(longitudes: ArrayLike, latitudes: ArrayLike) -> Columns:
        lon = np.array(longitudes, np.float64, ndmin=1)
        lat = np.array(latitudes, np.float64, ndmin=1)
        eastings, northings = transformer.transform(lon, lat)
        outside = ~(np.isfinite(eastings) & np.isfinite(northings))
        return np.where(outside, np.nan, eastings), np.where(outside, np.nan, northings)

    return transform


def _convertbng(longitudes: ArrayLike, latitudes: ArrayLike) -> Columns:
    # It accepts numbers and one-dimensional sequences, and returns NaN outside its grid.
    return cutil.convert_bng(longitudes, latitudes)  # type: ignore[arg-type]


def _reproduces_example(engine: Engine) -> bool:
    (longitude, latitude), expected = _EXAMPLE
    found = np.concatenate(engine(longitude, latitude))
    return bool(np.allclose(found, expected, rtol=0, atol=_TOLERANCE_M))
