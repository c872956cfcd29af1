"""Measures the rate of alarms by chance: in a process of its own, after everything else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np

from detection.emerging.calibration import Calibration, TooShortError, calibrate
from detection.emerging.replays import History
from detection.emerging.settings import Settings
from streams.emerging import rows
from streams.emerging.background import Background
from streams.emerging.case_rows import RowError, read_case
from streams.emerging.histories import Histories
from streams.emerging.memory import StateMemory
from streams.emerging.results import Batch
from streams.emerging.rows import CalibrationRow

log = logging.getLogger(__name__)

EVERY_DAYS: Final = 28
YEARS: Final = 4.0
"""Years of replays of each measurement."""

LEAST_DAYS: Final = 28
"""The days that a history must have besides the first study period."""

_HISTORY_DAYS: Final = 730
_ROWS_AT_ONCE: Final = 2_000
_HOUR_MS: Final = 3_600_000


class Calibrating:
    """Measures for each recipient soon after there is enough history, and then every four weeks.

    It reads the state a page in each turn, so that no turn is long.
    """

    def __init__(self, memory: StateMemory, background: Background) -> None:
        self._memory = memory
        self._background = background
        self.restart()

    def restart(self) -> None:
        """Forget a measurement that was not finished."""
        self._background.stop()
        self._reading: Iterator[tuple[bytes, bytes]] | None = None
        self._histories: Histories | None = None
        self._recipients: list[str] = []
        self._running: str | None = None
        self._asked_hour = 0

    def turn(self, batch: Batch, *, is_idle: bool) -> None:
        """Begin if it is time and nothing else is to be done; read a page; or give the next one away."""
        if self._reading is not None:
            self._read()
        elif self._running is None and self._recipients:
            self._submit(batch)
        elif self._running is None and is_idle and self._asked_hour != batch.now_ms // _HOUR_MS:
            self._asked_hour = batch.now_ms // _HOUR_MS
            self._begin(batch)

    def answer(self, batch: Batch) -> bool:
        """Keep a finished measurement."""
        for recipient, found in self._background.collect():
            if recipient != self._running:
                continue
            self._running = None
            # One that could not be made leaves the one before as it is.
            kept = found or self._memory.calibration(str(recipient))
            row = CalibrationRow(str(recipient), batch.today, kept.to_bytes() if kept else b"")
            self._memory.put_calibration(row)
            batch.counts["calibrations"] += found is not None
            if not self._recipients:
                self._background.stop()
            return True
        return False

    def _begin(self, batch: Batch) -> None:
        memory = self._memory
        self._recipients = [
            watch.recipient
            for watch in memory.settings.watches
            if memory.calibrated_on(watch.recipient) + EVERY_DAYS <= batch.today
        ]
        if self._recipients:
            first_day = batch.today - memory.settings.study_days - _HISTORY_DAYS
            self._histories = Histories(memory.catalogue, first_day)
            self._reading = memory.stored_rows()

    def _read(self) -> None:
        assert self._reading is not None
        assert self._histories is not None
        page = list(islice(self._reading, _ROWS_AT_ONCE))
        for key, value in page:
            if key.startswith(rows.CASE):
                self._add(value)
        if not page:
            self._reading = None
            if self._histories.days() < self._memory.settings.study_days + LEAST_DAYS:
                # It is asked again in an hour.
                self._recipients = []

    def _add(self, value: bytes) -> None:
        assert self._histories is not None
        try:
            self._histories.add(read_case(value))
        except RowError:
            return

    def _submit(self, batch: Batch) -> None:
        assert self._histories is not None
        self._running = self._recipients.pop(0)
        settings = self._memory.settings
        histories = self._histories.of(self._running, settings.study_days)
        self._background.submit(self._running, measure, histories, settings, YEARS, batch.today)
        if not self._recipients:
            self._histories = None


def measure(
    histories: Sequence[History], settings: Settings, years: float, seed: int
) -> Calibration | None:
    """Return a measurement of one recipient's series, or None if their history is too short."""
    try:
        return calibrate(histories, settings, years, np.random.default_rng(seed))
    except TooShortError:
        return None
