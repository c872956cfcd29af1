"""Metrics of every source. Labels name topics, agencies, datasets and reasons, never content."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.messages import BatchResult, Intake

SECONDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
"""Buckets of durations."""


class StreamMetrics:
    """The metrics of one source. An agent derives its own metrics from this class."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare every series."""
        self.batch_records = Histogram(
            "ipu_batch_records", "Records in a batch", registry=registry,
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000),
        )  # fmt: skip
        self.batch_seconds = Histogram(
            "ipu_batch_seconds", "From the poll that brought a batch to its commit",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self.lag = Gauge(
            "ipu_consumer_lag_records", "Records waiting in each partition that this program reads",
            ("topic", "partition"), registry=registry,
        )  # fmt: skip
        self.aborted = Counter(
            "ipu_transactions_aborted", "Transactions aborted and tried again", registry=registry
        )
        self.open_transactions = Gauge(
            "ipu_open_transaction_records",
            "Records that readers of committed data cannot read a second after they were written: "
            "high watermark minus last stable offset",
            ("topic",), registry=registry,
        )  # fmt: skip
        self.review = Gauge(
            "ipu_protocol_review_timestamp_seconds",
            "End of the last day by which the protocol is to be reviewed, seconds since 1970",
            registry=registry,
        )  # fmt: skip

    def committed(self, batch: Sequence[Intake], result: BatchResult, started: float) -> None:
        """Count a committed batch; `started` is `time.time()` of its poll."""
        del result
        if batch:
            self.batch_records.observe(len(batch))
            self.batch_seconds.observe(time.time() - started)

    def assigned(self, topics: Collection[str]) -> None:
        """Remove the series that are true only while this process reads a partition of the topic."""

    def paused_topics(self, topics: Collection[str]) -> None:
        """Show which of the topics that this process reads are paused."""

    def revoked(self, places: Iterable[tuple[str, int]]) -> None:
        """Remove the lag of partitions that this process no longer has."""
        for place in places:
            self.lag.remove(*place)


def show(gauge: Gauge, values: Mapping[tuple[Any, ...], float]) -> None:
    """Set one series of a gauge for each of the labels in `values`; remove every other series."""
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    keep(gauge, values)


def keep(gauge: Gauge, labels: Iterable[tuple[Any, ...]]) -> None:
    """Remove every series of a gauge except those with these labels."""
    kept = {tuple(map(str, values)) for values in labels}
    for family in gauge.collect():
        for sample in family.samples:
            shown = tuple(sample.labels.values())
            if shown not in kept:
                gauge.remove(*shown)
