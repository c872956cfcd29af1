"""The supplies of one source: covered days, usual delay, and unsettled records.

The result does not depend on the order of the messages and receipts. The memory is bounded: days as spans,
the arrivals of about 90 days, and the newest `MOST_SUPPLIES` supplies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Final

from detection.emerging.delays import MOST_DELAY, Delays, learned, recent
from detection.emerging.spans import Span, has, joined, since
from detection.emerging.supply import (
    EVALUATION_LIMIT_MS,
    SupplyNote,
    SupplyState,
    with_note,
    with_receipt,
)

KEPT_DAYS: Final = 3_700
MOST_SUPPLIES: Final = 200

_LEARNED_FROM_DAYS: Final = 160  # the days of which it is kept when they were first supplied
_COMPLETE: Final = 0.95
_LONGEST_HOLD: Final = 1.5


@dataclass(slots=True)
class SourceSupplies:
    """The supplies of one source.

    `spans` are the covered days. `first` has the day on which each covered day was first supplied. `records`
    has the arrivals of records. Days are since 1970-01-01, in Europe/London.
    """

    spans: list[Span] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)
    records: dict[int, dict[int, int]] = field(default_factory=dict)
    supplies: dict[str, SupplyState] = field(default_factory=dict)

    def note_supply(self, note: SupplyNote, at_ms: int, on_day: int) -> None:
        """Take a message about a supply, which the broker has from `at_ms`, the local day `on_day`."""
        self.supplies[note.supply_id] = with_note(self.supplies.get(note.supply_id), note, at_ms)
        if note.first_day is not None and note.last_day is not None and not note.erases:
            self._cover(note.first_day, min(note.last_day, on_day), on_day)
        self._forget_supplies()

    def note_receipt(
        self, supply_id: str | None, received: int, newest: int | None, at_ms: int, on_day: int
    ) -> None:
        """Take a receipt. `newest` is the day of its newest event, which counts if it has no supply."""
        if supply_id is not None:
            self.supplies[supply_id] = with_receipt(self.supplies.get(supply_id), received, at_ms)
            self._forget_supplies()
        elif newest is not None:
            self._cover(min(newest, on_day), min(newest, on_day), on_day)

    def note_record(self, day: int, on_day: int) -> None:
        """Take a record of `day` that arrived for the first time on the local day `on_day`."""
        delay = min(max(0, on_day - day), MOST_DELAY)
        arrival = self.records.setdefault(on_day, {})
        arrival[delay] = arrival.get(delay, 0) + 1
        if len(arrival) == 1:
            self.records = recent(self.records)

    def is_held(self, now_ms: int, limit_ms: int) -> bool:
        """Return True if a supply is not settled and no later supply has all its days.

        A source that begins one supply after another and ends none is held no longer than one and a half
        times the limit: otherwise it would be silent for good.
        """
        settled = [each for each in self.supplies.values() if each.is_settled]
        unsettled = [
            each
            for each in self.supplies.values()
            if not each.is_settled and not any(other.replaces(each) for other in settled)
        ]
        if not any(each.holds(now_ms, limit_ms) for each in unsettled):
            return False
        since_ms = now_ms
        for begun_ms in sorted((s.begun_ms for s in unsettled if s.noted_ms), reverse=True):
            if since_ms - begun_ms >= limit_ms:
                break
            since_ms = begun_ms
        return now_ms - since_ms < _LONGEST_HOLD * limit_ms

    def covers(self, day: int) -> bool:
        """Return True if a supply covers the day."""
        return has(self.spans, day)

    @property
    def newest_day(self) -> int | None:
        """Return the newest day that a supply covers."""
        return self.spans[-1][1] if self.spans else None

    def completeness(self, days: Sequence[int], today: int) -> float | None:
        """Return the share of the records of these days that usually has arrived by `today`.

        A day that no supply covers has none. None if the usual delay is not known.
        """
        delays = self.delays()
        if delays is None or not days:
            return None
        return sum(delays.within(today - day) for day in days if self.covers(day)) / len(days)

    def complete_day(self, today: int) -> int | None:
        """Return the newest covered day before `today` of which 95 % has usually arrived by now.

        As long as the usual delay is not known, it is the day before the newest covered day.
        """
        if self.newest_day is None:
            return None
        delays = self.delays()
        last = today - max(1, delays.days_for(_COMPLETE)) if delays else self.newest_day - 1
        ends = [min(end, last) for begin, end in self.spans if begin <= last]
        return max(ends, default=None)

    def delays(self) -> Delays | None:
        """Return the usual delays of records, or those of days if no records were noted."""
        return learned(self.records) or learned(self._arrivals())

    def to_bytes(self) -> bytes:
        """Return all of it as JSON."""
        supplies = {supply_id: astuple(state) for supply_id, state in self.supplies.items()}
        records = [[day, sorted(arrival.items())] for day, arrival in sorted(self.records.items())]
        return json.dumps(
            [self.spans, sorted(self.first.items()), records, supplies], separators=(",", ":")
        ).encode()

    @classmethod
    def from_bytes(cls, row: bytes) -> SourceSupplies:
        """Return it from the bytes of `to_bytes`."""
        spans, first, records, supplies = json.loads(row)
        return cls(
            [(begin, end) for begin, end in spans],
            dict(first),
            {day: dict(arrival) for day, arrival in records},
            {supply_id: SupplyState(*state) for supply_id, state in supplies.items()},
        )

    def _cover(self, first: int, last: int, on_day: int) -> None:
        if first > last:
            return
        self.spans = joined(self.spans, (first, last))
        newest = self.spans[-1][1]
        self.spans = since(self.spans, newest - KEPT_DAYS)
        for day in range(max(first, newest - _LEARNED_FROM_DAYS), last + 1):
            self.first[day] = min(on_day, self.first.get(day, on_day))
        for day in [day for day in self.first if day < newest - _LEARNED_FROM_DAYS]:
            del self.first[day]

    def _arrivals(self) -> dict[int, dict[int, int]]:
        arrivals: dict[int, dict[int, int]] = {}
        for day, on_day in self.first.items():
            arrival = arrivals.setdefault(on_day, {})
            delay = min(on_day - day, MOST_DELAY)
            arrival[delay] = arrival.get(delay, 0) + 1
        return arrivals

    def _forget_supplies(self) -> None:
        """Forget the supplies that have been quiet for so long that they hold nothing."""
        newest = max(state.heard_ms for state in self.supplies.values())
        kept = [
            item
            for item in self.supplies.items()
            if item[1].heard_ms > newest - 2 * EVALUATION_LIMIT_MS
        ]
        kept.sort(key=lambda item: (item[1].heard_ms, item[0]))
        self.supplies = dict(kept[-MOST_SUPPLIES:])
