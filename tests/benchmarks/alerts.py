"""Area `alerts`: domestic alerts, from the publishing of a record to its alert at the recipient.

The recipient is the council. It reads the topic of its alerts under `read_committed` as its own principal.
Agency, worker, alerts agent and recipient are processes of their own. An alert is matched to its record by
its id, the keyed digest of recipient and event. `p50_ms` and `p99_ms` are from publishing to reading, at 100
domestic incidents a second among 300 other records a second. For `takeover_s` the active one of two agents
and its supervisor are killed while incidents flow. The time ends with the first alert of an incident that was
published after that. `incidents_per_s` is what one agent and one partition carry, of incidents that wait.
`year_equal` is 1 if the alerts of a generated year, published as its agencies through a worker and an agent
that were killed five times in all, equal a batch computation in SQL: the same events, each with one alert,
the same levels, and for households with a case the same counts. `restore_s`, `rebuild_s` and `rss_mb` are of
a state of a million households, as `tests.benchmarks.state` says.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.alert_setting import (
    RECIPIENT,
    AlertSetting,
    alert_setting,
    kill_for_good,
)
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.probe import Probe
from tests.benchmarks.setting import Setting
from tests.benchmarks.state import State
from tests.benchmarks.throughput import Progress
from tests.benchmarks.year import YearRun

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
FIGURES: Final = (
    "p50_ms", "p99_ms", "takeover_s", "incidents_per_s", "year_equal", "rss_mb", "restore_s", "rebuild_s",
)  # fmt: skip
_WARM_UP_SECONDS = 5
_TAKEOVER_SECONDS = 25
_TAKEOVER_RATE = 20
_BEFORE_KILL_SECONDS = 5.0
_WAITING = 4_000
_PERCENTILES = (50, 99)
_NS_PER_MS = 1e6
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Alerts:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Progress

    def measure(self, seconds: int, runs: int) -> Area:
        """Measure the latency `runs` times, each for `seconds`, and the rest once."""
        with alert_setting(self.setting, lambda what: self.progress(what, 0, 1)) as partnership:
            year = YearRun(partnership, self.python, self.progress)
            done = [
                with_load(year.run),
                *self._latencies(partnership, seconds, runs),
                with_load(lambda: self._takeover(partnership)),
                with_load(lambda: self._capacity(partnership)),
            ]
        done += State(self.setting, self.python, self.progress).measure(1)
        how = f"{' '.join((__doc__ or '').split())} {seconds} s."
        return Area("alerts", "ms, s, MB, incidents/s", medians(done, FIGURES), AIMS, done, how)

    def _latencies(
        self, partnership: AlertSetting, seconds: int, runs: int
    ) -> list[dict[str, Any]]:
        with partnership.worker(), partnership.agent():
            self._latency(partnership, _WARM_UP_SECONDS, "warming up")
            return [
                {"run": n, **with_load(lambda: self._latency(partnership, seconds, f"run {n + 1}"))}  # noqa: B023 - called at once
                for n in range(runs)
            ]

    def _takeover(self, partnership: AlertSetting) -> dict[str, Any]:
        self.progress("alerts, takeover", 0, 1)
        seconds, rate = _TAKEOVER_SECONDS, _TAKEOVER_RATE
        with partnership.worker(), partnership.agent(2) as agents:
            reader = self._reader(partnership, seconds * rate)
            try:
                publisher = self._publisher(partnership, seconds, domestic=rate, others=rate)
                time.sleep(_BEFORE_KILL_SECONDS)
                active = partnership.active(agents)
                killed = time.monotonic_ns()
                kill_for_good(active)
                published, read = publisher.answer(), reader.answer()
            finally:
                reader.kill()
        self._taken(partnership, published, read)
        later = [read[_alert_of(partnership, ref)] for ref, at in published.items() if at > killed]
        return {"takeover_s": (min(later) - killed) / _NS}

    def _capacity(self, partnership: AlertSetting) -> dict[str, Any]:
        """Return how many waiting incidents a second the agent carries, without its start."""
        self.progress("alerts, capacity", 0, 1)
        with partnership.worker():
            publisher = self._publisher(
                partnership, 1, domestic=_WAITING, others=_WAITING // 100, paced=False
            )
            published = publisher.answer()
            partnership.await_worker()
        reader = self._reader(partnership, len(published))
        try:
            with partnership.agent():
                read = reader.answer()
        finally:
            reader.kill()
        self._taken(partnership, published, read)
        times = sorted(read.values())[len(read) // 10 :]
        return {"incidents_per_s": (len(times) - 1) * _NS / (times[-1] - times[0])}

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
        of_each = {ref: _alert_of(partnership, ref) for ref in published}
        taken = [
            (read[alert] - published[ref]) / _NS_PER_MS
            for ref, alert in of_each.items()
            if alert in read
        ]
        if len(taken) != len(published):
            missing = len(published) - len(taken)
            raise BenchError(f"{missing} of {len(published)} incidents have no alert")
        return taken


def _alert_of(partnership: AlertSetting, reference: str) -> str:
    return partnership.alert_of(DATASET, {"incident_reference": reference})
