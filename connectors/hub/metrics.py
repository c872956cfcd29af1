"""The metrics of the sink of the hub."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from connectors.hub.changes import Changes


class SinkMetrics:
    """The counts of the sink since it started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self.rows = Counter(
            "ipu_hub_rows", "Changed rows of the hub, by table", ("table",), registry=registry
        )
        self.unreadable = Counter(
            "ipu_hub_messages_unreadable",
            "Messages that this release cannot read; their records are left out",
            registry=registry,
        )
        self.expired = Counter(
            "ipu_hub_rows_expired", "Rows deleted after their retention", registry=registry
        )
        self.last_write = Gauge(
            "ipu_hub_last_write_timestamp_seconds",
            "When the store last had all that had been read, in seconds since 1970",
            registry=registry,
        )

    def written(self, changes: Iterable[Changes]) -> None:
        """Count the changes of a transaction."""
        for each in changes:
            self.rows.labels(f"{each.table.schema}.{each.table.name}").inc(len(each.rows))
        self.last_write.set_to_current_time()
