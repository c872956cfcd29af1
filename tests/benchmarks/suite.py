"""All areas in one order: first what needs no broker, then what shares one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.benchmarks.alerts import RUNS as ALERT_RUNS
from tests.benchmarks.alerts import SECONDS as ALERT_SECONDS
from tests.benchmarks.alerts import Alerts
from tests.benchmarks.emerging import Emerging
from tests.benchmarks.figures import Area
from tests.benchmarks.hub import RUNS as HUB_RUNS
from tests.benchmarks.hub import Hub
from tests.benchmarks.latency import Latency
from tests.benchmarks.offline import Offline
from tests.benchmarks.privacy import privacy
from tests.benchmarks.protocols import Protocols
from tests.benchmarks.publishing import RUNS, Publishing
from tests.benchmarks.restart import RUNS as RESTARTS
from tests.benchmarks.restart import Restart
from tests.benchmarks.setting import Files, Setting, ensure_reference, running
from tests.benchmarks.throughput import Progress, Throughput

_PIPELINE_RECORDS = 40_000


class AreaName(StrEnum):
    """The areas that can be measured."""

    INDEX = "index"
    PIPELINE = "pipeline"
    SANITISER = "sanitiser"
    PRIVACY = "privacy"
    LATENCY = "latency"
    THROUGHPUT = "throughput"
    PUBLISH = "publish"
    ISP = "isp"
    RESTART = "restart"
    ALERTS = "alerts"
    EMERGING = "emerging"
    HUB = "hub"


_ON_BROKER = {
    AreaName.LATENCY,
    AreaName.THROUGHPUT,
    AreaName.PUBLISH,
    AreaName.ISP,
    AreaName.RESTART,
    AreaName.ALERTS,
    AreaName.EMERGING,
    AreaName.HUB,
}


@dataclass(frozen=True, slots=True)
class Suite:
    """The environment of the benchmarks, and the receivers of progress and reports."""

    files: Files
    python: Path
    bench_python: Path
    progress: Progress
    report: Callable[[str], None]

    def measure(
        self,
        areas: Collection[AreaName],
        runs: int,
        records: int,
        seconds: int,
        only: Sequence[str],
    ) -> Iterator[Area]:
        """Each area as soon as it is measured."""
        ensure_reference(self.files, self.report)
        offline = Offline(self.files, self.python, self.progress)
        if AreaName.INDEX in areas:
            yield offline.index(runs)
        if AreaName.PIPELINE in areas:
            yield offline.pipeline(min(records, _PIPELINE_RECORDS), runs)
        if AreaName.SANITISER in areas:
            yield offline.sanitiser(min(records, _PIPELINE_RECORDS), runs)
        if AreaName.PRIVACY in areas:
            yield privacy(self.progress)
        if not _ON_BROKER & set(areas):
            return
        with running(self.files, self.report) as setting:
            yield from self._on_broker(setting, areas, runs, records, seconds, only)

    def _on_broker(
        self,
        setting: Setting,
        areas: Collection[AreaName],
        runs: int,
        records: int,
        seconds: int,
        only: Sequence[str],
    ) -> Iterator[Area]:
        if AreaName.LATENCY in areas:
            yield Latency(setting, self.python, self.progress).measure(seconds, runs)
        measuring = Throughput(setting, self.python, self.bench_python, self.progress)
        if AreaName.THROUGHPUT in areas:
            yield measuring.measure(records, runs, only)
        if AreaName.PUBLISH in areas:
            publishing = Publishing(setting, self.python, self.progress)
            yield publishing.measure(max(5 * records, 10_000), min(runs, RUNS))
        if AreaName.ISP in areas:
            yield Protocols(setting, self.progress).measure(runs, measuring, records)
        if AreaName.RESTART in areas:
            yield Restart(setting, self.progress).measure(min(runs, RESTARTS))
        if AreaName.ALERTS in areas:
            alerts = Alerts(setting, self.python, self.progress)
            yield alerts.measure(min(seconds, ALERT_SECONDS), min(runs, ALERT_RUNS))
        if AreaName.EMERGING in areas:
            yield Emerging(setting, self.python, self.progress).measure()
        if AreaName.HUB in areas:
            yield Hub(setting, self.python, self.progress).measure(min(runs, HUB_RUNS))
