"""Areas `pipeline` and `index`: no broker, a fresh process for each run."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, topics
from sanitiser.places.postcodes import normalise
from schemas.catalogue import load_catalogue
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.job import AGENCY, DATASET, Job
from tests.benchmarks.sanitising import AIMS, quality
from tests.benchmarks.setting import PROTOCOL_FILE, Files

_LOOK_UPS = 5_000
_MADE_UP_KEY = "k" * 32
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Offline:
    """The benchmarks that need no stack."""

    files: Files
    python: Path
    progress: Callable[[str, int, int], None]

    def pipeline(self, records: int, runs: int) -> Area:
        """Microseconds a record of `Pipeline.process` on batches of 2,000."""
        job = self._job(records=records).text() + "\n"
        done = self._runs("pipeline", runs, [], job)
        how = f"Pipeline.process on batches of 2,000 of {records} records, after one warm-up pass."
        return Area("pipeline", "µs", medians(done, ["us_per_record"]), {}, done, how)

    def sanitiser(self, records: int, runs: int) -> Area:
        """Measure what the sanitising steps keep, hide and cost."""
        job = self._job(records=records).text() + "\n"
        done = self._runs("sanitiser", runs, [], job)
        names = [
            "us_per_record", "us_per_record_first_met", "us_per_record_with_list",
            "us_per_record_with_list_first_met", "coordinates_per_s",
        ]  # fmt: skip
        figures = {**medians(done, names), **quality()}
        aims = {name: aim for name, aim in AIMS.items() if name in figures}
        how = (
            f"Geocode and sanitise {records} cleaned records for two profiles; 200000 postcodes of the "
            "country to released places in one call; real addresses of food premises in London with "
            "every postcode counted as large; the postcodes of Bath and North East Somerset with a "
            "proxy of their households, k=4."
        )
        return Area("sanitiser", "µs, records/s, share, households", figures, aims, done, how)

    def index(self, runs: int) -> Area:
        """Seconds to the first answer of the national index, and the process's memory."""
        done = self._runs("index", runs, [str(self.files.index)], self._postcodes())
        figures = medians(done, ["load_s", "rss_mb", "rss_of_index_mb", "us_per_first_look_up"])
        aims = {"load_s": Aim(0.3, at_most=True), "rss_mb": Aim(60, at_most=True)}
        how = (
            f"A fresh process opens the index of all ONSPD postcodes and looks up {_LOOK_UPS} "
            "postcodes; rss_mb is the whole process at the end, in 10^6 bytes."
        )
        return Area("index", "s, MB, µs", figures, aims, done, how)

    def _runs(self, name: str, runs: int, arguments: Sequence[str], given: str) -> list[Any]:
        done = []
        for number in range(runs):
            self.progress(name, number, runs)
            done.append({"run": number, **with_load(lambda: self._probe(name, arguments, given))})
        self.progress(name, runs, runs)
        return done

    def _probe(self, name: str, arguments: Sequence[str], given: str) -> dict[str, Any]:
        done = subprocess.run(
            [self.python, "-m", f"tests.benchmarks.probes.{name}", *arguments],
            input=given, capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(f"the probe {name} failed:\n{done.stderr[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    def _postcodes(self) -> str:
        """Postcodes of the whole country, those that a household file may name, one a line."""
        lines = self.files.households.read_text(encoding="utf-8").splitlines()[1:]
        drawn = random.Random(1).choices(lines, k=_LOOK_UPS)
        return "\n".join(str(normalise(line.partition(",")[0])) for line in drawn)

    def _job(self, **options: Any) -> Job:
        catalogue = load_catalogue()
        protocol = load_protocol(PROTOCOL_FILE, catalogue)
        ids = {topic.name: number for number, topic in enumerate(topics(protocol, catalogue), 1)}
        names = Names(protocol.prefix)
        return Job(
            connection={}, principal="", protocol=str(PROTOCOL_FILE), index=str(self.files.index),
            reference_key=_MADE_UP_KEY, intake=names.intake(AGENCY, DATASET), passthrough="",
 schema_ids=ids, options=options,
        )  # fmt: skip
