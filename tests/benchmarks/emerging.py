"""Area `emerging`: the detection of emerging problems, with known answers and live.

`llr_error` is the largest difference to the log-likelihood ratios of SaTScan 10.3.2 (NYCfever and two made
sets). `null_alarms_per_year` are the problems, over all types and places, that are opened at the level of 365
days in a hundred years of permuted replays, with looks after each record and daily evaluations.
`us_per_record` is the time from a case to the end of its look, at 1,000 sites and 20 types. `force_scan_s` is
one scan of 10,000 sites with 999 replicates. `scan_days`, `stcd_days` (R's detector, with epsilon 0.5),
`stcd_2_days` (epsilon 2) and `weekly_ears_days` are mean days to detection of 50 planted problems, each
detector with the threshold at which it gives one false alarm a year; what is not found within two weeks
counts as 15. `scan_by_day_3` and so on are the shares that are found by the third day. `finding_p50_s` and
`finding_p99_s` are from the publishing of the last record of a version to the reading of its finding by the
recipient, on a running stack with half a year of history.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.system import keys_of
from sanitiser.policy import Policy
from schemas.london import london_today
from tests.benchmarks.emerging_functions import (
    force_scan,
    known_answers,
    null_alarms,
    record_cost,
)
from tests.benchmarks.emerging_setting import RECIPIENT, EmergingSetting, emerging_setting
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.planted import compare
from tests.benchmarks.probe import Probe
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Progress

AIMS: Final = {
    "llr_error": Aim(1e-5, at_most=True),
    "null_alarms_per_year": Aim(1.3, at_most=True),
    "us_per_record": Aim(50, at_most=True),
    "force_scan_s": Aim(10, at_most=True),
    "finding_p99_s": Aim(5, at_most=True),
}
FIGURES: Final = (
    "llr_error", "null_alarms_per_year", "us_per_record", "force_scan_s", "scan_days", "stcd_days",
    "stcd_2_days", "weekly_ears_days", "scan_by_day_3", "stcd_by_day_3", "stcd_2_by_day_3",
    "weekly_ears_by_day_3", "finding_p50_s", "finding_p99_s",
)  # fmt: skip
_HISTORY: Final = 5_000
_HISTORY_DAYS: Final = 182
_BURSTS: Final = 12
_OTHERS: Final = 600
_RATE: Final = 10
_QUIET_S: Final = 30.0
_NS: Final = 1e9
_PERCENTILES: Final = (50, 99)


@dataclass(frozen=True, slots=True)
class Emerging:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Progress

    def measure(self) -> Area:
        """Measure everything once."""
        done: list[dict[str, Any]] = [
            with_load(known_answers),
            with_load(force_scan),
            with_load(record_cost),
            with_load(self._live),
            with_load(lambda: compare(self.progress)),
            with_load(lambda: null_alarms(self.progress)),
        ]
        how = " ".join((__doc__ or "").split())
        known = {name for run in done for name in run}
        figures = medians(done, [name for name in FIGURES if name in known])
        aims = {name: aim for name, aim in AIMS.items() if name in known}
        return Area("emerging", "days, s, us, alarms a year", figures, aims, done, how)

    def _live(self) -> dict[str, Any]:
        with (
            emerging_setting(self.setting, lambda what: self.progress(what, 0, 1)) as partnership,
            partnership.worker(),
            partnership.detector(),
        ):
            self._publish(partnership, history=_HISTORY)
            partnership.await_worker()
            self.progress("emerging, first distributions", 0, 1)
            partnership.await_evaluations()
            reader = self._reader(partnership)
            try:
                self.progress("emerging, findings", 0, 1)
                published = self._publish(partnership, bursts=_BURSTS, others=_OTHERS)
                read = reader.answer()
            finally:
                reader.kill()
        return _latencies(published, read, self._policy())

    def _reader(self, partnership: EmergingSetting) -> Probe:
        options = {"topic": partnership.findings, "quiet": _QUIET_S}
        job = partnership.setting.job(RECIPIENT, **options)
        reader = Probe.started(self.setting.files, self.python, "findings", job)
        reader.await_ready()
        return reader

    def _publish(
        self, partnership: EmergingSetting, history: int = 0, bursts: int = 0, others: int = 0
    ) -> Mapping[str, int]:
        options = {
            "run": f"E{time.time_ns()}", "seed": 5, "history": history, "days": _HISTORY_DAYS,
            "bursts": bursts, "others": others, "rate": _RATE,
        }  # fmt: skip
        job = partnership.setting.job(AGENCY, **options)
        publisher = Probe.started(self.setting.files, self.python, "emerging", job)
        publisher.await_ready()
        return publisher.answer()

    def _policy(self) -> Policy:
        setting = self.setting
        key = keys_of(setting.stack).ring().key(london_today())
        record_type = setting.catalogue.record_type(DATASET)
        return Policy(record_type, "central", key, setting.catalogue.code_lists)


def _latencies(
    published: Mapping[str, int], read: Mapping[str, int], policy: Policy
) -> dict[str, Any]:
    """Return how long each version of a finding took, from the last of the cases that joined with it."""
    published_at = {
        policy.record_id(AGENCY, {"incident_reference": reference}): at
        for reference, at in published.items()
    }
    versions: dict[str, list[int]] = defaultdict(list)
    seen: dict[str, int] = {}
    for name, at in read.items():
        version, _, record = name.rpartition(".")
        if record in published_at:
            versions[version].append(published_at[record])
            seen[version] = at
    if not versions:
        raise BenchError("no finding has a case of a burst")
    taken = [(seen[version] - max(times)) / _NS for version, times in versions.items()]
    found = {version.split(".")[0] for version in versions}
    percentiles = np.percentile(taken, _PERCENTILES)
    return {
        **{f"finding_p{p}_s": float(v) for p, v in zip(_PERCENTILES, percentiles, strict=True)},
        "findings": len(taken),
        "problems": len(found),
        "bursts": _BURSTS,
    }
