"""The problems of each recipient, as looks, evaluations, corrections and time change them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from math import hypot

from detection.emerging.bounding import bounded, with_bounded_told
from detection.emerging.evaluating import WEEKLY, Evaluation
from detection.emerging.facts import Case, CaseKey, Detection, Kind, Problem, SeriesKey
from detection.emerging.levels import is_published, strength_days
from detection.emerging.problems import Evaluated, Evolution, ProblemChange, evolve, looks_only
from detection.emerging.removing import remove_case, without
from detection.emerging.sameness import every_key
from streams.emerging.memory import StateMemory
from streams.emerging.results import Batch, Change

_WEEK = 7.0
_ROUNDING_M = 2.0


class Evolving:
    """Changes the problems of a batch. `days_between` is the time between two evaluations, in days."""

    def __init__(self, memory: StateMemory, days_between: float) -> None:
        self._memory = memory
        self._settings = memory.settings
        self._days_between = days_between
        self._streams = {each.recipient: each.streams for each in memory.settings.watches}

    def looked(self, found: Sequence[Detection], as_of: int, batch: Batch) -> None:
        """Take what looks have found."""
        if found:
            self._evolve(found, as_of, looks_only, batch)

    def as_now(self, evaluation: Evaluation) -> Evaluation:
        """Return an evaluation without the records that were erased or moved while it ran."""
        return replace(evaluation, detections=tuple(map(self._as_now, evaluation.detections)))

    def evaluated(self, evaluation: Evaluation, batch: Batch, *, is_whole: bool) -> None:
        """Take what an evaluation has found, as it is now.

        What it no longer finds fades if its series `is_whole`.
        """
        has_evaluated = (
            _evaluated(evaluation.kinds, {evaluation.series}) if is_whole else looks_only
        )
        found = evaluation.detections
        self._evolve(found, evaluation.as_of, has_evaluated, batch, evaluation.series)

    def passed(self, as_of: int, batch: Batch) -> None:
        """Let the problems fade and end whose series are not evaluated any more.

        Those of streams that their recipient may not read any more are taken back.
        """
        evaluated = set(self._memory.engine.series())
        gone = {
            row.problem.detection.series
            for row in self._memory.problems.values()
            if row.problem.detection.series not in evaluated
        }
        if gone:
            self._evolve((), as_of, lambda _kind, series: series in gone, batch)
        for row in self._memory.problems.values():
            if not self.is_readable(row.problem):
                self._note(ProblemChange(row.problem), batch)

    def is_readable(self, problem: Problem) -> bool:
        """Return True if its recipient may read all streams of a problem under the present protocol."""
        own = self._streams.get(problem.recipient, frozenset())
        return own.issuperset(problem.detection.series.streams)

    def changed(self, before: Case, now: Case | None, batch: Batch) -> None:
        """Take a case out of the problems that it is no longer a part of, as it is now.

        If it is still a part, but has another street or postcode, the problem is published with these.
        """
        if not _still_fits(before, now):
            self.removed(before.key, batch)
        elif now is not None and (before.street, before.postcode) != (now.street, now.postcode):
            for problem in self._told(before.key, batch):
                if before.key in problem.detection.cases:
                    self._note(ProblemChange(problem), batch)

    def removed(self, key: CaseKey, batch: Batch) -> None:
        """Take a case out of all problems, even if the case itself is past its retention."""
        for problem in self._told(key, batch):
            change = remove_case(problem, key, self._settings)
            if change is not None:
                self._note(change, batch)

    def _told(self, key: CaseKey, batch: Batch) -> list[Problem]:
        """Return the problems that a case was published with, with the changes of the batch."""
        changes = batch.changes
        problems = (
            changes[id_].problem if id_ in changes else row.problem
            for id_, row in self._memory.problems.items()
        )  # fmt: skip
        return [problem for problem in problems if key in problem.told]

    def days_of(self, found: Detection) -> float:
        """Return the days between two tests of the kind of a detection."""
        if found.looked:
            return 1.0
        return _WEEK if found.kind in WEEKLY else self._days_between

    def strength_of(self, problem: Problem) -> float:
        """Return the largest `level_days` at which the detection of a problem would be published."""
        found, tests = problem.detection, self._memory.engine.tests(problem.recipient)
        return strength_days(found, self._settings, tests, self.days_of(found))

    def _evolve(
        self,
        found: Sequence[Detection],
        as_of: int,
        evaluated: Evaluated,
        batch: Batch,
        series: SeriesKey | None = None,
    ) -> None:
        """Evolve the problems of each recipient. Without detections those of one series alone are enough."""
        for watch in self._settings.watches:
            own = [bounded(each) for each in self._own(watch.recipient, found)]
            problems = self._open(watch.recipient, batch)
            if not own and series is not None:
                problems = [p for p in problems if p.detection.series == series]
            if not own and not problems:
                continue
            evolution = Evolution(watch.recipient, as_of, self._settings, _digest, evaluated)
            for change in evolve(problems, own, evolution):
                self._note(change, batch)

    def _own(self, recipient: str, found: Iterable[Detection]) -> list[Detection]:
        """Return the detections that are published to a recipient: of its series, and strong enough."""
        if not found:
            return []
        series = set(self._memory.engine.series_of(recipient))
        tests = self._memory.engine.tests(recipient)
        return [
            each
            for each in found
            if each.series in series
            and is_published(each, self._settings, tests, self.days_of(each))
        ]

    def _open(self, recipient: str, batch: Batch) -> list[Problem]:
        """Return the open problems of a recipient, with the changes of the batch."""
        known = {row.problem.id: row.problem for row in self._memory.open_problems(recipient)}
        known |= {
            change.problem.id: change.problem
            for change in batch.changes.values()
            if change.problem.recipient == recipient
        }
        return [problem for problem in known.values() if problem.status != "closed"]

    def _as_now(self, found: Detection) -> Detection:
        """Return a detection without the cases that were erased or moved since it was computed."""
        for key in sorted(every_key(found)):
            case = self._memory.case(key)
            if case is None or (key in found.cases and not self._is_inside(case, found)):
                found = without(found, key)
        return found

    def _is_inside(self, case: Case, found: Detection) -> bool:
        metres = hypot(case.easting - found.easting, case.northing - found.northing)
        return (
            metres <= found.radius_m + _ROUNDING_M
            and found.first_day <= case.day <= found.last_day
            and found.series in self._memory.catalogue.series_of_case(case)
        )

    def _note(self, change: ProblemChange, batch: Batch) -> None:
        """Note a change in the batch. Several changes of a problem are published once."""
        problem, published = with_bounded_told(change.problem), change.is_published
        before = batch.changes.get(problem.id)
        joined = change.joined
        if before is not None:
            joined, published = joined | before.joined, published or before.is_published
        joined &= problem.told
        version = self._version(problem.id) + published
        # Opened and grown in one batch is opened.
        row = self._memory.problems.get(problem.id)
        if published and problem.status in ("grown", "moved") and row is None:
            problem = replace(problem, status="opened")
        batch.changes[problem.id] = Change(replace(problem, version=version), joined, published)

    def _version(self, problem: bytes) -> int:
        row = self._memory.problems.get(problem)
        return 0 if row is None else row.problem.version


def _evaluated(kinds: Collection[Kind], series: Collection[SeriesKey]) -> Callable[..., bool]:
    return lambda kind, of: kind in kinds and of in series


def _still_fits(before: Case, now: Case | None) -> bool:
    """Return True if a corrected case counts as before: its place, day, type and source are the same."""
    return now is not None and (
        (now.easting, now.northing, now.day, now.type, now.source)
        == (before.easting, before.northing, before.day, before.type, before.source)
    )


def _digest(content: bytes) -> bytes:
    """Return a digest for the id of a problem. Its content has released ids, which are keyed already."""
    return blake2b(content, digest_size=16, person=b"emerging").digest()
