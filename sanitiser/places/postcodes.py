"""Find British postcodes: their form, their position, and what Appendix 1 releases for an address.

Coordinates are whole metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from sanitiser.places.nearest import NearestSearch
from sanitiser.places.packed_columns import LONGEST, UNKNOWN, Packed, PackedRows, Row
from sanitiser.places.postcode_store import (
    IndexCorrupt,
    IndexMismatch,
    IndexNotBuilt,
    IndexOfAnotherFormat,
    Metadata,
    PostcodeIndexError,
    check_k,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "FORM",
    "INWARD",
    "IndexCorrupt",
    "IndexMismatch",
    "IndexNotBuilt",
    "IndexOfAnotherFormat",
    "Postcode",
    "PostcodeIndex",
    "PostcodeIndexError",
    "ReleasedPlace",
    "normalise",
    "sector_of",
]

# BS 7666 and Royal Mail's rules, with the terminated districts W1M to W1Y and NPT.
FORM: Final = (
    r"(?:[A-PR-UWYZ](?:[0-9]{1,2}|[0-9][A-HJKMNPR-Y]|[A-HK-Y](?:[0-9]{1,2}|[0-9][ABEHMNPRVWXY]))"
    r"|NPT|GIR(?=\s*0AA))"
)
INWARD: Final = r"[0-9][ABD-HJLNP-UW-Z]{2}"
_POSTCODE: Final = re.compile(rf"\s*({FORM})\s*({INWARD})\s*", re.IGNORECASE | re.ASCII)
_CACHED: Final = 65_536


@lru_cache(maxsize=_CACHED)
def normalise(text: str) -> str | None:
    """Return the canonical form, `"BA1 1AA"` for `"ba11aa"`.

    None if it is not a postcode (BS 7666).
    """
    match = _POSTCODE.fullmatch(text) or _POSTCODE.fullmatch("".join(text.split()))
    return f"{match[1]} {match[2]}".upper() if match else None


def sector_of(postcode: str) -> str:
    """Return the sector of a canonical postcode, `"BA1 1"` for `"BA1 1AA"`; a sector is its own."""
    return postcode.rstrip(ascii_uppercase)


class Postcode(NamedTuple):
    """A centroid in metres (EPSG:27700), households (None: unknown), the district's GSS code."""

    postcode: str
    easting: int
    northing: int
    households: int | None
    district: str


class ReleasedPlace(NamedTuple):
    """The releasable place of an address in a postcode (Appendix 1).

    Postcode, point, district and households are those of the released postcode, because the
    district of the original would reveal the substitution. If no substitute is near enough, postcode and
    point are None and the district is the address's own. `displacement_m` (metres) is only for
    counts and is never released.
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
    """A postcode index on disk, memory-mapped; immutable, so threads can share it.

    For a canonical postcode, `find(postcode)` returns the `Postcode` and `release(postcode)` the
    `Place`; None if the index does not have it. Both are cached, so a repeated postcode takes less
    than a microsecond.
    """

    def __init__(self, metadata: Metadata, packed: Packed) -> None:
        """Wrap mapped columns; use `open`."""
        self.metadata = metadata
        self._rows = PackedRows(packed, metadata.k)
        self._nearest = NearestSearch(packed, self._rows.points, metadata.limit_m)
        self.find = lru_cache(maxsize=_CACHED)(self._find)
        self.release = lru_cache(maxsize=_CACHED)(self._release)
        self._place = lru_cache(maxsize=_CACHED)(self._build_place)

    @classmethod
    def open(cls, folder: Path, k: int | None = None) -> Self:
        """Map the index in `folder`; if `k` is given, the index must have been built for it.

        Raises:
            IndexNotBuilt: the folder has no index.
            IndexCorrupt: its files are damaged.
            IndexOfAnotherFormat: another release has built it.
            IndexMismatch: it was built for another k, or k is below four.
        """
        if k is not None:
            check_k(k)
        metadata, packed = load(folder)
        if k not in (None, metadata.k):
            message = f"{folder}: built for k={metadata.k}, but k={k} is needed: rebuild it"
            raise IndexMismatch(message + f" (`ipu reference build --k {k}`)")
        return cls(metadata, packed)

    def __len__(self) -> int:
        """Return the number of postcodes in the index."""
        return self.metadata.rows

    def nearest(self, easting: float, northing: float) -> Postcode | None:
        """Return the postcode nearest to a point in metres (EPSG:27700).

        None beyond the index's limit.
        """
        if not (math.isfinite(easting) and math.isfinite(northing)):
            return None
        return self._at(self._nearest.row(round(easting), round(northing)))

    def find_many(self, postcodes: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return the row of each canonical (or compact) postcode, shape (n,).

        -1 if there is none.
        """
        wanted = _compact(postcodes)
        fits = np.strings.str_len(wanted) <= LONGEST
        return np.where(fits, self._rows.find_many(wanted.astype(f"S{LONGEST}")), UNKNOWN)

    def release_many(
        self, postcodes: Sequence[str] | NDArray[np.bytes_]
    ) -> list[ReleasedPlace | None]:
        """Return what may be released for each canonical postcode, as `release`, in order."""
        place = self._place
        return [place(row) for row in self.find_many(postcodes).tolist()]

    def points_in(self, districts: Collection[str]) -> NDArray[np.int32]:
        """Return the centroids of the postcodes in some districts (GSS codes), shape (n, 2), metres."""
        codes = [i for i, code in enumerate(self.metadata.districts) if code in districts]
        return self._rows.points_in(codes)

    def in_sector(self, sector: str) -> Iterator[Postcode]:
        """Yield the postcodes of a sector, such as `"BA1 1"`, in order."""
        for row in self._rows.rows_of_sector(_key(sector)):
            yield self._postcode(self._rows.row(row))

    def in_district(self, district: str) -> Iterator[Postcode]:
        """Yield the postcodes of a district (GSS code), in order."""
        if district in self.metadata.districts:
            code = self.metadata.districts.index(district)
            for row in self._rows.rows_of_district(code).tolist():
                yield self._postcode(self._rows.row(row))

    def _find(self, postcode: str) -> Postcode | None:
        held = self._rows.get(_key(postcode))
        return self._postcode(held) if held else None

    def _release(self, postcode: str) -> ReleasedPlace | None:
        return self._place(self._rows.find(_key(postcode)))

    def _at(self, row: int) -> Postcode | None:
        return None if row == UNKNOWN else self._postcode(self._rows.row(row))

    def _postcode(self, held: Row) -> Postcode:
        return Postcode(
            postcode=_canonical(held.key),
            easting=held.easting,
            northing=held.northing,
            households=None if held.households == UNKNOWN else held.households,
            district=self.metadata.districts[held.district],
        )

    def _build_place(self, row: int) -> ReleasedPlace | None:
        own = self._at(row)
        if own is None:
            return None
        released_row = self._rows.released(row, own.households or 0)
        released = own if released_row == row else self._at(released_row)
        if released is None:
            return ReleasedPlace(
                None,
                None,
                None,
                own.district,
                street_allowed=False,
                substituted=False,
                households=None,
                displacement_m=None,
            )
        return ReleasedPlace(
            *released[:3],
            district=released.district,
            street_allowed=not self._rows.stands_in(released_row),
            substituted=released_row != row,
            households=released.households,
            displacement_m=math.dist(own[1:3], released[1:3]),
        )


def _compact(postcodes: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    if isinstance(postcodes, np.ndarray) and postcodes.dtype.kind == "S":
        return np.strings.replace(postcodes, b" ", b"")
    return np.array([_key(text) for text in postcodes], dtype=f"S{LONGEST + 1}")


def _key(postcode: str) -> bytes:
    return postcode.replace(" ", "").encode("ascii", "replace")


def _canonical(key: bytes) -> str:
    text = key.decode("ascii")
    return f"{text[:-3]} {text[-3:]}"
