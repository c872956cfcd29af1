"""Area `latency`: from a record's publishing to the recipient's reading of its release.

Publisher, worker and recipient are processes of their own; the recipient reads the profile
`central` as its own principal under `read_committed`. A release is matched to its original by the
record id, the keyed digest computed with the run's reference key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import KafkaException

from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from tests.benchmarks import broker
from tests.benchmarks.broker import Group
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.probe import Probe
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Progress

AIMS = {"p99_ms": Aim(60, at_most=True)}
RATE = 300
_WARM_UP_SECONDS = 5
_PROFILE = "central"
_RECIPIENT = "council"
_PERCENTILES = (50, 95, 99)
_NS_PER_MS = 1e6
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Latency:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Progress

    def measure(self, seconds: int, runs: int) -> Area:
        """`runs` times `seconds` at 300 records a second, through one worker process."""
        worker = Ipu(self.setting)
        admin, intake = self.setting.admin, [self.setting.intake]
        broker.empty(admin, intake)
        group = Group(admin, worker.group, broker.begins(admin, intake))
        group.forget()
        with worker.running():
            _wait_until(lambda: group.has_members(1))
            self._run("warming up", _WARM_UP_SECONDS)
            done = [
                {"run": number, **with_load(lambda: self._run(f"run {number + 1}", seconds))}  # noqa: B023 - called at once
                for number in range(runs)
            ]
        figures = medians(done, [f"p{percentile}_ms" for percentile in _PERCENTILES])
        how = f"{' '.join((__doc__ or '').split())} {RATE} records/s for {seconds} s."
        return Area("latency", "ms", figures, AIMS, done, how)

    def _run(self, title: str, seconds: int) -> dict[str, Any]:
        self.progress(f"latency, {title}", 0, seconds)
        count, run = RATE * seconds, f"L{time.time_ns()}"
        reader = Probe.started(self.setting.files, self.python, "reader", self.setting.job(
            _RECIPIENT, topic=self.setting.names.depersonalised(_PROFILE, DATASET),
            partitions=broker.partitions(self.setting.admin, self.setting.intake),
            # With the first record, which is published and not timed.
            count=count + 1,
        ))  # fmt: skip
        try:
            reader.await_ready()
            job = self.setting.job(AGENCY, run=run, count=count, rate=RATE)
            published = Probe.started(self.setting.files, self.python, "publisher", job).answer()
            read = reader.answer()
        finally:
            reader.kill()
        self.progress(f"latency, {title}", seconds, seconds)
        return self._figures(published, read)

    def _figures(self, published: dict[str, int], read: dict[str, int]) -> dict[str, Any]:
        record_type = self.setting.catalogue.record_type(DATASET)
        key = ReferenceKey(self.setting.job(AGENCY).reference_key.encode())
        policy = Policy(record_type, _PROFILE, key, self.setting.catalogue.code_lists)
        taken = [
            (read[record_id] - at) / _NS_PER_MS
            for reference, at in published.items()
            if (record_id := policy.record_id(AGENCY, {"incident_reference": reference})) in read
        ]
        if len(taken) != len(published):
            raise BenchError(
                f"{len(published) - len(taken)} of {len(published)} records were not read released"
            )
        percentiles = np.percentile(taken, _PERCENTILES)
        return {
            **{f"p{p}_ms": float(v) for p, v in zip(_PERCENTILES, percentiles, strict=True)},
            "max_ms": max(taken),
            "records": len(taken),
        }


def _wait_until(shown: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up:
        with suppress(KafkaException):  # before the first member there is no such group
            if shown():
                return
        time.sleep(0.1)
    raise BenchError(f"the worker did not join its group within {_START_SECONDS:.0f} s")
