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
from detection.emerging.sites import Floats, Sites
from detection.scan.counts import Ints
from detection.scan.ragged import Rows as Groups
from detection.scan.ragged import ragged

RINGS: Final = 10
_RATIO: Final = (
    1.4  # of the areas of a ring and the one inside it; more rings bound better, and cost more
)
_RINGS: Final = np.arange(RINGS)
_SITES: Final = 64
_STRATA: Final = 8

_NONE: Final = np.zeros(0, dtype=int64)

Rows = tuple[Ints, int]
"""The rings that have a site: first those that have it in their inner part too, whose number is second."""


class Screen:
    """The recent and past cases in the rings around each site.

    Shapes: R rows, one for each ring of each site; W days, the as-of day first; K strata. `outer` (W, R) has
    the recent cases to the outer radius of the ring, `inner` (K, R) those of the study period to its inner
    radius, of which that of the first ring is the site itself. `near` are the sites within the radius of each
    site, `most` their recent cases.
    """

    def __init__(self, radius: float, days: int) -> None:
        self._squares = radius**2 / _RATIO ** _RINGS[::-1]
        self._outer = np.zeros((days, _SITES * RINGS), dtype=int64)
        self._inner = np.zeros((_STRATA, _SITES * RINGS), dtype=int64)
        self._rows: list[Rows] = []
        self._later: list[list[int]] = []
        self._near: list[list[int]] = []
        self._most: list[int] = []

    @classmethod
    def of(cls, sites: Sites, radius: float, recent: Ints, base: Ints) -> Screen:
        """Return the screen of all sites (S,) at once, from their cases `recent` (W, S) and `base` (S, K).

        It is the one that adding the sites and counting the cases would give, in a fraction of the time.
        """
        made, size = cls(radius, len(recent)), len(sites)
        near = [sites.near(site) for site in range(size)]
        made._near = [each.tolist() for each, _ in near]
        centre = np.repeat(np.arange(size), [len(each) for each, _ in near])
        member = np.concatenate([_NONE, *(each for each, _ in near)])
        squares = np.concatenate([_NONE, *(squares for _, squares in near)])
        ring = np.searchsorted(made._squares, squares)
        rows = centre * RINGS + ring
        rooms = max(size, 1) * RINGS
        made._outer = _to_rings(recent, member, rows, rooms)
        inner = _to_rings(base.T, member, rows, rooms)
        made._inner = np.concatenate((inner[:, :1], inner[:, :-1]), axis=1)
        made._inner[:, : size * RINGS : RINGS] = base.T
        made._most = made._largest(size)
        made._rows = _rows_of_all(centre, member, ring, size)
        made._later = [[] for _ in range(size)]
        return made

    def add_site(self, site: int, near: Ints, squares: Floats, recent: Ints, base: Ints) -> None:
        """Add the rings of the next site.

        `near` (N,) are the sites within the radius, the site the last of them, `squares` (N,) the squares of
        their distances, `recent` (N, W) and `base` (N, K) their cases.
        """
        first = site * RINGS
        if first == self._inner.shape[1]:
            self._outer = _longer(self._outer)
            self._inner = _longer(self._inner)
        ring = np.searchsorted(self._squares, squares)
        has = ring[:, None] <= _RINGS
        self._outer[:, first : first + RINGS] = _sums(recent, has)
        self._inner[:, first + 1 : first + RINGS] = _sums(base, has)[:, :-1]
        self._rows.append((first + _RINGS, RINGS))
        self._later.append((near * RINGS + ring)[:-1].tolist())
        centres = near.tolist()
        for other, its_ring in zip(centres[:-1], ring[:-1].tolist(), strict=True):
            self._later[other].append(first + its_ring)
            self._near[other].append(site)
        self._near.append(centres)
        self._most.append(int(recent.sum()))

    def count(self, site: int, stratum: int, lag: int | None, sign: int) -> None:
        """Add a case of a site, or take it out. It has a lag if it is in the window."""
        rows, inner = self._rows_of(site)
        self._inner[stratum][rows[:inner]] += sign
        if lag is not None:
            self._outer[lag][rows] += sign
            most = self._most
            for centre in self._near[site]:
                most[centre] += sign

    def roll(self, days: int) -> None:
        """Let so many days pass."""
        roll(self._outer, days)
        self._most = self._largest(len(self._most))

    def may_have(self, site: int, minimum: int) -> bool:
        """Return True if a circle with the site has so many recent cases: the cheapest bound of all."""
        most = self._most
        return any(most[centre] >= minimum for centre in self._near[site])

    def widen(self) -> None:
        """Make room for twice as many strata."""
        self._inner = np.concatenate((self._inner, np.zeros_like(self._inner)))

    def centres(self, site: int, base: Ints, rates: Rates, least: float, minimum: int) -> Ints:
        """Return the centres of the circles with the site that may have a likelihood ratio of `least`.

        They have at least `minimum` cases. `base` (K,) are the site's cases.
        """
        rows, inner = self._rows_of(site)
        recent = self._outer.take(rows, axis=1).cumsum(axis=0)
        bound = rates.bound(least, minimum)
        window, which = (recent >= bound.fewest).nonzero()
        if not len(which):
            return which
        cases, rows = recent[window, which], rows.take(which)
        past = self._inner[: len(rates.by_window)].take(rows, axis=1)
        past += base[: len(past), None] * (which >= inner)
        expected = (past * rates.by_window.take(window, axis=1)).sum(axis=0)
        rows = rows[bound.may_have(cases, expected)]
        return np.unique(rows // RINGS) if len(rows) else rows

    def _largest(self, size: int) -> list[int]:
        """Return the recent cases within the radius of each site."""
        counts: list[int] = self._outer[:, RINGS - 1 : size * RINGS : RINGS].sum(axis=0).tolist()
        return counts

    def _rows_of(self, site: int) -> Rows:
        later = self._later[site]
        if later:
            rows, inner = self._rows[site]
            new = [row + more for row in later for more in range(1, RINGS - row % RINGS)]
            rows = np.concatenate((rows[:inner], np.array(new, int64), rows[inner:], later))
            self._rows[site] = rows, inner + len(new)
            self._later[site] = []
        return self._rows[site]


def roll(by_lag: Ints, days: int) -> None:
    """Let so many days pass in counts (W, ...) by lag."""
    kept = max(len(by_lag) - days, 0)
    by_lag[len(by_lag) - kept :] = by_lag[:kept].copy()
    by_lag[: len(by_lag) - kept] = 0


def _rows_of_all(centre: Ints, member: Ints, ring: Ints, size: int) -> list[Rows]:
    """Return the rows of each of so many sites, from the pairs (N,) of centres and sites in their rings."""
    is_own = centre == member
    first = centre * RINGS
    owner, inner = ragged(first + np.where(is_own, 0, ring + 1), first + RINGS)
    inner_rows = _by_member(member[owner], inner, size)
    outermost = _by_member(member[~is_own], (first + ring)[~is_own], size)
    pairs = zip(inner_rows, outermost, strict=True)
    return [(np.concatenate((one, other)), len(one)) for one, other in pairs]


def _by_member(member: Ints, rows: Ints, size: int) -> list[Ints]:
    of_members = Groups.of(member, size)
    return np.split(rows[of_members.members], of_members.starts[1:-1]) if size else []


def _to_rings(values: Ints, member: Ints, rows: Ints, size: int) -> Ints:
    """Return the sums (M, size) to each ring, of values (M, S) of the members (N,) of rows (N,)."""
    sums = np.array([np.bincount(rows, each[member], size) for each in values])
    to_ring = sums.reshape(len(values), -1, RINGS).cumsum(axis=2)
    return np.asarray(to_ring.reshape(len(values), size), dtype=int64)


def _sums(values: Ints, has: NDArray[np.bool_]) -> Floats:
    """Return the sums (..., RINGS) of values (N, ...) to each ring, in which a site is or not (N, RINGS)."""
    return np.asarray(values.T.astype(float64) @ has.astype(float64))


def _longer(array: Ints) -> Ints:
    return np.concatenate((array, np.zeros_like(array)), axis=1)
