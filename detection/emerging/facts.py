"""Types of the detection of emerging problems: cases, series, detections and problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["scan", "near-repeat", "farrington", "ears"]
"""Kinds of findings; each has its own evidence."""

Status = Literal["opened", "grown", "moved", "faded", "closed"]
"""States of a problem.

`grown` and `moved`: a case has joined. `moved`: the centre is outside the circle before.
"""

PMethod = Literal["monte-carlo", "gumbel", "tail"]


class Stream(NamedTuple):
    """One released stream: the dataset in one release profile."""

    dataset: str
    profile: str


class Source(NamedTuple):
    """One supplier of one dataset."""

    agency: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Case:
    """One released record with a day and a point.

    `record` is the released id, which is unique in its stream. `day` is the local day of the event since
    1970-01-01, `minute` its instant in minutes since 1970 UTC, or None if the time is not known. With
    `hour_only` the minute is known to the hour. Easting and northing are metres (EPSG:27700) of the released
    point. A record whose day is a range has no case.
    """

    record: str
    stream: Stream
    agency: str
    type: str
    easting: int
    northing: int
    day: int
    minute: int | None = None
    hour_only: bool = False
    street: str = ""
    postcode: str = ""
    district: str = ""

    @property
    def key(self) -> CaseKey:
        """Return the key of the case."""
        return CaseKey(self.stream, self.record)

    @property
    def source(self) -> Source:
        """Return the supplier and dataset of the case."""
        return Source(self.agency, self.stream.dataset)


class CaseKey(NamedTuple):
    """The identity of a case: its stream and the released id of its record."""

    stream: Stream
    record: str


class SeriesKey(NamedTuple):
    """The cases that are scanned together: one type of one stream, or a declared group over several streams.

    `name` is the code of the type, or the name of the group. A recipient who has only a part of the streams
    of a group has a series of that part.
    """

    name: str
    streams: tuple[Stream, ...]
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class PValue:
    """A p-value, how it was computed, and both ways of computing it where there are two.

    `value` is the one that was used. `replicates` is 0 for the tail of a distribution.
    """

    value: float
    method: PMethod
    monte_carlo: float | None = None
    gumbel: float | None = None
    replicates: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """Records of several agencies about one event, which is counted once.

    `confidence` is 0 to 1: 1 minus the expected number of matches by chance, at least 0.
    """

    cases: tuple[CaseKey, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Detection:
    """A finding of a detector in one series, as of `last_day`.

    Days are since 1970-01-01. The circle has its centre at `easting`, `northing` (EPSG:27700, metres); its
    radius is that of the sites, 0 for one site. `cases` are the counted ones, `matches` those that are about
    the same events. `looked` is True for a provisional look between two evaluations: its p-value is that of
    the maximum over the looks of its day. `evidence` has what its kind alone has. `area` is the postcode
    district of a rate, empty for other kinds.
    """

    kind: Kind
    series: SeriesKey
    easting: int
    northing: int
    radius_m: float
    first_day: int
    last_day: int
    observed: int
    expected: float
    statistic: float
    p: PValue
    looked: bool
    cases: frozenset[CaseKey]
    matches: tuple[Match, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    area: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One evolving problem of one recipient.

    `id` is opaque and never changes. `detection` is the newest one that a case joined; `told` are all cases
    that it was ever published with and that still count. `opened_day` is the day on which it was opened,
    `seen_day` the last day on which it was detected at its level. `version` counts what was published.
    """

    id: bytes
    recipient: str
    detection: Detection
    status: Status
    opened_day: int
    seen_day: int
    version: int
    told: frozenset[CaseKey]
    ended: str = ""
