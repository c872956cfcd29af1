"""British postcodes: their form, where they lie, and what Appendix 1 lets out for an address in one.

Coordinates are whole metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from sanitiser.nearest import NearestSearch
from sanitiser.postcode_store import (
    UNKNOWN,
    Arrays,
    IndexCorrupt,
    IndexMismatch,
    IndexNotBuilt,
    Metadata,
    PostcodeIndexError,
    check_k,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "FORM",
    "IndexCorrupt",
    "IndexMismatch",
    "IndexNotBuilt",
    "Place",
    "Postcode",
    "PostcodeIndex",
    "PostcodeIndexError",
    "normalise",
]

# BS 7666 and the Royal Mail's rules, with the letters that the terminated districts W1M to W1Y and NPT used.
FORM: Final = (
    r"(?:[A-PR-UWYZ](?:[0-9]{1,2}|[0-9][A-HJKMNPR-Y]|[A-HK-Y](?:[0-9]{1,2}|[0-9][ABEHMNPRVWXY]))"
    r"|NPT|GIR(?=\s*0AA))"
)
_INWARD: Final = r"[0-9][ABD-HJLNP-UW-Z]{2}"
_POSTCODE: Final = re.compile(rf"\s*({FORM})\s*({_INWARD})\s*", re.IGNORECASE | re.ASCII)
_LONGEST: Final = 7
_CACHED: Final = 65_536


@lru_cache(maxsize=_CACHED)
def normalise(text: str) -> str | None:
    """Canonical form, `"ba11aa"` to `"BA1 1AA"`; None where `text` is no postcode in form (BS 7666)."""
    match = _POSTCODE.fullmatch(text) or _POSTCODE.fullmatch("".join(text.split()))
    return f"{match[1]} {match[2]}".upper() if match else None


class Postcode(NamedTuple):
    """One postcode: centroid in metres (EPSG:27700), households (None: unknown), GSS code of its district."""

    postcode: str
    easting: int
    northing: int
    households: int | None
    district: str


class Place(NamedTuple):
    """What may be released for an address in a postcode (Appendix 1).

    Postcode, point, district and households are those of the postcode released: a district of the one
    replaced would announce the replacement. `displacement_m` is for counts alone, never for release.
    """

    postcode: str | None
    easting: int | None
    northing: int | None
    district: str
    street_allowed: bool
    substituted: bool
    households: int | None
    displacement_m: float | None


class PostcodeIndex:
    """A postcode index on disk, memory-mapped; immutable, so safe to share between threads."""

    def __init__(self, metadata: Metadata, arrays: Arrays) -> None:
        """Wrap mapped arrays; use `open`."""
        self.metadata = metadata
        self._arrays = arrays
        self._nearest = NearestSearch(arrays, metadata.limit_m)
        self.find = lru_cache(maxsize=_CACHED)(self._find)
        self.release = lru_cache(maxsize=_CACHED)(self._release)

    @classmethod
    def open(cls, folder: Path, k: int | None = None) -> Self:
        """Map the index in `folder`, which must have been built for `k` where one is given.

        Raises `IndexNotBuilt`, `IndexCorrupt`, or `IndexMismatch` where k differs or is below four.
        """
        if k is not None:
            check_k(k)
        metadata, arrays = load(folder)
        if k not in (None, metadata.k):
            message = f"{folder}: built for k={metadata.k}, asked for k={k}: rebuild it for that k"
            raise IndexMismatch(message + f" (`ipu reference build --k {k}`)")
        return cls(metadata, arrays)

    def __len__(self) -> int:
        """Count the postcodes of the index."""
        return self.metadata.rows

    def _find(self, postcode: str) -> Postcode | None:
        """Look a canonical postcode up; None where the index does not hold it."""
        row = int(self.find_many((postcode,))[0])
        return None if row == UNKNOWN else self._postcode(row)

    def _release(self, postcode: str) -> Place | None:
        """What may be released for an address in a canonical postcode; None where it is not in the index."""
        return self.release_many((postcode,))[0]

    def nearest(self, easting: float, northing: float) -> Postcode | None:
        """Nearest postcode to a point in metres (EPSG:27700), None where none is within the index's limit."""
        if not (math.isfinite(easting) and math.isfinite(northing)):
            return None
        row = self._nearest.row(round(easting), round(northing))
        return None if row == UNKNOWN else self._postcode(row)

    def find_many(self, postcodes: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Row of each canonical or compact postcode, shape (n,); -1 where the index does not hold it."""
        wanted = _compact(postcodes)
        keys = self._arrays.keys
        if not len(keys):
            return np.full(len(wanted), UNKNOWN, np.int64)
        # The search promotes both sides to the longer type, which would copy every key of the index.
        usable = np.strings.str_len(wanted) <= _LONGEST
        searched = wanted.astype(keys.dtype)
        rows = np.minimum(np.searchsorted(keys, searched), len(keys) - 1)
        found = (keys[rows] == searched) & usable & (searched != b"")
        return np.where(found, rows, UNKNOWN)

    def release_many(
        self, postcodes: Sequence[str] | NDArray[np.bytes_]
    ) -> list[Place | None]:
        """What may be released for each canonical postcode, as `release`, in order."""
        own = self.find_many(postcodes)
        released = np.where(own == UNKNOWN, UNKNOWN, self._arrays.substitutes[own])
        moved = released != own
        a, shown = self._arrays, released
        street = ~a.stands_in[shown]
        displaced = np.hypot(
            a.eastings[shown].astype(np.float64) - a.eastings[own],
            a.northings[shown].astype(np.float64) - a.northings[own],
        )
        columns = (own, shown, moved, street, displaced, a.keys[shown], a.eastings[shown])
        columns += (a.northings[shown], a.household_counts[shown], a.districts[shown], a.districts[own])
        return [self._place(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
