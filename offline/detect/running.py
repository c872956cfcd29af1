"""Scan the events of a file for clusters, as of one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from detection.emerging.facts import PValue
from detection.scan.counts import Counts
from detection.scan.p_values import Null
from detection.scan.replicates import replicate_maxima
from detection.scan.scanning import Cluster, scan
from detection.scan.zones import Zones, build_zones, limit_share
from offline.detect.days import iso_of
from offline.detect.errors import DetectError, NothingInPeriod
from offline.detect.reading import Event, Events, Progress
from offline.detect.sites import Period, Sites, Strata, counts_of, sites_of

_PARTS: Final = 20
"""The replicates are computed in so many parts, and progress is shown after each."""


@dataclass(frozen=True, slots=True)
class Order:
    """The settings of a scan. `radius` is in metres, `window` and `study_days` in days.

    `as_of` is the last day of the windows, None for the newest day of the file. `study_days` is the length of
    the study period, None for all days before. `share` is the largest share of all events in a circle.
    """

    as_of: int | None = None
    radius: float = 1_000.0
    share: float = 0.5
    window: int = 7
    study_days: int | None = None
    replicates: int = 999
    seed: int = 0
    strata: Strata = "none"
    minimum: int = 2
    most: int = 10


class Found(NamedTuple):
    """A cluster, its p-value, and the events in its circle and window."""

    cluster: Cluster
    p: PValue
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a scan, best first. `inside` counts the events of the study period."""

    order: Order
    period: Period
    sites: Sites
    counts: Counts
    found: tuple[Found, ...]

    @property
    def inside(self) -> int:
        """Return the number of events in the study period."""
        return self.counts.total


def detect(read: Events, order: Order, progress: Progress = lambda *_: None) -> Outcome:
    """Return the clusters of a file's events.

    Raises:
        DetectError: the file has no event.
        NothingInPeriod: it has none in the study period.
    """
    period = period_of(read, order)
    sites = sites_of(read.events, of_records=read.is_release)
    counts = counts_of(read.events, sites, period, order.window, order.strata)
    zones = limit_share(
        build_zones(sites.points, order.radius), counts.base.sum(axis=1), order.share
    )
    clusters = scan(counts, zones, order.minimum, order.most)
    if not clusters:
        return Outcome(order, period, sites, counts, ())
    null = _null(counts, zones, order, progress)
    found = [Found(c, null.p(c.llr), _events_of(c, read.events, sites, period)) for c in clusters]
    return Outcome(order, period, sites, counts, tuple(found))


def period_of(read: Events, order: Order) -> Period:
    """Return the study period.

    Raises:
        DetectError: the file has no event.
        NothingInPeriod: it has none in the study period.
    """
    days = [e.day for e in read.events if e.day is not None and e.cases]
    if not days:
        raise DetectError(
            f"{read.file}: has no event with a day and a point; accepted: at least one"
        )
    last = max(days) if order.as_of is None else order.as_of
    first = min(days) if order.study_days is None else last - order.study_days + 1
    if not any(first <= day <= last for day in days):
        begins = f"from {iso_of(first)} " if order.study_days else ""
        message = f"{read.file}: no event is {begins}up to {iso_of(last)}"
        accepted = f"its events are from {iso_of(min(days))} to {iso_of(max(days))}"
        raise NothingInPeriod(f"{message}; {accepted}")
    return Period(first, last)


def _null(counts: Counts, zones: Zones, order: Order, progress: Progress) -> Null:
    rng = np.random.default_rng(order.seed)
    bounds = np.linspace(0, order.replicates, _PARTS + 1).astype(int)
    maxima = []
    for before, after in pairwise(bounds.tolist()):
        if after > before:
            maxima.append(replicate_maxima(counts, zones, after - before, rng, order.minimum))
        progress(after, order.replicates, f"{after:,} replicates")
    return Null.of(np.concatenate(maxima))


def _events_of(
    cluster: Cluster, events: Sequence[Event], sites: Sites, period: Period
) -> list[Event]:
    inside = set(cluster.sites.tolist())
    first = period.last - cluster.window + 1
    return [
        e
        for e, site in zip(events, sites.at.tolist(), strict=True)
        if site in inside and e.cases and e.day is not None and first <= e.day <= period.last
    ]
