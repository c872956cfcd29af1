"""The state of the detector in main memory: the engine, problems and distributions, as committed.

All of it follows from the rows of the state. What a batch changes is in the store and in the engine until it
is committed or rolled back; problems and distributions change here when it is committed.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from detection.emerging.calibration import Calibration
from detection.emerging.catalogue import Catalogue
from detection.emerging.engine import Engine
from detection.emerging.facts import Case, CaseKey, SeriesKey, Source
from detection.emerging.look_null import LookNull
from detection.emerging.settings import Settings
from streams.emerging import rows
from streams.emerging.case_rows import RowError, case_bytes, read_case
from streams.emerging.changed import Changed
from streams.emerging.rows import CalibrationRow, Mark, NullRow, ProblemRow
from streams.emerging.supplied import Supplied
from streams.state.dated import DatedStore
from streams.state.layout import DAY_BYTES

log = logging.getLogger(__name__)

FRESH_DAYS: Final = 7
"""Distributions are used for so many days. Every evaluation makes new ones."""

_CHANGED_SHARE: Final = 0.25


class StateMemory:
    """The committed state: `engine`, `problems` by id, and what is known of each series.

    `look_nulls` are the distributions for looks. `waiting` are the series to be looked at, and `held` the
    sources that had records while they were held. `revision` counts the changes of all but cases.
    """

    def __init__(self, store: DatedStore, settings: Settings, supplied: Supplied) -> None:
        """Begin without rows."""
        self.settings = settings
        self.catalogue = Catalogue(settings)
        self._store = store
        self._supplied = supplied
        self._is_restoring = False
        self._arrived: list[Case] = []
        self._built_at: int | None = None
        self._kinds: Mapping[bytes, Callable[[bytes, bytes | None], None]] = {
            rows.PROBLEM: self._keep_problem,
            rows.NULL: self._keep_null,
            rows.MARK: self._keep_mark,
            rows.WAITING: self._keep_waiting,
            rows.HELD: self._keep_held,
            rows.SUPPLIED: self._keep_supplied,
            rows.CALIBRATION: self._keep_calibration,
        }
        self._clear()

    def _clear(self) -> None:
        self.engine = Engine(self.settings)
        self.problems: dict[bytes, ProblemRow] = {}
        self.nulls: dict[SeriesKey, NullRow] = {}
        self.look_nulls: dict[SeriesKey, LookNull] = {}
        self.waiting: dict[bytes, SeriesKey] = {}
        self.held: dict[bytes, Source] = {}
        self._changed = Changed(self.catalogue)
        self._calibrated: dict[str, int] = {}
        self._calibrations: dict[str, Calibration] = {}
        self._marks: dict[bytes, bytes] = {}
        self._unreadable = 0
        self.revision = 0

    @property
    def is_built(self) -> bool:
        """Return True once everything was built from the rows."""
        return self._built_at is not None

    # Restoring

    def restore(self, today: int) -> None:
        """Build everything from the rows, unless this process alone has changed them since it was built."""
        if self._built_at == self._store.followed:
            self.engine.rollback()
            return
        began = time.monotonic()
        self._clear()
        self.engine.advance(today)
        self._is_restoring = True
        # Nothing of half a million new objects is garbage.
        gc.disable()
        try:
            self._keep(self._store.rows())
        finally:
            gc.enable()
        self._is_restoring = False
        self.engine.commit()
        # Nobody is told of what was found, or not found, before.
        self.engine.looks({}, lambda _source: False)
        self._built_at = self._store.followed
        log.info("read the state of the detector in %.1f s", time.monotonic() - began)

    def _keep(self, found: Iterable[tuple[bytes, bytes]]) -> None:
        put = self.engine.put
        for key, value in found:
            try:
                if key.startswith(rows.CASE):
                    put(read_case(value))
                else:
                    self._keep_row(key, value)
            except RowError as error:
                if not self._unreadable:
                    log.warning("rows of the detector's state are left out: %s", error)
                self._unreadable += 1

    def commit(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Keep the changes of a batch, whose transaction is committed."""
        self.engine.commit()
        self._changed.commit()
        self._supplied.arrived(self._arrived)
        self._arrived.clear()
        for key, value in changes.items():
            if not key.startswith(rows.CASE):
                self.revision += 1
                # A change begins with its day.
                self._keep_row(key, None if value is None else value[DAY_BYTES:])

    def _keep_row(self, key: bytes, value: bytes | None) -> None:
        keep = self._kinds.get(key[:1])
        if keep is not None:
            keep(key, value)

    def _keep_problem(self, key: bytes, value: bytes | None) -> None:
        problem = key.removeprefix(rows.PROBLEM)
        if value is None:
            self.problems.pop(problem, None)
        else:
            self.problems[problem] = ProblemRow.read(value)

    def _keep_null(self, _key: bytes, value: bytes | None) -> None:
        if value is not None:
            row = NullRow.read(value)
            self.nulls[row.series] = row
            self._changed.begin(row.series)
            if row.look:
                self.look_nulls[row.series] = LookNull.from_bytes(row.look)
            else:
                self.look_nulls.pop(row.series, None)

    def _keep_mark(self, key: bytes, value: bytes | None) -> None:
        self._marks[key] = value or b""

    def _keep_waiting(self, key: bytes, value: bytes | None) -> None:
        self.waiting.pop(key, None)
        if value is not None:
            self.waiting[key] = rows.read_series(value)

    def _keep_held(self, key: bytes, value: bytes | None) -> None:
        self.held.pop(key, None)
        if value is not None:
            self.held[key] = rows.read_source(value)

    def _keep_supplied(self, _key: bytes, value: bytes | None) -> None:
        if value is not None and self._is_restoring:
            self._supplied.restore(*rows.read_supplied(value))

    def _keep_calibration(self, _key: bytes, value: bytes | None) -> None:
        if value is not None:
            row = CalibrationRow.read(value)
            self._calibrated[row.recipient] = row.day
            if row.measured:
                self._calibrations[row.recipient] = Calibration.from_bytes(row.measured)

    # A batch

    def rollback(self) -> None:
        """Undo the changes of the batch in the engine; the store has its own rollback."""
        self.engine.rollback()
        self._changed.rollback()
        self._arrived.clear()

    def is_fresh(self, series: SeriesKey, today: int) -> bool:
        """Return True if the distribution of a series is of about its present cases, and holds for them."""
        row = self.nulls.get(series)
        if row is None or not row.is_whole or today - row.day > FRESH_DAYS:
            return False
        if not self._holds(series, row):
            return False
        return self._changed.since(series) <= _CHANGED_SHARE * row.cases

    def _holds(self, series: SeriesKey, row: NullRow) -> bool:
        null = self.look_nulls.get(series)
        if null is not None:
            return self.engine.holds(series, null, self._supplied.held)
        # There is none if the cases were too few, as of a new type before its first day.
        return not row.cases < self.settings.minimum_cases <= self.engine.size(series)

    def case(self, key: CaseKey) -> Case | None:
        """Return the case with this key, with the changes of the batch."""
        row = self._store.get(rows.case_key(key))
        try:
            return None if row is None else read_case(row)
        except RowError:
            return None

    def put_case(self, case: Case) -> bool:
        """Keep a case, in place of the one with its key; return False if it is past its retention."""
        key = rows.case_key(case.key)
        is_new = self._store.get(key) is None
        self._store.put(key, case_bytes(case), case.day)
        if self._store.get(key) is None:
            self.engine.remove(case.key)
            return False
        self.engine.put(case)
        self._changed.add(case)
        if is_new:
            self._arrived.append(case)
        return True

    def remove_case(self, key: CaseKey) -> None:
        """Forget a case."""
        before = self.case(key)
        if before is not None:
            self._changed.add(before)
        self._store.delete(rows.case_key(key))
        self.engine.remove(key)

    def put_problem(self, row: ProblemRow) -> None:
        """Keep a problem."""
        self._store.put(row.key, row.to_bytes())

    def forget_problem(self, row: ProblemRow) -> None:
        """Forget a problem."""
        self._store.delete(row.key)

    def put_null(self, row: NullRow) -> None:
        """Keep the distributions of a series."""
        self._store.put(row.key, row.to_bytes())
        if self.nulls.get(row.series) == row:
            # An entry that stays the same is in no batch's changes: without this the series is never fresh.
            self._changed.begin(row.series)

    def mark(self, series: SeriesKey) -> Mark:
        """Return the committed mark of the last evaluation of a series."""
        return Mark.read(self._marks.get(rows.series_key(rows.MARK, series), b""))

    def put_mark(self, series: SeriesKey, mark: Mark) -> None:
        """Keep the mark of an evaluation."""
        self._store.put(rows.series_key(rows.MARK, series), mark.to_bytes())

    def put_waiting(self, series: SeriesKey, *, waits: bool) -> None:
        """Keep that a series waits for a look, or that it does not wait any more."""
        key = rows.series_key(rows.WAITING, series)
        if waits:
            self._store.put(key, rows.series_bytes(series))
        else:
            self._store.delete(key)

    def note_waiting(self, touched: Iterable[SeriesKey], today: int) -> None:
        """Have those series looked at later whose distributions are not fresh now."""
        for series in touched:
            if not self.is_fresh(series, today):
                self.put_waiting(series, waits=True)

    def put_held(self, source: Source, *, is_held: bool) -> None:
        """Keep that a source had records while it was held, or that this was dealt with."""
        key = rows.source_key(rows.HELD, source)
        if is_held:
            self._store.put(key, rows.source_bytes(source))
        else:
            self._store.delete(key)

    def put_supplied(self) -> None:
        """Keep what is known of the arrivals and covered days of all sources."""
        for source, supplied in self._supplied.supplies.sources.items():
            key = rows.source_key(rows.SUPPLIED, source)
            # The supplies themselves are read from their topics at each start.
            kept = replace(supplied, supplies={}).to_bytes()
            self._store.put(key, rows.supplied_bytes(source, kept))

    def stored_rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of each committed row. It may be read in parts, between batches."""
        return self._store.rows()

    def put_calibration(self, row: CalibrationRow) -> None:
        """Keep a measurement."""
        self._store.put(row.key, row.to_bytes())

    def calibrated_on(self, recipient: str) -> int:
        """Return the day of the last measurement for a recipient, or of the attempt; 0 if there is none."""
        return self._calibrated.get(recipient, 0)

    def calibration(self, recipient: str) -> Calibration | None:
        """Return the last measurement for a recipient that could be made."""
        return self._calibrations.get(recipient)

    def measured(self, recipient: str, level_days: float) -> tuple[float | None, float]:
        """Return the measured alarms a year at a level or above, and the years of replays behind them."""
        found = self.calibration(recipient)
        return (None, 0.0) if found is None else (found.alarms_per_year(level_days), found.years)

    def open_problems(self, recipient: str) -> Iterator[ProblemRow]:
        """Yield the committed open problems of a recipient."""
        for row in self.problems.values():
            if row.problem.recipient == recipient and row.problem.status != "closed":
                yield row
