"""The screen: the circles that a scan near a site has to look at, cheap enough for each record.

Around each site are rings. A circle whose outermost site is in a ring has at most the recent cases to the
ring's outer radius, and at least the sites to its inner radius. So a bound of its likelihood ratio is that of
the outer cases against the inner expectation, or that of cases which are the only ones ever at their places.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from detection.emerging.bounds import Rates
from detection.scan.counts import Ints

Floats = NDArray[float64]
Rows = tuple[Ints, Ints, Ints]
"""The rows of `outer` to which the cases of a site belong, 1 for each of them whose inner part has not the
site, and the rows of `inner`."""

RINGS: Final = 5
_RINGS: Final = np.arange(RINGS)
_FIRST: Final = (_RINGS == 0).astype(int64)
_SITES: Final = 64
_STRATA: Final = 8


class Screen:
    """Recent cases and past cases of the rings around each site.

    Shapes: R rows, one for each ring of each site; W days, in the slots of the series; K strata. `outer`
    (W, R) has the recent cases to the outer radius of the ring, `inner` (K, R) those of the study period to
    its inner radius, of which that of the first ring is the site itself.
    """

    def __init__(self, radius: float, days: int) -> None:
        self._squares = radius**2 / 2.0 ** _RINGS[::-1]
        self._outer = np.zeros((days, _SITES * RINGS), dtype=int64)
        self._inner = np.zeros((_STRATA, _SITES * RINGS), dtype=int64)
        self._rows: list[Rows] = []
        self._later: list[list[tuple[int, int]]] = []

    def add_site(self, site: int, near: Ints, squares: Floats, recent: Ints, base: Ints) -> None:
        """Add the rings of the next site.

        `near` (N,) are the sites within the radius, the site among them, `squares` (N,) the squares of their
        distances, `recent` (N, W) and `base` (N, K) their cases.
        """
        first = site * RINGS
        if first == self._inner.shape[1]:
            self._outer = _longer(self._outer)
            self._inner = _longer(self._inner)
        ring = np.searchsorted(self._squares, squares)
        self._outer[:, first : first + RINGS] = _cumulated(recent, ring).T
        self._inner[:, first + 1 : first + RINGS] = _cumulated(base, ring)[:-1].T
        rows, last = near * RINGS + ring, near * RINGS + RINGS
        outer = _ranges(rows, last)
        is_first = np.isin(outer, rows[near != site]).astype(int64)
        self._rows.append((outer, is_first, np.append(_ranges(rows + 1, last), first)))
        for other, its_ring in zip(near.tolist(), ring.tolist(), strict=True):
            if other != site:
                self._later[other].append((first, its_ring))
        self._later.append([])

    def count(self, site: int, stratum: int, slot: int | None, sign: int) -> None:
        """Add a case of a site, or take it out. It has a slot if it is in the window."""
        outer, _, inner = self._rows_of(site)
        self._inner[stratum][inner] += sign
        if slot is not None:
            self._outer[slot][outer] += sign

    def clear(self, slots: Ints) -> None:
        """Forget the recent cases in some slots."""
        self._outer[slots] = 0

    def widen(self) -> None:
        """Make room for twice as many strata."""
        self._inner = np.concatenate((self._inner, np.zeros_like(self._inner)))

    def centres(
        self, site: int, base: Ints, order: Ints, rates: Rates, least: float, minimum: int
    ) -> Ints:
        """Return the centres of the circles with the site that may have a likelihood ratio of `least`.

        They have at least `minimum` cases. `base` (K,) are the site's cases, `order` (W,) the slots, that of
        the as-of day first.
        """
        rows, is_first, _ = self._rows_of(site)
        recent = self._outer.take(rows, axis=1).take(order, axis=0).cumsum(axis=0)
        bound = rates.bound(least, minimum)
        window, which = (recent >= bound.fewest).nonzero()
        if not len(which):
            return which
        cases, rows = recent[window, which], rows.take(which)
        past = self._inner[: len(rates.by_window)].take(rows, axis=1)
        past += base[: len(past), None] * is_first.take(which)
        expected = (past * rates.by_window.take(window, axis=1)).sum(axis=0)
        return np.unique(rows[bound.may_have(cases, expected)] // RINGS)

    def _rows_of(self, site: int) -> Rows:
        if later := self._later[site]:
            outer, is_first, inner = self._rows[site]
            more = [np.arange(first + ring, first + RINGS) for first, ring in later]
            self._rows[site] = (
                np.concatenate((outer, *more)),
                np.concatenate((is_first, *(_FIRST[: len(rows)] for rows in more))),
                np.concatenate((inner, *(rows[1:] for rows in more))),
            )
            self._later[site] = []
        return self._rows[site]


def _ranges(first: Ints, last: Ints) -> Ints:
    """Return all numbers from each first to before its last."""
    sizes = last - first
    ends = sizes.cumsum()
    every: Ints = np.arange(int(ends[-1])) + np.repeat(last - ends, sizes)
    return every


def _cumulated(values: Ints, ring: Ints) -> Ints:
    """Return the sums (RINGS, ...) of values (N, ...) to each ring."""
    return np.asarray((_RINGS[:, None] >= ring).astype(int64) @ values)


def _longer(array: Ints) -> Ints:
    return np.concatenate((array, np.zeros_like(array)), axis=1)
