"""Whether something happened in a partnership's area, told by the postcodes around it.

Coordinates are metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from sanitiser.places.location import Located
from sanitiser.places.postcodes import PostcodeIndex

if TYPE_CHECKING:
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]


class Bounds(Protocol):
    """A region that can be asked whether it holds a place."""

    def holds(self, located: Located) -> bool:
        """Return True if the place is in the region."""


class _Everywhere:
    """The region of a file without a protocol, which holds every place."""

    def holds(self, _located: Located) -> bool:
        """Return True."""
        return True


EVERYWHERE: Final[Bounds] = _Everywhere()


class Area:
    """Districts with a margin around their postcodes, since boundaries run through streets."""

    def __init__(self, index: PostcodeIndex, districts: Collection[str], margin_m: float) -> None:
        """Take the districts (GSS codes) and the margin in metres; nothing is searched yet."""
        self._index = index
        self._districts = frozenset(districts)
        self._margin_m = margin_m

    def holds(self, located: Located) -> bool:
        """Whether the place lies in the area; one of which nothing is known counts as inside.

        The district is that of the postcode stated or else nearest. A point outside is
        inside still if a postcode of the area lies within the margin.
        """
        if located.district in self._districts:
            return True
        if located.point is None:
            return True
        return self.holds_point(located.point)

    def holds_point(self, point: tuple[float, float]) -> bool:
        """Whether a postcode of the area lies within the margin of a point in metres."""
        if self._tree is None:
            return False
        distance, _ = self._tree.query(point, distance_upper_bound=self._margin_m + 1)
        return bool(distance <= self._margin_m)

    @cached_property
    def _tree(self) -> cKDTree | None:
        # Built only where something lies outside: most workers never see such a record.
        from scipy.spatial import cKDTree  # noqa: PLC0415

        points = self._index.points_in(self._districts)
        return cKDTree(points) if len(points) else None
