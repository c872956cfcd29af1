"""Work that time makes due: settled sources, evaluations and their answers, and ends of problems."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import time
from typing import Final, NamedTuple

from detection.emerging.evaluating import DAILY, WEEKLY, Evaluation, evaluate
from detection.emerging.facts import Detection, Kind, SeriesKey, Source
from detection.emerging.supplies import SuppliedAt
from streams.emerging.background import Background
from streams.emerging.evolving import Evolving
from streams.emerging.memory import StateMemory
from streams.emerging.results import Batch
from streams.emerging.rows import Mark, NullRow, series_key
from streams.emerging.schedule import Round, latest_round
from streams.emerging.supplied import Supplied

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Jobs that are with the background at a time; more would only wait there, with older cases."""

_MOST_TRIES: Final = 3
_PAGE: Final = 50
_WEEK: Final = 7
_HOUR_MS: Final = 3_600_000

Step = Callable[[Batch], bool]
"""Adds to a batch what is due; returns False if nothing was."""


class Job(NamedTuple):
    """The evaluation of a series. `round` is None if only its distributions are wanted."""

    series: SeriesKey
    round: Round | None
    as_of: int
    cases: int
    kinds: frozenset[Kind]
    is_whole: bool


class TimeFound:
    """Finds what is due. Evaluations run in the background, and no step waits for them."""

    def __init__(
        self,
        memory: StateMemory,
        evolving: Evolving,
        supplied: Supplied,
        background: Background,
        times: Sequence[time],
        keep_days: int,
    ) -> None:
        self._memory = memory
        self._evolving = evolving
        self._supplied = supplied
        self._background = background
        self._times = times
        self._keep_days = keep_days
        self.restart()

    def restart(self) -> None:
        """Forget what was found. Jobs that run are answered, and their answers are ignored."""
        self._jobs: dict[object, Job] = {}
        self._names = 0
        self._tries: dict[SeriesKey, int] = {}
        self._partial: dict[SeriesKey, Round] = {}
        self._answers: deque[tuple[Job, Evaluation | None]] = deque()
        self._todo: deque[SeriesKey] = deque()
        self._round = Round(0, 0)
        self._passed = Round(0, 0)
        self._kept_hour = 0
        self._day: int | None = None
        self._listed = (0, 0)
        self._listed_waiting: frozenset[bytes] = frozenset()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps, in their order. Each is a transaction, and repeated until nothing is due."""
        return (self.wake, self.settle, self.look, self.answer, self.keep, self.end)

    @property
    def jobs(self) -> int:
        """Return the number of evaluations that run or wait."""
        return len(self._jobs) + len(self._todo)

    def wake(self, batch: Batch) -> bool:
        """On a new day have the series looked at that have records of it already: some clocks are ahead."""
        before, self._day = self._day, batch.today
        if before is None or before == batch.today:
            return False
        engine = self._memory.engine
        for series in filter(engine.has_today, engine.series()):
            self._memory.put_waiting(series, waits=True)
        return True

    # Looks after a hold

    def settle(self, batch: Batch) -> bool:
        """Have the series of a source looked at that was held and has settled."""
        for source in list(self._memory.held.values()):
            if not self._supplied.held(source):
                batch.counts["settled"] += 1
                self._memory.put_held(source, is_held=False)
                for series in self._series_of(source):
                    self._memory.put_waiting(series, waits=True)
                return True
        return False

    def _series_of(self, source: Source) -> frozenset[SeriesKey]:
        """Return the series that may have cases of a source."""
        every = self._memory.engine.series()
        return frozenset(series for series in every if _may_have(series, source))

    def look(self, batch: Batch) -> bool:
        """Look at a page of the series that wait and whose distributions are fresh.

        A series without cases waits for nothing.
        """
        memory, found = self._memory, list[Detection]()
        waiting = memory.waiting.values()
        ready = [s for s in waiting if memory.is_fresh(s, batch.today) or not memory.engine.size(s)]
        for series in ready[:_PAGE]:
            memory.put_waiting(series, waits=False)
            for source in self._held(series, self._supplied.for_looks()):
                # Its cases are left out: they are looked at when it has settled.
                memory.put_held(source, is_held=True)
            null = memory.look_nulls.get(series)
            if null is not None:
                each = memory.engine.look_at(series, null, self._supplied.held)
                found += [each] if each is not None else []
        self._evolving.looked(found, memory.engine.today, batch)
        return bool(ready)

    # Evaluations

    def submit(self, batch: Batch) -> None:
        """Give the background the next series to evaluate. No state changes."""
        round_ = latest_round(batch.now, self._times)
        is_new = not self._listed_waiting.issuperset(self._memory.waiting)
        if round_ != self._round or not self._todo or is_new:
            self._list(round_, batch)
        while self._todo and len(self._jobs) < AT_ONCE:
            series = self._todo.popleft()
            if all(job.series != series for job in self._jobs.values()):
                self._begin(series, round_, batch)

    def _list(self, round_: Round, batch: Batch) -> None:
        """List the series that are due: those that wait for fresh distributions first."""
        listed = batch.now_ms // 1_000, self._memory.revision
        if self._listed == listed and round_ == self._round:
            return
        self._listed, self._round = listed, round_
        running = {job.series for job in self._jobs.values()}
        running |= {job.series for job, _ in self._answers}
        today = batch.today
        every = [series for series in self._memory.engine.series() if series not in running]
        unknown = [s for s in every if self._needs_null(s, today)]
        due = [s for s in every if self._is_due(s, round_)]
        self._listed_waiting = frozenset(self._memory.waiting)
        waiting = set(self._memory.waiting.values())
        unknown.sort(key=lambda series: series not in waiting)
        self._todo = deque(dict.fromkeys((*unknown, *due)))

    def _needs_null(self, series: SeriesKey, today: int) -> bool:
        """Return True if the distributions are not fresh, and new ones would be of more sources."""
        if self._memory.is_fresh(series, today):
            return False
        row = self._memory.nulls.get(series)
        is_partial = row is not None and row.day == today and not row.is_whole
        return not (is_partial and self._held(series, self._supplied.for_looks()))

    def _is_due(self, series: SeriesKey, round_: Round) -> bool:
        """Return True if the series was not evaluated in a round, or without a source that has settled."""
        if self._memory.mark(series).minute >= round_.minute:
            return False
        is_partial = self._partial.get(series) == round_
        return not (is_partial and self._held(series, self._supplied.for_evaluation()))

    def _held(self, series: SeriesKey, supplied: SuppliedAt) -> list[Source]:
        """Return the held sources that a series may have cases of."""
        sources = supplied.supplies.sources
        return [s for s in sources if _may_have(series, s) and supplied.held(s)]

    def _begin(self, series: SeriesKey, round_: Round, batch: Batch) -> None:
        memory = self._memory
        mark, is_due = memory.mark(series), self._is_due(series, round_)
        weekly = is_due and round_.as_of - mark.weekly >= _WEEK
        # If no evaluation is due, only a distribution for the looks of today is wanted.
        kinds = (DAILY if is_due else frozenset()) | (WEEKLY if weekly else frozenset())
        as_of = round_.as_of if is_due else batch.today
        supplied = self._supplied.for_evaluation() if is_due else self._supplied.for_looks()
        snapshot = memory.engine.snapshot(series, as_of, supplied, kinds)
        cases, is_whole = len(snapshot.keys), not self._held(series, supplied)
        self._names += 1
        job = Job(series, round_ if is_due else None, as_of, cases, kinds, is_whole)
        self._jobs[self._names] = job
        seed = int.from_bytes(series_key(b"", series)[:4]) ^ round_.minute
        self._background.submit(self._names, evaluate, snapshot, memory.settings, seed)

    def answer(self, batch: Batch) -> bool:
        """Take one answer of the background: new distributions, and what was found."""
        for name, value in self._background.collect():
            job = self._jobs.pop(name, None)
            if job is not None:
                self._answers.append((job, value))
        if not self._answers:
            return False
        job, evaluation = self._answers.popleft()
        if evaluation is None:
            return self._failed(job, batch)
        self._tries.pop(job.series, None)
        self._keep(job, evaluation, batch)
        return True

    def _keep(self, job: Job, evaluation: Evaluation, batch: Batch) -> None:
        null = evaluation.look_null
        look = null.to_bytes() if null is not None else b""
        self._memory.put_null(NullRow(job.series, batch.today, job.cases, look, job.is_whole))
        batch.counts["evaluations"] += 1
        if job.round is not None:
            # Without a mark the series is evaluated again: with its held source, or as it was corrected.
            present = self._evolving.as_now(evaluation)
            is_whole = job.is_whole and present.detections == evaluation.detections
            if is_whole:
                self._mark(job, job.round)
            if not job.is_whole:
                self._partial[job.series] = job.round
            self._evolving.evaluated(present, batch, is_whole=is_whole)

    def _failed(self, job: Job, batch: Batch) -> bool:
        """Try again later; give up after some tries, until the next evaluation."""
        batch.counts["failed_evaluations"] += 1
        tries = self._tries[job.series] = self._tries.get(job.series, 0) + 1
        if tries < _MOST_TRIES:
            return True
        del self._tries[job.series]
        log.error("the evaluation of a series has failed %d times; it is left out this time", tries)
        self._memory.put_null(NullRow(job.series, batch.today, job.cases, b""))
        if job.round is not None:
            self._mark(job, job.round)
        return True

    def _mark(self, job: Job, round_: Round) -> None:
        weekly = job.as_of if job.kinds >= WEEKLY else self._memory.mark(job.series).weekly
        self._memory.put_mark(job.series, Mark(round_.minute, weekly))

    def keep(self, batch: Batch) -> bool:
        """Keep once an hour what is known of the arrivals; a process that ends loses those of an hour."""
        hour = batch.now_ms // _HOUR_MS
        if hour == self._kept_hour:
            return False
        self._kept_hour = hour
        self._memory.put_supplied()
        return True

    # Ends

    def end(self, batch: Batch) -> bool:
        """Once in each round: end problems whose series are no more, and forget those closed long ago."""
        round_ = latest_round(batch.now, self._times)
        if round_ == self._passed:
            return False
        self._passed = round_
        self._evolving.passed(round_.as_of, batch)
        for row in self._memory.problems.values():
            if row.closed_day is not None and batch.today - row.closed_day > self._keep_days:
                self._memory.forget_problem(row)
        return True


def _may_have(series: SeriesKey, source: Source) -> bool:
    """Return True if a series may have cases of a source."""
    return any(stream.dataset == source.dataset for stream in series.streams)
