"""Builds cases, detections and problems for the tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from detection.emerging.facts import Case, CaseKey, Detection, Match, PValue, SeriesKey, Stream
from detection.emerging.settings import Settings

POLICE = Stream("police-incident", "partner")
AMBULANCE = Stream("ambulance-incident", "partner")
HOSPITAL = Stream("hospital-attendance", "partner")
STREAMS = (POLICE, AMBULANCE, HOSPITAL)
AGENCY_OF = {POLICE: "police", AMBULANCE: "ambulance", HOSPITAL: "hospital"}
DATASETS = tuple(stream.dataset for stream in STREAMS)
VIOLENCE = SeriesKey("violence", (POLICE, AMBULANCE, HOSPITAL), is_group=True)
SETTINGS = Settings(watches=())
DAY = 20_000


def case(
    record: str,
    stream: Stream = POLICE,
    day: int = DAY,
    minute: int | None = None,
    at: tuple[int, int] = (375_000, 165_000),
    hour_only: bool = False,
) -> Case:
    """Return a case of the stream's agency."""
    return Case(
        record, stream, AGENCY_OF[stream], "fight", *at, day=day, minute=minute, hour_only=hour_only
    )


def keys(*records: str) -> frozenset[CaseKey]:
    """Return the keys of records of the police."""
    return frozenset(CaseKey(POLICE, record) for record in records)


def detection(
    cases: Iterable[str] = "abcd",
    at: tuple[int, int] = (375_000, 165_000),
    radius: float = 300.0,
    days: tuple[int, int] = (DAY - 2, DAY),
    p: float = 1e-6,
    series: SeriesKey = VIOLENCE,
    looked: bool = False,
    statistic: float = 10.0,
    matches: tuple[Match, ...] = (),
) -> Detection:
    """Return a detection of the scan with these records of the police."""
    found = keys(*cases)
    value = PValue(p, "gumbel", monte_carlo=0.001, gumbel=p, replicates=999)
    first, last = days
    made = Detection(
        "scan", series, *at, radius, first, last, len(found), 0.5, statistic, value, looked, found
    )
    return replace(made, matches=matches)
