"""Choose the released postcodes of an index that succeeds another one, so that k survives the change.

A record keeps its id. A reader who kept its releases of several indexes knows what each released for
its postcode: its *class* (`sanitiser.build.history`). Each choice here leaves in every class either a
postcode that had k households in one index of the chain, or k households by the new counts, or the
class as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sanitiser.build.history import ABSENT, History, numbered, releases
from sanitiser.build.substitutes import ANYWHERE_M, distinct, nearest
from sanitiser.places.packed_columns import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CANDIDATES = 16


class World(NamedTuple):
    """The postcodes of the new index, shape (n,) each; `points` (n, 2) in metres (EPSG:27700)."""

    points: NDArray[np.int64]
    districts: NDArray[np.uint16]
    counts: NDArray[np.int16]
    k: int
    limit_m: int

    @property
    def large(self) -> NDArray[np.bool_]:
        """True where the postcode has k households, so that it is released as itself."""
        return self.counts >= self.k

    @property
    def households(self) -> NDArray[np.int64]:
        """The number of households, 0 where it is unknown."""
        return np.maximum(self.counts, 0).astype(np.int64)

    def enough(self, groups: NDArray[np.int64], rows: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return, for each group number, if those of `rows` that are in it have k households."""
        size = int(groups.max(initial=-1)) + 1
        return np.bincount(groups[rows], self.households[rows], size) >= self.k


class Past(NamedTuple):
    """The releases of the old index and of its chain, by the rows of the new one.

    `released` has the numbers of `sanitiser.build.history.releases`: rows of the new index, and its
    districts; -1 where the old index does not have the postcode.
    """

    released: NDArray[np.int64]
    history: History


def without_company(world: World, past: Past, substitutes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return True for the new postcodes that must wait, shape (n,).

    Records there were released with nothing, because the old index does not have the postcode. A new
    one enters if k households in new postcodes are released alike.
    """
    new = np.flatnonzero(past.released == ABSENT)
    alike = numbered(releases(substitutes, world.districts))
    waits = np.zeros(len(alike), np.bool_)
    waits[new] = ~world.enough(alike, new)[alike[new]]
    return waits


def successors(world: World, past: Past, substitutes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the released row of each row, shape (n,), -1 for its district alone.

    `substitutes` are those of an index without a past. Postcodes that the old index does not have
    get them. A postcode with k households is released as itself. One with fewer keeps its substitute
    while that has k. If the substitute has fewer, all that had it move together. A postcode without
    one gets one in company only.
    """
    choice = _Choice(world, past, substitutes)
    choice.keep()
    choice.move_together()
    choice.first_substitutes()
    choice.none_alone()
    return choice.released.astype(np.int32)


class _Choice:
    """The released rows while they are chosen, rule by rule."""

    def __init__(self, world: World, past: Past, substitutes: NDArray[np.int32]) -> None:
        self.world = world
        self.was = past.released
        self.classes = past.history.classes
        self.large = world.large
        self.substitutes = substitutes.astype(np.int64)
        self.released = self.substitutes.copy()
        self.small = ~self.large & (self.was != ABSENT)
        self.released[self.small] = UNKNOWN
        substituted = self.small & (self.was >= 0)
        self.kept = substituted & self.large[np.maximum(self.was, 0)]
        self.lost = substituted & ~self.kept
        self.bare = self.small & (self.was < ABSENT)
        self.free = self._may_go_anywhere(past.history)

    def _may_go_anywhere(self, history: History) -> NDArray[np.bool_]:
        """Return, for each class, if its small postcodes may go to one place without the others."""
        size = int(self.classes.max(initial=-1)) + 1
        small = np.flatnonzero(self.small)
        had_k = np.bincount(self.classes[small], history.had_k[small], size) > 0
        others = np.bincount(self.classes, self.large, size) > 0
        enough = np.bincount(self.classes[small], self.world.households[small], size)
        return had_k | ~others | (enough >= self.world.k)

    def keep(self) -> None:
        """Keep a substitute that still has k households."""
        rows = np.flatnonzero(self.kept)
        own, was = self.classes[rows], self.was[rows]
        safe = self.free[own] | (self.classes[was] == own)
        self.released[rows[safe]] = was[safe]
        self._into_own_class(rows[~safe])

    def move_together(self) -> None:
        """Move what had one substitute, which has fewer than k households now, to one other."""
        rows = np.flatnonzero(self.lost)
        free = self.free[self.classes[rows]]
        self._into_own_class(rows[~free])
        rows = rows[free]
        left, unit = np.unique(self.was[rows], return_inverse=True)
        found = self._common(left, rows, unit)
        astray = np.flatnonzero((found == UNKNOWN) & self._apart_without(left, rows, unit))
        found[astray] = self._nearest(np.flatnonzero(self.large), left[astray])
        self.released[rows] = found[unit]

    def first_substitutes(self) -> None:
        """Give a substitute to what had none, where those of one class that get it are enough."""
        rows = np.flatnonzero(self.bare & (self.substitutes != UNKNOWN))
        to = self.substitutes[rows]
        group = numbered(self.classes[rows], to)
        sums = np.bincount(group, self.world.households[rows], 1)
        safe = (self.classes[to] == self.classes[rows]) | (sums[group] >= self.world.k)
        self.released[rows[safe]] = to[safe]

    def none_alone(self) -> None:
        """Move those who would be left with their district alone, and be too few, to others of theirs."""
        told = releases(self.released, self.world.districts)
        rows = np.flatnonzero((told < ABSENT) & (self.was != ABSENT))
        few = self._few(numbered(told), rows, self.classes) | self._few(
            numbered(told), rows, numbered(self.was)
        )
        for row_class in np.unique(self.classes[rows[few]]):
            alike = rows[few & (self.classes[rows] == row_class)]
            self._into_company(alike)

    def _few(
        self, told: NDArray[np.int64], rows: NDArray[np.int64], before: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return, for each row, if those told alike, before and now, are neither enough nor a whole."""
        group = numbered(before[rows], told[rows])
        sizes = np.bincount(group, minlength=1)[group]
        whole = (sizes == np.bincount(before)[before[rows]]) | (
            sizes == np.bincount(told)[told[rows]]
        )
        sums = np.bincount(group, self.world.households[rows], 1)[group]
        few: NDArray[np.bool_] = ~whole & (sums < self.world.k)
        return few

    def _into_company(self, rows: NDArray[np.int64]) -> None:
        """Move rows of one class to where others of it go; if none goes anywhere, move all to one place.

        That place is one to which others go that the old index released alike.
        """
        alike = self.classes == self.classes[rows[0]]
        targets = self._targets(alike)
        if len(targets):
            self.released[rows] = self._nearest(targets, rows)
            return
        targets = self._targets(self.was == self.was[rows[0]])
        if len(targets):
            self.released[alike] = self._nearest(targets, rows[:1])

    def _targets(self, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        found = np.unique(self.released[among])
        targets: NDArray[np.int64] = found[found != UNKNOWN]
        return targets

    def _into_own_class(self, rows: NDArray[np.int64]) -> None:
        """Move each row to the nearest one of its class that has k households."""
        wanted = np.unique(self.classes[rows])
        large = np.flatnonzero(self.large & np.isin(self.classes, wanted))
        large = large[np.argsort(self.classes[large], kind="stable")]
        ends = np.searchsorted(self.classes[large], [wanted, wanted + 1])
        for number, begin, end in zip(wanted, *ends, strict=True):
            alike = rows[self.classes[rows] == number]
            self.released[alike] = self._nearest(large[begin:end], alike)

    def _nearest(self, targets: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the target nearest to each row, however far, -1 if there are none."""
        if not (len(targets) and len(rows)):
            return np.full(len(rows), UNKNOWN, np.int64)
        points = self.world.points
        return nearest(distinct(points, targets), points[rows], ANYWHERE_M)

    def _apart_without(
        self, left: NDArray[np.int64], rows: NDArray[np.int64], unit: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return, for each unit, if too few of it would be told alike by their districts alone."""
        districts = self.world.districts[rows].astype(np.int64)
        apart = np.zeros(len(left), np.bool_)
        for together in (unit, numbered(self.classes[rows])):
            part = numbered(together, districts)
            _, first = np.unique(part, return_index=True)
            several = np.bincount(together[first], minlength=1)[together] > 1
            few = np.bincount(part, self.world.households[rows], 1)[part] < self.world.k
            apart[unit[several & few]] = True
        return apart

    def _common(
        self, left: NDArray[np.int64], rows: NDArray[np.int64], unit: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the new substitute of each unit, -1 if none is within the limit of every row of it.

        It is the nearest to the substitute that is left, of those near it, else near the middle of the unit.
        """
        found = np.full(len(left), UNKNOWN, np.int64)
        if not (len(left) and self.large.any()):
            return found
        points = self.world.points
        low = np.full((len(left), 2), ANYWHERE_M, np.int64)
        high = -low
        np.minimum.at(low, unit, points[rows])
        np.maximum.at(high, unit, points[rows])
        for centres in (points[left], (low + high) // 2):
            self._try(found, centres, rows, unit)
        return found

    def _try(
        self,
        found: NDArray[np.int64],
        centres: NDArray[np.int64],
        rows: NDArray[np.int64],
        unit: NDArray[np.int64],
    ) -> None:
        """Find the new substitute of the units that have none, among the nearest to their centres."""
        from scipy.spatial import cKDTree  # noqa: PLC0415

        points = self.world.points
        eligible = distinct(points, np.flatnonzero(self.large))
        tree = cKDTree(eligible.points, balanced_tree=False)
        searched = np.flatnonzero(found == UNKNOWN)
        if not len(searched):
            return
        number = min(_CANDIDATES, len(eligible.rows))
        _, near = tree.query(centres[searched], k=np.arange(1, number + 1), workers=-1)
        squares = _squares(eligible.points[near], centres[searched][:, None])
        order = np.lexsort((eligible.rows[near], squares), axis=1)
        near = np.take_along_axis(near, order, 1)
        place = np.full(len(found), UNKNOWN, np.int64)
        place[searched] = np.arange(len(searched))
        members = np.flatnonzero(place[unit] != UNKNOWN)
        for column in near.T:
            at = place[unit[members]]
            farthest = np.zeros(len(searched), np.int64)
            np.maximum.at(
                farthest, at, _squares(points[rows[members]], eligible.points[column[at]])
            )
            fits = (farthest <= self.world.limit_m**2) & (found[searched] == UNKNOWN)
            found[searched[fits]] = eligible.rows[column[fits]]
            members = members[found[unit[members]] == UNKNOWN]


def _squares(points: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the squares of the distances, in square metres."""
    squares: NDArray[np.int64] = ((points - others) ** 2).sum(axis=-1)
    return squares
