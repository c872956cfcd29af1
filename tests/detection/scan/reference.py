"""The scan by plain loops, as its definition says: slow, and easy to check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import dist, log

from detection.scan.counts import Counts

Point = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """A circle and a window that have more cases than expected."""

    centre: int
    sites: tuple[int, ...]
    window: int
    observed: int
    expected: float
    llr: float


def circles(
    points: Sequence[Point], radius: float | None, cases: Sequence[int], share: float
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield each centre with the sites of each of its circles."""
    for centre, middle in enumerate(points):
        near = sorted(
            range(len(points)),
            key=lambda site: (dist(middle, points[site]), site != centre, points[site]),
        )
        sites: list[int] = []
        for site in near:
            if radius is not None and dist(middle, points[site]) > radius:
                break
            sites.append(site)
            if sum(cases[each] for each in sites) > share * sum(cases):
                break
            yield centre, tuple(sites)


def ratio(observed: int, expected: float, total: int) -> float:
    """Return the logarithm of the likelihood ratio."""
    if observed <= expected or expected <= 0:
        return 0.0
    rest = total - observed
    return observed * log(observed / expected) + (
        rest * log(rest / (total - expected)) if rest else 0.0
    )


def found(
    counts: Counts, around: Sequence[tuple[int, tuple[int, ...]]], minimum: int
) -> list[Found]:
    """Return all circles and windows that have more cases than expected."""
    everything = []
    totals = counts.base.sum(axis=0).tolist()
    windows = range(1, counts.recent.shape[1] + 1)
    recent = [[sum(row[:window]) for window in windows] for row in counts.recent.tolist()]
    by_lag = [[sum(row[:window]) for window in windows] for row in counts.by_lag.tolist()]
    means = [
        [
            sum(cases * by_lag[k][w] / totals[k] for k, cases in enumerate(row) if cases)
            for w in range(len(windows))
        ]
        for row in counts.base.tolist()
    ]
    for centre, sites in around:
        for w, window in enumerate(windows):
            observed = sum(recent[site][w] for site in sites)
            expected = sum(means[site][w] for site in sites)
            best = ratio(observed, expected, counts.total)
            if observed >= minimum and round(best, 9) > 0:
                everything.append(Found(centre, sites, window, observed, expected, best))
    return everything


def largest(counts: Counts, around: Sequence[tuple[int, tuple[int, ...]]], minimum: int) -> float:
    """Return the largest likelihood ratio."""
    return max((each.llr for each in found(counts, around, minimum)), default=0.0)
