"""The cases of a snapshot as a table, from which the counts of any day follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy import int64

from detection.emerging.settings import Settings
from detection.emerging.snapshots import Snapshot
from detection.emerging.strata import Stratum
from detection.scan.counts import Counts, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Cases (N,) with their sites, strata and days. `points` (S, 2) are the sites."""

    points: Ints
    site: Ints
    stratum: Ints
    day: Ints
    strata: tuple[Stratum, ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Table:
        """Return the table of a snapshot."""
        return cls(snapshot.points, snapshot.site, snapshot.stratum, snapshot.day, snapshot.strata)

    def counts(self, as_of: int, settings: Settings) -> Counts:
        """Return the counts as of a day, of the cases of the study period."""
        lag = as_of - self.day
        studied = (lag >= 0) & (lag < settings.study_days)
        recent = studied & (lag < settings.window_days)
        shape = len(self.points), len(self.strata), settings.window_days
        return Counts(
            base=_tally(self.site[studied], self.stratum[studied], (shape[0], shape[1])),
            recent=_tally(self.site[recent], lag[recent], (shape[0], shape[2])),
            by_lag=_tally(self.stratum[recent], lag[recent], (shape[1], shape[2])),
        )


def _tally(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Ints:
    counted = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return counted.reshape(shape).astype(int64)
