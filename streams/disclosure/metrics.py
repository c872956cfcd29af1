"""Metrics of the discloser, in addition to those of every source. No label names a case or a person."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.messages import BatchResult, Intake
from streams.runtime.metrics import StreamMetrics


class DisclosureMetrics(StreamMetrics):
    """The discloser's metrics on a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare every series."""
        super().__init__(registry)
        self.letters = Counter(
            "ipu_letters", "Letters of officers that were handled", registry=registry
        )
        self.refused = Counter(
            "ipu_letters_refused", "Letters of officers that were refused", registry=registry
        )
        self.disclosed = Counter(
            "ipu_records_disclosed", "Versions of records given to a case", registry=registry
        )
        self.taken_back = Counter(
            "ipu_records_taken_back", "Records taken back from a case", registry=registry
        )
        self.prepared = Counter(
            "ipu_requests_prepared",
            "Requests prepared from alerts that became a case, or were taken back",
            registry=registry,
        )
        self.prepared_refused = Counter(
            "ipu_requests_prepared_refused",
            "Requests prepared from alerts that were refused, by reason: limit or rules",
            ["reason"],
            registry=registry,
        )
        self.undecided = Gauge(
            "ipu_cases_undecided",
            "Cases that wait for a decision, by origin: a request or an alert",
            ["origin"],
            registry=registry,
        )
        self.open_cases = Gauge("ipu_cases_open", "Cases that are open", registry=registry)

    def committed(self, batch: Sequence[Intake], result: BatchResult, started: float) -> None:
        """Count what a committed result did."""
        super().committed(batch, result, started)
        counts = result.counts
        self.letters.inc(counts.get("letters", 0))
        self.refused.inc(counts.get("refused", 0))
        self.disclosed.inc(counts.get("given", 0))
        self.taken_back.inc(counts.get("taken_back", 0))
        self.prepared.inc(counts.get("prepared", 0))
        self.prepared_refused.labels("rules").inc(counts.get("prepared_refused", 0))
        self.prepared_refused.labels("limit").inc(counts.get("prepared_beyond_limit", 0))
        if "open" in counts:
            self.undecided.labels("request").set(counts["undecided_requests"])
            self.undecided.labels("alert").set(counts["undecided_alerts"])
            self.open_cases.set(counts["open"])
