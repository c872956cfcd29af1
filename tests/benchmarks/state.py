"""The state of area `alerts`: how soon the agent has that of a million households, and its memory.

Each row is an event of about 150 bytes with four derived keys. For `rebuild_s` the store on disk was lost,
and is built again from the changelog. For `restore_s` the store was kept. Both are the time of a fresh
process until all state is restored. `rss_mb` is the most memory of either process, in 10^6 bytes.
`rebuild_offline_s` is the part of a rebuild that needs no broker: the rows are there, and are applied to the
store.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from isp.agreement.topics import DAY_MS, MAXIMUM_MESSAGE_BYTES, Topic
from isp.broker.topics import apply_topics
from schemas.wire import encoder
from tests.benchmarks import broker
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import with_load
from tests.benchmarks.incident_rows import KEPT_DAYS, ROWS, incident_rows
from tests.benchmarks.setting import Setting

_OF_MANY = 10_000
_CALL_SECONDS = 60.0
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class State:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    progress: Callable[[str, int, int], None]
    rows: int = ROWS

    def measure(self, runs: int) -> list[dict[str, Any]]:
        """`runs` rebuilds and as many restores of a store that was kept."""
        topic = self._topic()
        apply_topics(self.setting.admin, [topic])
        try:
            self._fill(topic)
            done = list[dict[str, Any]]()
            for number in range(runs):
                self.progress("state", number, runs)
                done.append({"run": number, **with_load(lambda: self._run(topic.name))})
        finally:
            broker.empty(self.setting.admin, [topic.name])
        return done

    def _topic(self) -> Topic:
        names, schema = self.setting.names, self.setting.catalogue.system["memory"]
        return Topic(
            names.state("incidents"), "internal", "alerter", "", (KEPT_DAYS + 7) * DAY_MS, 1,
            MAXIMUM_MESSAGE_BYTES, schema, deletes=True,
        )  # fmt: skip

    def _fill(self, topic: Topic) -> None:
        """Write the rows in transactions of many, as if they had been compacted."""
        encode = encoder(topic.schema, 1)
        producer = Producer(
            {
                **self.setting.admin_config,
                "transactional.id": f"state.{time.time():.0f}",
                "linger.ms": 20,
                "compression.type": "lz4",
                "batch.size": 200_000,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        producer.init_transactions(_CALL_SECONDS)
        rows, done = incident_rows(self.rows), 0
        while part := list(islice(rows, _OF_MANY)):
            producer.begin_transaction()
            for key, value in part:
                producer.produce(topic.name, encode({"value": value}), key, partition=0)
            producer.commit_transaction(_CALL_SECONDS)
            done += len(part)
            self.progress("making state", done, self.rows)

    def _run(self, topic: str) -> dict[str, Any]:
        folder = self.setting.files.folder / "state"
        connection = {"connection": self.setting.admin_config, "topic": topic}
        shutil.rmtree(folder, ignore_errors=True)
        try:
            rebuilt = self._probe({"folder": str(folder / "lost"), **connection})
            kept = self._probe({"folder": str(folder / "lost"), **connection})
            offline = self._probe({"folder": str(folder / "offline"), "rows": self.rows})
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return {
            "restore_s": kept["seconds"],
            "rebuild_s": rebuilt["seconds"],
            "rss_mb": max(rebuilt["rss_mb"], kept["rss_mb"]),
            "rebuild_offline_s": offline["seconds"],
        }

    def _probe(self, job: dict[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            [self.python, "-m", "tests.benchmarks.probes.state"], input=json.dumps(job) + "\n",
            capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(f"the probe state failed:\n{done.stderr[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stdout)
        if not figures["found"]:
            raise BenchError("the restored state has no derived key")
        return figures
