"""Decide whether an event happened in a partnership's area, from the postcodes around it.

Coordinates are metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from sanitiser.places.location import Located
from sanitiser.places.postcodes import PostcodeIndex

if TYPE_CHECKING:
    from scipy.spatial import cKDTree


class Bounds(Protocol):
    """A region that can be asked whether it contains a place."""

    def holds(self, located: Located) -> bool:
        """Return True if the place is in the region."""


class _Everywhere:
    """The region of a file without a protocol, which contains every place."""

    def holds(self, _located: Located) -> bool:
        """Return True."""
        return True


EVERYWHERE: Final[Bounds] = _Everywhere()


class Area:
    """Districts with a margin around their postcodes, because boundaries run along streets."""

    def __init__(self, index: PostcodeIndex, districts: Collection[str], margin_m: float) -> None:
        """Take the districts (GSS codes) and the margin in metres; nothing is searched yet."""
        self._index = index
        self._districts = frozenset(districts)
        self._margin_m = margin_m

    def holds(self, located: Located) -> bool:
        """Return True if the place is in the area; an unknown place counts as inside.

        The district is that of the stated postcode, else of the nearest one. A point of another
        district is still inside if a postcode of the area is within the margin.
        """
        if located.district in self._districts:
            return True
        if located.point is None:
            return True
        return self.holds_point(located.point)

    def holds_point(self, point: tuple[float, float]) -> bool:
        """Return True if a postcode of the area is within the margin of a point in metres."""
        if self._tree is None:
            return False
        distance, _ = self._tree.query(point, distance_upper_bound=self._margin_m + 1)
        return bool(distance <= self._margin_m)

    @cached_property
    def _tree(self) -> cKDTree | None:
        # Imported when the first place is outside: most workers never get such a record.
        from scipy.spatial import cKDTree  # noqa: PLC0415

        points = self._index.points_in(self._districts)
        return cKDTree(points) if len(points) else None
