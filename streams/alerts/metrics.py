"""Metrics of the alerts agent, in addition to those of every source. No label names a dataset or a party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.alerts.alerter import Alerter
from streams.alerts.results import AlertResult, Figure
from streams.messages import BatchResult, Intake
from streams.runtime.metrics import SECONDS, StreamMetrics

_LONG: Final = (*SECONDS, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800)
_COUNTED: Final = {
    "late": "late",
    "withdrawn": "withdrawn",
    "requests": "requests",
    "skipped": "skipped",
    "ignored": "ignored_acknowledgements",
    "left_out": "left_out",
    "crowded": "crowded",
    "too_common": "too_common",
}


class AlertMetrics(StreamMetrics):
    """The alerts agent's metrics on a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare every series."""
        super().__init__(registry)
        self.alerts = Counter(
            "ipu_alerts",
            "Versions of alerts, by level and kind",
            ("level", "kind"),
            registry=registry,
        )
        self.from_occurrence = Histogram(
            "ipu_alert_from_occurrence_seconds",
            "From the time of an event to its first alert, if the time is known",
            registry=registry, buckets=_LONG,
        )  # fmt: skip
        self.from_supply = Histogram(
            "ipu_alert_from_supply_seconds", "From the first record's supply to the first alert",
            registry=registry, buckets=_LONG,
        )  # fmt: skip
        self.to_acknowledgement = Histogram(
            "ipu_alert_to_acknowledgement_seconds", "From an alert to its acknowledgement",
            registry=registry, buckets=_LONG,
        )  # fmt: skip
        self.late = Counter("ipu_alerts_late", "Alerts of records supplied late", registry=registry)
        self.withdrawn = Counter("ipu_alerts_withdrawn", "Alerts withdrawn", registry=registry)
        self.requests = Counter(
            "ipu_alert_requests", "Requests for cases prepared from alerts", registry=registry
        )
        self.skipped = Counter(
            "ipu_alert_messages_skipped", "Messages that cannot be decoded", registry=registry
        )
        self.ignored_acknowledgements = Counter(
            "ipu_alert_acknowledgements_ignored",
            "Acknowledgements of no alert of their writer, or from the future",
            registry=registry,
        )
        self.left_out = Counter(
            "ipu_alert_events_left_out",
            "Later events of one household or person that were too many to be decided again",
            registry=registry,
        )
        self.crowded = Counter(
            "ipu_alert_records_crowded",
            "Records with so many events near them that not all of those were grouped again",
            registry=registry,
        )
        self.too_common = Counter(
            "ipu_alert_records_too_common",
            "Records whose references were not believed, because too many records share them",
            registry=registry,
        )
        self.unacknowledged = Gauge(
            "ipu_alerts_unacknowledged",
            "Alerts that wait for an acknowledgement",
            registry=registry,
        )
        self.approvals_waiting = Gauge(
            "ipu_alert_approvals_waiting", "Prepared requests that wait for a decision",
            registry=registry,
        )  # fmt: skip
        self.state_entries = Gauge(
            "ipu_alert_state_entries", "Entries of the state, approximately", registry=registry
        )
        self.restore_seconds = Gauge(
            "ipu_alert_state_restore_seconds", "Duration of the last restore of the state",
            registry=registry,
        )  # fmt: skip

    def follow(self, alerter: Alerter) -> None:
        """Show what waits in an agent; it counts once a minute."""
        self.unacknowledged.set_function(lambda: alerter.unacknowledged)
        self.approvals_waiting.set_function(lambda: alerter.waiting)

    def committed(self, batch: Sequence[Intake], result: BatchResult, started: float) -> None:
        """Count a committed batch."""
        super().committed(batch, result, started)
        for name, attribute in _COUNTED.items():
            getattr(self, attribute).inc(result.counts.get(name, 0))
        if isinstance(result, AlertResult):
            for figure in result.figures:
                self._observe(figure)

    def _observe(self, figure: Figure) -> None:
        if figure.what != "acknowledged":
            self.alerts.labels(figure.level, figure.kind).inc()
        seconds = {
            self.from_occurrence: figure.from_occurrence,
            self.from_supply: figure.from_supply,
            self.to_acknowledgement: figure.to_acknowledgement,
        }
        for histogram, value in seconds.items():
            if value is not None:
                histogram.observe(max(0.0, value))
