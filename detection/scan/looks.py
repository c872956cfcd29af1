"""The looks of a replicate of a day: one after each case that arrives, at the circles that contain it."""

from __future__ import annotations

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from detection.scan.arrivals import Arrivals
from detection.scan.counts import Counts, Ints
from detection.scan.drawing import Draws, Sampler
from detection.scan.lanes import Lanes
from detection.scan.ragged import Rows, ragged, row_starts, running_sums
from detection.scan.screening import Screen, least_counts, most_cases
from detection.scan.statistic import llr
from detection.scan.trials import cells_of, largest_by
from detection.scan.zones import Zones, sums


class LookTrial:
    """The looks of a day: the maximum over the arriving cases, the circles that contain them, the windows.

    Expected at a look: the cases of a circle at the end of the day, times the share of their stratum that
    is in the window so far. Of the cases that have yet to arrive, the circle is thereby expected to have its
    part.
    """

    def __init__(self, counts: Counts, zones: Zones, minimum: int, arriving: Ints) -> None:
        self.zones = zones
        self.sampler = Sampler(counts)
        self._minimum = minimum
        self._day = Arrivals.of(counts, arriving, self.sampler.strata, self.sampler.lags)
        self._before = counts.total - self._day.size
        self._cases = sums(counts.base, zones).astype(float64)
        tests = self._day.tests()
        self._least_expected = self._cases @ self._day.shares_of(tests)
        means = self._cases @ self._day.shares[-1, :, -1]
        self._most = most_cases(means, len(self.sampler.lags))
        self._lanes = Lanes.of(len(tests), self._most)
        self._increments = self._lanes.pack(self._day.counted(tests))
        self._screens: dict[float, Screen] = {}

    @property
    def moments(self) -> Ints:
        """Return when each case in the window arrives (M,): 1 is the first, 0 was there before the day."""
        return self._day.moments

    def largest(self, draws: Draws, floor: float) -> NDArray[float64]:
        """Return the maximum of each replicate (B,). If it is below the floor, what is returned is too."""
        if not self._day.size:
            return np.zeros(len(draws.sites))
        cells = cells_of(draws, self._increments, self.zones.size)
        replicates, circles, _ = self._screen(floor).passing(cells)
        return self._largest_of(draws, replicates, circles)

    def _largest_of(self, draws: Draws, replicates: Ints, circles: Ints) -> NDArray[float64]:
        """Return the maximum (B,) over the looks at circles (P,) of replicates (P,)."""
        pairs, cases = self._cases_within(draws, replicates, circles)
        is_counted = self._day.lags[cases][:, None] <= np.arange(self._day.shares.shape[2])
        observed = running_sums(is_counted.astype(int64), pairs, row_starts(pairs, len(circles)))
        looked = self._day.moments[cases] > 0
        pairs, moments = pairs[looked], self._day.moments[cases[looked]]
        observed = observed[looked]
        expected = self._expected(circles[pairs], moments)
        ratios = llr(observed, expected, (self._before + moments)[:, None])
        ratios[observed < self._minimum] = 0
        return largest_by(replicates[pairs], ratios, len(draws.sites))

    def _cases_within(self, draws: Draws, replicates: Ints, circles: Ints) -> tuple[Ints, Ints]:
        """Return the pairs and cases (Q,), (Q,) of pairs (P,) of a replicate and a circle, as they arrive."""
        size = self.zones.size
        at = Rows.of(
            (np.arange(len(draws.sites))[:, None] * size + draws.sites).ravel(),
            len(draws.sites) * size,
        )
        first = self.zones.starts[self.zones.centres[circles]]
        pairs, members = ragged(first, circles + 1)
        places = replicates[pairs] * size + self.zones.sites[members]
        rows, found = ragged(at.starts[places], at.starts[places + 1])
        pairs, cases = pairs[rows], at.members[found] % draws.sites.shape[1]
        order = np.argsort(pairs * (self._day.size + 1) + self._day.moments[cases], kind="stable")
        return pairs[order], cases[order]

    def _expected(self, circles: Ints, moments: Ints) -> NDArray[float64]:
        """Return what is expected (Q, W) of circles (Q,) at moments (Q,)."""
        expected = np.zeros((len(circles), self._day.shares.shape[2]))
        for cases, shares in zip(self._cases.T, self._day.shares.swapaxes(0, 1), strict=True):
            expected += cases[circles, None] * shares[moments]
        return expected

    def _screen(self, floor: float) -> Screen:
        if floor not in self._screens:
            least = least_counts(
                self._least_expected, floor, self._before + 1, self._minimum, self._most
            )
            self._screens[floor] = Screen(self.zones, self._lanes, self._lanes.limits(least))
        return self._screens[floor]
