"""Area `throughput`: how fast each contender takes the same intake to its outputs, exactly once.

Measured by the operator on the committed offsets of the contender's group: input offsets and
outputs become visible by the same commit, and asking for offsets burdens the machine less than
reading all outputs. The clock starts at the first commit seen once all of a contender's workers
hold partitions (where `all_workers_seen` is false they never did, for want of records, and the
clock started at the first commit), and stops at the commit that completes the intake; records
committed before the clock started do not count. After each run the outputs are read under
`read_committed`, counted, and compared between the contenders that run the same functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import broker
from tests.benchmarks.broker import Content, Ends, Group
from tests.benchmarks.contenders.contender import Contender
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.contenders.script import Script
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.intake import publish
from tests.benchmarks.job import AGENCY
from tests.benchmarks.setting import Setting

AIMS = {
    "ipu_over_quix": Aim(1.2),
    "ipu_over_librdkafka": Aim(0.75),
    "ipu_over_quix_passthrough": Aim(0.7),
}
COMMIT_EVERY = 10_000
COMMIT_INTERVAL_S = 1.0
_LEAST_COMMITS = 10
_MOST_REJECTED = 0.05
_ASK_EVERY_S = 0.02
_PATIENCE_S = 120.0

Progress = Callable[[str, int, int], None]
"""Told what goes on, how far it is, and how far it goes."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """The benchmark on a running stack."""

    setting: Setting
    python: Path
    bench_python: Path
    progress: Progress

    def contenders(self, records: int) -> tuple[Contender, ...]:
        """All that take part, in the order of their runs, of that many records each."""
        commit_every = min(COMMIT_EVERY, records // _LEAST_COMMITS)
        passed = (self.setting.passthrough,)
        return (
            Ipu(self.setting),
            self._quix("quix", "whole", self._topics, self.setting.outcomes, commit_every),
            Ipu(self.setting, "ipu_two_workers", 2),
            self._librdkafka(),
            self._quix("quix_passthrough", "passthrough", passed, passed, commit_every),
        )

    @property
    def _topics(self) -> tuple[str, ...]:
        return (*self.setting.released, self.setting.rejected)

    def audit_overhead(self, records: int, runs: int) -> list[dict[str, Any]]:
        """`runs` alternating runs of the worker with and without the content of its audit entries."""
        begin = self._publish(records)
        done = []
        for number in range(runs):
            pair = Ipu(self.setting), self._unaudited()
            # Whatever warms up with the runs must not count for one of the two alone.
            ordered = pair if number % 2 == 0 else pair[::-1]
            rates = {c.name: self._run(c, begin, records, number)[c.name] for c in ordered}
            lost = 100 * (1 - rates["ipu"] / rates["ipu_unaudited"])
            done.append({"run": number, **rates, "audit_overhead_percent": lost})
        return done

    def measure(self, records: int, runs: int, only: Sequence[str] = ()) -> Area:
        """`runs` alternating runs of every contender, or of those that `only` names."""
        contenders = [c for c in self.contenders(records) if not only or c.name in only]
        begin = self._publish(records)
        done = [
            self._run(contender, begin, records, number)
            for number in range(runs)
            for contender in contenders
        ]
        _check_same_outputs(done)
        figures = medians(done, [contender.name for contender in contenders])
        figures |= _ratios(done, runs)
        aims = {name: aim for name, aim in AIMS.items() if name in figures}
        how = f"{' '.join((__doc__ or '').split())} {records} records."
        return Area("throughput", "records/s", figures, aims, done, how)

    def _publish(self, records: int) -> Ends:
        admin = self.setting.admin
        broker.empty(admin, [self.setting.intake])
        publish(
            self.setting.job(AGENCY), records, f"T{time.time():.0f}",
            lambda done: self.progress("publishing the intake", done, records),
        )  # fmt: skip
        return broker.begins(admin, [self.setting.intake])

    def _run(self, contender: Contender, begin: Ends, records: int, number: int) -> dict[str, Any]:
        def measured() -> dict[str, Any]:
            return self._rate(contender, begin, records, number)

        admin = self.setting.admin
        before = broker.ends(admin, contender.topics)
        figures = {"run": number, "contender": contender.name, **with_load(measured)}
        found = broker.content(self.setting.admin_config, before)
        _check_complete(contender, found, records)
        broker.empty(admin, contender.topics)
        return {**figures, "outputs": dict(found.records), "outputs_digest": found.digest}

    def _rate(self, contender: Contender, begin: Ends, records: int, number: int) -> dict[str, Any]:
        group = Group(self.setting.admin, contender.group, begin)
        group.forget()
        title = f"run {number + 1}: {contender.name}"
        give_up = time.monotonic() + _PATIENCE_S
        first: tuple[float, int] | None = None
        complete = False
        with contender.running() as runs:
            while (done := group.processed()) < records:
                now = time.monotonic()
                if done and not complete:
                    complete = group.has_members(contender.workers)
                    first = (now, done) if complete or first is None else first
                if now > give_up or not runs():
                    raise BenchError(
                        f"{contender.name} had committed {done} of {records} records when it ended "
                        f"or {_PATIENCE_S:.0f} s had passed; logs: {self.setting.files.folder}"
                    )
                self.progress(title, done, records)
                time.sleep(_ASK_EVERY_S)
            finished = time.monotonic()
        self.progress(title, records, records)
        if first is None:
            raise BenchError(f"{contender.name} was done before it was measured: take more records")
        started, already = first
        rate = (records - already) / (finished - started)
        return {contender.name: rate, "all_workers_seen": complete}

    def _quix(
        self,
        name: str,
        work: str,
        topics: tuple[str, ...],
        outcomes: tuple[str, ...],
        commit_every: int,
    ) -> Script:
        group = f"{self.setting.names.principal('quix')}.{work}"
        job = self.setting.job(
            "quix", work=work, group=group, topics=topics, commit_every=commit_every,
            commit_interval=COMMIT_INTERVAL_S,
        )  # fmt: skip
        log = self.setting.files.log(name)
        module = "tests.benchmarks.contenders.quix"
        return Script(name, group, topics, outcomes, self.bench_python, module, job, log)

    def _unaudited(self) -> Script:
        stack = self.setting.stack
        job = self.setting.job("worker", secrets=str(stack.secrets.folder))
        return Script(
            "ipu_unaudited", Ipu(self.setting).group, self._topics, self.setting.outcomes,
            self.python, "tests.benchmarks.contenders.unaudited", job,
            self.setting.files.log("unaudited"),
        )  # fmt: skip

    def _librdkafka(self) -> Script:
        job = self.setting.job("librdkafka")
        return Script(
            "librdkafka", f"{job.principal}.pipeline", self._topics, self.setting.outcomes,
            self.python, "tests.benchmarks.contenders.librdkafka", job,
            self.setting.files.log("librdkafka"),
        )  # fmt: skip


def _check_complete(contender: Contender, found: Content, records: int) -> None:
    outcomes = sum(found.records[topic] for topic in contender.outcomes)
    if outcomes != records:
        raise BenchError(f"{contender.name} wrote {outcomes} outcomes of {records} records")
    rejected = sum(found.records[t] for t in contender.outcomes if ".rejected." in t)
    if rejected > _MOST_REJECTED * records:
        raise BenchError(
            f"{contender.name} rejected {rejected} of {records} records; about one in a hundred "
            "is unusable, so the pipeline is broken and its speed says nothing"
        )


def _check_same_outputs(runs: Sequence[dict[str, Any]]) -> None:
    digests = {r["outputs_digest"] for r in runs if r["contender"] != "quix_passthrough"}
    if len(digests) > 1:
        raise BenchError("contenders that run the same functions wrote different outputs")


def _ratios(runs: Sequence[dict[str, Any]], count: int) -> dict[str, float]:
    """The median over the runs of ipu's rate by that of the other in the same run."""
    rates = {(r["contender"], r["run"]): r[r["contender"]] for r in runs}
    paired = [
        {
            f"ipu_over_{other}": rates["ipu", number] / rates[other, number]
            for other in ("quix", "librdkafka", "quix_passthrough")
            if ("ipu", number) in rates and (other, number) in rates
        }
        for number in range(count)
    ]
    return medians(paired, list(paired[0])) if paired else {}
