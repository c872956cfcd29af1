"""Supplies and receipts, as followed from their topics: which sources are held, and what they cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from detection.emerging.facts import Case, Source
from detection.emerging.spans import joined
from detection.emerging.supplied import SourceSupplies
from detection.emerging.supplies import SuppliedAt, Supplies
from detection.emerging.supply import LOOK_LIMIT_MS
from schemas.wire import WireError
from streams.emerging.inputs import SUPPLY, Inputs, log


class Supplied:
    """The supplies as they are known now. `clock` returns seconds since 1970."""

    def __init__(self, inputs: Inputs, clock: Callable[[], float]) -> None:
        self.supplies = Supplies()
        self._inputs = inputs
        self._clock = clock

    def learn(self, topic: str, value: bytes | None, at_ms: int) -> None:
        """Take a message about a supply, which the broker has from `at_ms`; log one that cannot be read."""
        if value is None:
            return
        at = min(at_ms, self._now_ms)
        try:
            message = self._inputs.decode(topic, value)
            if not self._inputs.is_own(topic, message):
                log.warning("a message of %s is not learned: it is of another source", topic)
            elif self._inputs.learned[topic] == SUPPLY:
                self.supplies.note_supply(message, at)
            else:
                self.supplies.note_receipt(message, at)
        except WireError as error:
            log.warning("a message of %s is not learned: %s", topic, error.reason)

    def restore(self, source: Source, row: bytes) -> None:
        """Take the arrivals and covered days that were kept of a source. Its supplies are followed."""
        kept = SourceSupplies.from_bytes(row)
        known = self.supplies.sources.setdefault(source, SourceSupplies())
        known.records = kept.records
        for span in kept.spans:
            known.spans = joined(known.spans, span)
        for day, on_day in kept.first.items():
            known.first[day] = min(on_day, known.first.get(day, on_day))

    def arrived(self, records: Iterable[Case]) -> None:
        """Take records that have arrived for the first time, whose batch is committed."""
        for record in records:
            self.supplies.note_record(record.source, record.day, self._now_ms)

    def held(self, source: Source) -> bool:
        """Return True if a supply of the source is incomplete, or not all its records are released yet."""
        return self.supplies.is_held(source, self._now_ms)

    def for_looks(self) -> SuppliedAt:
        """Return what a distribution of looks must know, as of now."""
        return self.supplies.at(self._now_ms, LOOK_LIMIT_MS)

    def for_evaluation(self) -> SuppliedAt:
        """Return what an evaluation must know, as of now."""
        return self.supplies.at(self._now_ms)

    @property
    def _now_ms(self) -> int:
        return int(self._clock() * 1_000)
