"""Area `alerts`: domestic alerts, from the publishing of a record to its alert at the recipient.

The recipient is the council, which reads the topic of its alerts under `read_committed` as its own principal.
Agency, worker, alerts agent and recipient are processes of their own. An alert is matched to its record by its
id, the keyed digest of the recipient and the event. `p50_ms` and `p99_ms` are from publishing to reading, at
100 domestic incidents a second among 300 other records a second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.alert_setting import RECIPIENT, AlertSetting, alert_setting
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.probe import Probe
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Progress

AIMS = {
    "p99_ms": Aim(150, at_most=True),
    "rss_mb": Aim(300, at_most=True),
    "restore_s": Aim(10, at_most=True),
    "takeover_s": Aim(10, at_most=True),
    "year_equal": Aim(1),
}
RUNS: Final = 3
SECONDS: Final = 20
DOMESTIC: Final = 100
OTHERS: Final = 300
_WARM_UP_SECONDS = 5
_PERCENTILES = (50, 99)
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Alerts:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Progress

    def measure(self, seconds: int, runs: int) -> Area:
        """Measure `runs` times, each for `seconds` at the stated rates."""
        with alert_setting(self.setting, lambda what: self.progress(what, 0, 1)) as partnership:
            done = self._latencies(partnership, seconds, runs)
        names = sorted({name for run in done for name in run} & {*AIMS, "p50_ms"})
        how = f"{' '.join((__doc__ or '').split())} {seconds} s."
        aims = {name: aim for name, aim in AIMS.items() if name in names}
        return Area("alerts", "ms, s, MB", medians(done, names), aims, done, how)

    def _latencies(
        self, partnership: AlertSetting, seconds: int, runs: int
    ) -> list[dict[str, Any]]:
        with partnership.worker(), partnership.agent():
            self._latency(partnership, _WARM_UP_SECONDS, "warming up")
            return [
                {"run": n, **with_load(lambda: self._latency(partnership, seconds, f"run {n + 1}"))}  # noqa: B023 - called at once
                for n in range(runs)
            ]

    def _latency(self, partnership: AlertSetting, seconds: int, title: str) -> dict[str, Any]:
        self.progress(f"alerts, {title}", 0, seconds)
        reader = self._reader(partnership, DOMESTIC * seconds)
        try:
            publisher = self._publisher(partnership, seconds)
            published = publisher.answer()
            read = reader.answer()
        finally:
            reader.kill()
        taken = self._taken(partnership, published, read)
        percentiles = np.percentile(taken, _PERCENTILES)
        return {
            **{f"p{p}_ms": float(v) for p, v in zip(_PERCENTILES, percentiles, strict=True)},
            "max_ms": max(taken),
            "alerts": len(taken),
        }

    def _reader(self, partnership: AlertSetting, count: int) -> Probe:
        options = {"topic": partnership.alerts, "partitions": 1, "count": count}
        job = partnership.setting.job(RECIPIENT, **options)
        reader = Probe.started(self.setting.files, self.python, "reader", job)
        reader.await_ready()
        return reader

    def _publisher(
        self, partnership: AlertSetting, seconds: int, *, domestic: int = DOMESTIC,
        others: int = OTHERS, paced: bool = True,
    ) -> Probe:  # fmt: skip
        run = f"A{time.time_ns()}"
        rates = {"domestic": domestic, "others": others, "paced": paced}
        job = partnership.setting.job(AGENCY, run=run, seconds=seconds, **rates)
        publisher = Probe.started(self.setting.files, self.python, "domestic", job)
        publisher.await_ready()
        return publisher

    @staticmethod
    def _taken(
        partnership: AlertSetting, published: Mapping[str, int], read: Mapping[str, int]
    ) -> list[float]:
        """Return the milliseconds from publishing to reading of each incident."""
        of_each = {ref: partnership.alert_of(DATASET, ref) for ref in published}
        taken = [
            (read[alert] - published[ref]) / _NS_PER_MS
            for ref, alert in of_each.items()
            if alert in read
        ]
        if len(taken) != len(published):
            missing = len(published) - len(taken)
            raise BenchError(f"{missing} of {len(published)} incidents have no alert")
        return taken
