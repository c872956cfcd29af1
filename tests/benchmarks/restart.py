"""Area `restart`: how soon a worker works again, and how soon another works in its place, after a day.

What workers leave in a day at 300 records a second is written to the topics that each reads at its
start, as `tests.benchmarks.day` says. Then the broker is given time to compact: until the topic of
heads is as long as it was one turn of the cleaner (15 s) before, for two minutes at most.
`after_a_day_s` is the time from the start of a supervised worker's process to its first committed
output, of records that wait, with its state store on disk. `rebuild_after_a_day_s` is the same without:
the store was lost, and is built again from the changelog. `restore_keys_per_s` has the keys of the
changelog by the seconds that the worker says it took to build the store. For `takeover_s` one of two
workers and its supervisor are killed for good. The time ends when the other has committed an output of
a partition that was the dead one's. `after_broker_s` is the time from the return of a broker that was
killed to the first output that a worker, which ran on without it, commits of records that come then.
`stop_s` is how long a worker takes to end that is asked to while it has records.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil  # type: ignore[import-untyped, unused-ignore]
from confluent_kafka import KafkaException

from isp.agreement.topics import state_days, topics
from ops.background import log_of, start_worker
from ops.embedded import processes
from ops.embedded import stack as embedded
from ops.embedded.service import Service
from ops.settings import Settings
from ops.worker import STATE_FOLDER
from schemas.wire import encoder
from tests.benchmarks import broker
from tests.benchmarks.broker import Ends, Group
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.day import Amounts, Writer
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.intake import publish
from tests.benchmarks.job import AGENCY
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Progress

AIMS = {
    "after_a_day_s": Aim(6, at_most=True),
    "takeover_s": Aim(10, at_most=True),
    "after_broker_s": Aim(30, at_most=True),
    "stop_s": Aim(5, at_most=True),
}
RUNS = 3
_FIGURES = (
    "after_a_day_s", "rebuild_after_a_day_s", "restore_keys_per_s", "takeover_s", "after_broker_s",
    "stop_s",
)  # fmt: skip
_RECORDS = 400
_TURN_S = 15.0
_COMPACTION_S = 120.0
_PATIENCE_S = 60.0
_STOP_S = 30.0
_ASK_EVERY_S = 0.02
_RESTORED = re.compile(r"restored (\d+) state entries in ([\d.]+) s")


@dataclass(frozen=True, slots=True)
class Restart:
    """The benchmark on a running stack."""

    setting: Setting
    progress: Progress
    amounts: Amounts = field(default_factory=Amounts)

    def measure(self, runs: int) -> Area:
        """`runs` starts and as many takeovers after one day."""
        names = self.setting.names
        state = [names.state(kind) for kind in state_days(self.setting.protocol)]
        try:
            self._make_a_day()
            compaction = self._await_compaction()
            done = [
                {"run": number, **compaction, **with_load(lambda: self._run(number))}  # noqa: B023 - called at once
                for number in range(runs)
            ]
        finally:
            broker.empty(self.setting.admin, [*state, self.setting.intake])
        how = f"{' '.join((__doc__ or '').split())} {self.amounts}"
        return Area("restart", "s, keys/s", medians(done, _FIGURES), AIMS, done, how)

    def _make_a_day(self) -> None:
        setting, names = self.setting, self.setting.names
        state: dict[str, str] = {kind: names.state(kind) for kind in state_days(setting.protocol)}
        written = {names.audit_heads, *state.values()}
        encode = {
            topic.name: encoder(topic.schema, setting.schema_ids[topic.name])
            for topic in topics(setting.protocol, setting.catalogue)
            if topic.name in written
        }
        # The chain of a slot in which no worker of the benchmarks runs.
        name = f"{names.worker}.7.{time.time():.0f}"
        Writer(setting.admin_config, name, names.audit_heads, state, encode, self.progress).write(
            self.amounts
        )

    def _await_compaction(self) -> dict[str, Any]:
        """Wait until heads become no fewer; how long it took, and how many are left."""
        heads = self.setting.names.audit_heads
        began, before = time.monotonic(), -1
        while True:
            found = broker.content(
                self.setting.admin_config, broker.begins(self.setting.admin, [heads])
            )
            left, waited = found.records[heads], time.monotonic() - began
            if left == before or waited > _COMPACTION_S:
                return {"compaction_s": waited, "heads_left": left}
            before = left
            self.progress("the broker compacts", int(waited), int(_COMPACTION_S))
            time.sleep(_TURN_S)

    def _run(self, number: int) -> dict[str, Any]:
        self.progress("restart", number, RUNS)
        admin, intake = self.setting.admin, self.setting.intake
        broker.empty(admin, [intake])
        group = Group(admin, Ipu(self.setting).group, broker.begins(admin, [intake]))
        group.forget()
        self._lose_stores()
        rebuild, building = self._started(group, 0)
        after, restoring = self._started(group, _RECORDS)
        back, stopped = self._without_the_broker(group)
        taken = self._taken_over(group)
        return {
            "after_a_day_s": after,
            "restore_s": restoring,
            "rebuild_after_a_day_s": rebuild,
            "restore_keys_per_s": self.amounts.keys / building,
            "takeover_s": taken,
            "after_broker_s": back,
            "stop_s": stopped,
        }

    def _lose_stores(self) -> None:
        """Delete the state stores of all slots, as with the disk of a worker."""
        for store in (self.setting.stack.run_dir / STATE_FOLDER).glob("*/"):
            shutil.rmtree(store)

    def _started(self, group: Group, before: int) -> tuple[float, float]:
        """Start a worker that has records waiting; seconds to its first output, and of its restoring.

        So many records were processed `before`.
        """
        self._publish()
        log = log_of(self.setting.stack.run_dir)
        read = log.stat().st_size if log.exists() else 0
        began = time.monotonic()
        with self._worker("0"):
            _until(lambda: group.processed() > before, "a worker committed nothing after its start")
            seconds = time.monotonic() - began
            self._finish(group)
        with log.open("rb") as file:
            file.seek(read)
            restoring = restored(file.read().decode(errors="replace"))
        return seconds, restoring

    def _without_the_broker(self, group: Group) -> tuple[float, float]:
        """Kill the broker under a worker and start it again; then stop the worker under load."""
        settings = Settings.from_environment(run_dir=self.setting.stack.run_dir)
        with self._worker("0") as worker:
            self._publish()
            self._finish(group)
            before = group.processed()
            embedded.kill_broker(settings)
            embedded.restart_broker(settings, lambda _: None)
            began = time.monotonic()
            self._publish()
            _until(lambda: group.processed() > before, "nothing was committed after the return")
            back = time.monotonic() - began
            self._publish()
            began = time.monotonic()
            processes.stop(worker.process, _STOP_S)
            stopped = time.monotonic() - began
        return back, stopped

    def _taken_over(self, group: Group) -> float:
        with self._worker("1"), self._worker("0") as doomed:
            instance = f"{group.name}.0"
            _until(lambda: group.has_members(2), "two workers did not share the partitions")
            self._publish()
            self._finish(group)
            lost = group.partitions_of(instance)
            before = group.committed()
            began = time.monotonic()
            _kill(doomed)
            self._publish()
            _until(
                lambda: _moved(before, group.committed(), lost),
                "no worker took over what a dead one had",
            )
            return time.monotonic() - began

    def _publish(self) -> None:
        publish(self.setting.job(AGENCY), _RECORDS, f"R{time.time_ns()}", lambda _done: None)

    def _finish(self, group: Group) -> None:
        """Wait until all that was published is processed."""
        ends = broker.ends(self.setting.admin, [self.setting.intake])
        wanted = sum(ends.values()) - sum(group.begin.values())
        _until(lambda: group.processed() == wanted, "a worker did not finish its records")

    @contextmanager
    def _worker(self, slot: str) -> Iterator[Service]:
        stack, protocol = self.setting.stack, self.setting.files.protocol
        started = start_worker(stack, protocol, slot, exercise=True)
        try:
            yield started
        finally:
            processes.stop(started.process, _STOP_S)


def restored(log: str) -> float:
    """Return the seconds that the last restore of state took, from a worker's log.

    Raises:
        BenchError: the log reports no restore.
    """
    found = _RESTORED.findall(log)
    if not found:
        raise BenchError("the worker's log does not say how long it took to restore its state")
    return float(found[-1][1])


def _moved(before: Ends, now: Ends, partitions: set[tuple[str, int]]) -> bool:
    """Return True if an offset of one of the partitions has advanced."""
    return any(now.get(at, 0) > before.get(at, 0) for at in partitions)


def _kill(worker: Service) -> None:
    """End a worker at once with its supervisor, which would start it again."""
    supervisor = psutil.Process(worker.process.pid)
    children = supervisor.children(recursive=True)
    processes.kill(worker.process)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _until(shown: Callable[[], bool], failed: str) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        with suppress(KafkaException):  # before the first member there is no such group
            if shown():
                return
        time.sleep(_ASK_EVERY_S)
    raise BenchError(f"{failed} within {_PATIENCE_S:.0f} s")
