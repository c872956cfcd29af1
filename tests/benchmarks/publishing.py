"""Area `publish`: years of archive in one go, in bounded memory and at what rate.

`ipu publish`'s own function supplies one CSV file exactly once to the real broker, in a process of
its own; a file of a tenth of the rows shows that memory does not grow with the file.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.generator.csv_files import write_csv
from demo.generator.district import points_of_index
from demo.generator.police_incidents import police_incidents
from tests.benchmarks import broker
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY
from tests.benchmarks.setting import Setting

ROWS = 1_000_000
RUNS = 3
AIMS = {"rss_growth": Aim(1.2, at_most=True)}
_PATIENCE_S = 1_200.0


@dataclass(frozen=True, slots=True)
class Publishing:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Callable[[str, int, int], None]

    def measure(self, rows: int, runs: int) -> Area:
        """`runs` supplies of `rows` rows, each beside one of a tenth."""
        done = []
        for number in range(runs):
            self.progress("publish", number, runs)
            done.append({"run": number, **with_load(lambda: self._run(rows, number))})  # noqa: B023 - called at once
        self.progress("publish", runs, runs)
        how = f"{' '.join((__doc__ or '').split())} {rows:,} rows."
        figures = medians(done, ["rows_per_s", "seconds", "rss_mb", "rss_growth"])
        return Area("publish", "rows/s, s, MB, ratio", figures, AIMS, done, how)

    def _run(self, rows: int, number: int) -> dict[str, Any]:
        small = self._supply(rows // 10, number)
        large = self._supply(rows, number)
        growth = {"rss_growth": large["rss_mb"] / small["rss_mb"]}
        return {**large, "rss_mb_of_a_tenth": small["rss_mb"], **growth}

    def _supply(self, rows: int, number: int) -> dict[str, Any]:
        file = self.setting.files.folder / "archive.csv"
        write_csv(file, self._rows(rows, number))
        try:
            return self._probe(file, rows)
        finally:
            file.unlink()
            broker.empty(self.setting.admin, [self.setting.intake])

    def _rows(self, rows: int, number: int) -> Iterator[dict[str, str]]:
        """Incidents whose references no earlier run used, so that every file is a new supply."""
        run = f"{time.time_ns()}-{number}"
        for row in police_incidents(rows, 1, points_of_index(self.setting.files.index)):
            yield {**row, "incident_reference": f"{run}-{row['incident_reference']}"}

    def _probe(self, file: Path, rows: int) -> dict[str, Any]:
        job = self.setting.job(
            AGENCY,
            file=str(file),
            prefix=self.setting.protocol.prefix,
        )
        done = subprocess.run(
            [self.python, "-m", "tests.benchmarks.probes.supplier"],
            input=job.text() + "\n", capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(f"the supplier failed:\n{done.stderr[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stdout)
        if figures["rows"] != rows:
            raise BenchError(f"{figures['rows']} of {rows} rows were read")
        return figures
