"""The pure parts of the area `emerging`: known answers, false alarms, what a record and a scan cost."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from detection.emerging.calibration import calibrate
from detection.emerging.engine import Engine
from detection.emerging.evaluating import DAILY, evaluate
from detection.emerging.facts import Case, SeriesKey, Source
from detection.emerging.look_null import LookNull
from detection.emerging.replays import History
from detection.emerging.settings import Settings, Watch
from detection.scan.counts import Counts
from detection.scan.replicates import replicate_maxima
from detection.scan.scanning import scan
from detection.scan.zones import build_zones, limit_share
from tests.conftest import SHARED_DATA
from tests.detection.scan.known import NULL, NYC, PLANTED, Known
from tests.emerging.district import FIRST_DAY, STREAM, District

Progress = Callable[[str, int, int], None]

NULL_YEARS: Final = 100
REPLICATES: Final = 999
FORCE_SITES: Final = 10_000
FORCE_RADIUS_M: Final = 700.0
FORCE_CASES: Final = 20_000
FORCE_STRATA: Final = 16
SETTINGS: Final = Settings(watches=(Watch("council", frozenset({STREAM})),))
_DAYS = SETTINGS.study_days
_TYPES = (
    10.0,
    8.0,
    6.0,
    5.0,
    4.0,
    4.0,
    3.0,
    3.0,
    2.0,
    2.0,
    2.0,
    1.0,
    1.0,
    1.0,
    1.0,
    0.5,
    0.5,
    0.5,
    0.3,
    0.3,
)
_NEW_DAYS = 14
_FORCE_SIDE_M = 60_000
_FORCE_TOWNS = 12
_TOWN_M = 3_000.0
_US = 1e6


def known_answers() -> dict[str, float]:
    """Return the largest difference to SaTScan's likelihood ratios; nothing if its answers are not here."""
    folder = SHARED_DATA / "detection"
    if not folder.is_dir():
        return {}
    return {"llr_error": max(_error(known, folder) for known in (NYC, PLANTED, NULL))}


def _error(known: Known, folder: Path) -> float:
    counts, zones = known.load(folder)
    answers = known.read_answers(folder)
    found = scan(counts, zones, 2, len(answers))
    pairs = zip(found, answers, strict=True)
    return max(abs(cluster.llr - answer.llr) for cluster, answer in pairs)


def null_alarms(progress: Progress) -> dict[str, float]:
    """Return the alarms a year, over all types, in permuted replays of a district without a problem."""
    district = District()
    cases = district.cases(np.random.default_rng(11), _DAYS + 365)
    histories = [_history(cases, kind) for kind in sorted({case.type for case in cases})]
    measured = calibrate(
        histories, SETTINGS, NULL_YEARS, np.random.default_rng(12),
        lambda done: progress("emerging, null years", int(done * NULL_YEARS), NULL_YEARS),
    )  # fmt: skip
    return {
        "null_alarms_per_year": measured.alarms_per_year(365),
        "null_alarms_per_year_at_100": measured.alarms_per_year(100),
        "null_years": measured.years,
    }


def _history(cases: list[Case], kind: str) -> History:
    own = [case for case in cases if case.type == kind]
    return History.of(SeriesKey(kind, (STREAM,)), own, SETTINGS.study_days)


def record_cost() -> dict[str, float]:
    """Return the microseconds of one record: counted at once, screened, and its place scanned if need be."""
    district = District(sites=1_000, rates=_TYPES)
    cases = district.cases(np.random.default_rng(21), _DAYS + _NEW_DAYS)
    engine = Engine(SETTINGS)
    engine.advance(FIRST_DAY + _DAYS - 1)
    for case in cases:
        if case.day <= engine.today:
            engine.put(case)
    engine.commit()
    nulls = {key: null for key in engine.series() if (null := _look_null(engine, key)) is not None}
    gc.collect()
    gc.freeze()
    spent, number = 0.0, 0
    for case in (each for each in cases if each.day >= FIRST_DAY + _DAYS):
        engine.advance(case.day)
        if case.day == FIRST_DAY + _DAYS:
            # The first look at a series after a start counts it in the strata of its null.
            engine.put(case)
            engine.looks(nulls, lambda _source: False)
            engine.commit()
            continue
        begun = time.perf_counter()
        engine.put(case)
        engine.looks(nulls, lambda _source: False)
        engine.commit()
        spent += time.perf_counter() - begun
        number += 1
    return {"us_per_record": spent / number * _US}


def _look_null(engine: Engine, key: SeriesKey) -> LookNull | None:
    snapshot = engine.snapshot(key, engine.today, _AllSupplied(), DAILY)
    return evaluate(snapshot, SETTINGS, 1).look_null


class _AllSupplied:
    """Every day is covered, and nothing is held."""

    def held(self, source: Source) -> bool:
        """Return False."""
        del source
        return False

    def complete_day(self, source: Source) -> int | None:
        """Return None."""
        del source
        return None

    def covered(self, source: Source, day: int) -> bool:
        """Return True."""
        del source, day
        return True


def force_scan() -> dict[str, float]:
    """Return the seconds of a scan of a force with all its replicates, and the number of its circles."""
    rng = np.random.default_rng(31)
    towns = rng.uniform(0, _FORCE_SIDE_M, (_FORCE_TOWNS, 2))
    near = towns[rng.integers(0, _FORCE_TOWNS, FORCE_SITES)]
    points = near + rng.normal(0, _TOWN_M, (FORCE_SITES, 2))
    counts = _force_counts(rng)
    begun = time.perf_counter()
    zones = limit_share(build_zones(points, FORCE_RADIUS_M), counts.base.sum(axis=1), 0.5)
    scan(counts, zones, 2, 10)
    replicate_maxima(counts, zones, REPLICATES, rng)
    return {
        "force_scan_s": time.perf_counter() - begun,
        "force_circles": float(len(zones.sites)),
    }


def _force_counts(rng: np.random.Generator) -> Counts:
    weights = rng.gamma(0.5, size=FORCE_SITES) + 0.02
    site = rng.choice(FORCE_SITES, FORCE_CASES, p=weights / weights.sum())
    stratum = rng.integers(0, FORCE_STRATA, FORCE_CASES)
    lag = rng.integers(0, _DAYS, FORCE_CASES)
    window = SETTINGS.window_days
    recent, is_recent = np.zeros((FORCE_SITES, window), np.int64), lag < window
    base = np.zeros((FORCE_SITES, FORCE_STRATA), np.int64)
    by_lag = np.zeros((FORCE_STRATA, window), np.int64)
    np.add.at(base, (site, stratum), 1)
    np.add.at(recent, (site[is_recent], lag[is_recent]), 1)
    np.add.at(by_lag, (stratum[is_recent], lag[is_recent]), 1)
    return Counts(base, recent, by_lag)
