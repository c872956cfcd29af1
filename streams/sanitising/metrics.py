"""Metrics of the sanitising agent, in addition to those of every source."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.messages import BatchResult, Intake
from streams.runtime.metrics import SECONDS, StreamMetrics, keep, show


class Metrics(StreamMetrics):
    """The worker's metrics on a registry of their own."""

    def __init__(
        self, registry: CollectorRegistry, topics: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        """Declare every series; `topics` has the agency and the dataset of each intake topic."""
        super().__init__(registry)
        self._topics = dict(topics or {})
        source = ("agency", "dataset")
        self.received = Counter(
            "ipu_records_received", "Intake records with an outcome", source, registry=registry
        )
        self.released = Counter(
            "ipu_records_released", "Records released, or kept from every profile by what their rows say",
            source, registry=registry,
        )  # fmt: skip
        self.rejected = Counter(
            "ipu_records_rejected", "Records rejected", source, registry=registry
        )
        self.erased = Counter(
            "ipu_records_erased", "Records taken back as their supplier asked", source,
            registry=registry,
        )  # fmt: skip
        self.faults = Counter(
            "ipu_faults", "Reasons for rejection, by field and reason", (*source, "reason"),
            registry=registry,
        )  # fmt: skip
        self.cleaned = Counter(
            "ipu_records_cleaned",
            "Accepted records with a caveat about more than what excludes a row",
            source,
            registry=registry,
        )
        self.caveats = Counter(
            "ipu_caveats", "Reasons for cleaning, by field and reason, but for what excludes a row",
            (*source, "reason"), registry=registry,
        )  # fmt: skip
        self.held = Counter(
            "ipu_records_held",
            "Valid records that no party may receive now, whatever the content of their rows",
            source,
            registry=registry,
        )
        self.withheld = Counter(
            "ipu_withheld", "Parts of records not released, by reason", (*source, "reason"),
            registry=registry,
        )  # fmt: skip
        self.combinations = Counter(
            "ipu_combinations", "People who stood out in their small area, by profile and outcome",
            (*source, "outcome"), registry=registry,
        )  # fmt: skip
        self.geocoded = Counter(
            "ipu_geocoded", "Accepted records by geocoding method", (*source, "method"),
            registry=registry,
        )  # fmt: skip
        self.reject_alarm = Gauge(
            "ipu_reject_alarm", "1 while the share of rejects is above the protocol's limit", source,
            registry=registry,
        )  # fmt: skip
        self.paused = Gauge(
            "ipu_intake_paused", "1 while the protocol has the intake paused", source,
            registry=registry,
        )  # fmt: skip
        self.last_event = Gauge(
            "ipu_last_event_timestamp_seconds", "Date of the newest event supplied, seconds since 1970",
            source, registry=registry,
        )  # fmt: skip
        self.last_record = Gauge(
            "ipu_last_record_timestamp_seconds", "When a record was last received, seconds since 1970",
            source, registry=registry,
        )  # fmt: skip
        self.end_to_end_seconds = Histogram(
            "ipu_end_to_end_seconds", "From the supplier's publishing to the commit of the release",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self.state_entries = Gauge(
            "ipu_state_entries", "Entries of the state store, roughly, by kind", ("kind",),
            registry=registry,
        )  # fmt: skip
        self.state_restored = Gauge(
            "ipu_state_restored_seconds", "Seconds that the last restore of the state took",
            registry=registry,
        )  # fmt: skip
        self.index_rows = Gauge("ipu_index_postcodes", "Postcodes of the index", registry=registry)
        self.index_age = Gauge(
            "ipu_index_built_timestamp_seconds", "When the index was built, seconds since 1970",
            registry=registry,
        )  # fmt: skip

    def committed(self, batch: Sequence[Intake], result: BatchResult, started: float) -> None:
        """Count a committed batch; `started` is `time.time()` of its poll."""
        super().committed(batch, result, started)
        now = time.time()
        for intake in batch:
            # An unreadable message has no time of publishing.
            if intake.unreadable is not None:
                continue
            self.end_to_end_seconds.observe(max(0.0, now - intake.timestamp_ms / 1000))
        for tally in result.tallies:
            source = (tally.agency, tally.dataset)
            self.received.labels(*source).inc(tally.received)
            self.rejected.labels(*source).inc(tally.rejected)
            self.cleaned.labels(*source).inc(tally.cleaned - tally.of_rows.cleaned)
            self.erased.labels(*source).inc(tally.erased)
            held = tally.held - tally.of_rows.held
            self.held.labels(*source).inc(held)
            self.reject_alarm.labels(*source).set(tally.reject_alarm)
            self.last_record.labels(*source).set(now)
            if tally.newest_event:
                newest = datetime.fromisoformat(tally.newest_event).replace(tzinfo=UTC).timestamp()
                self.last_event.labels(*source).set(newest)
            kept = tally.rejected + tally.erased + held
            self.released.labels(*source).inc(tally.received - kept)
            self._count(self.faults, source, tally.faults.items())
            self._count(self.caveats, source, (tally.caveats - tally.of_rows.caveats).items())
            self._count(self.withheld, source, (tally.withheld - tally.of_rows.withheld).items())
            self._count(self.combinations, source, tally.combinations.items())
            self._count(self.geocoded, source, tally.geocoded.items())

    def assigned(self, topics: Collection[str]) -> None:
        """Remove the gauges of datasets of which this worker reads no partition; keep the counters."""
        sources = self._sources(topics)
        for gauge in (self.reject_alarm, self.last_event, self.last_record):
            keep(gauge, sources)

    def paused_topics(self, topics: Collection[str]) -> None:
        """Show the datasets whose paused intake is assigned to this worker."""
        show(self.paused, dict.fromkeys(self._sources(topics), 1))

    def _sources(self, topics: Collection[str]) -> set[tuple[str, str]]:
        return {self._topics[topic] for topic in topics}

    @staticmethod
    def _count(
        counter: Counter, source: tuple[str, str], counts: Iterable[tuple[str, int]]
    ) -> None:
        for reason, count in counts:
            counter.labels(*source, reason).inc(count)
