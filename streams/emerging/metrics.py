"""Metrics of the detector, in addition to those of every source. No label names a place or a party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.emerging.detector import Detector
from streams.emerging.results import DetectorResult
from streams.messages import BatchResult, Intake
from streams.runtime.metrics import StreamMetrics

_CASES: Final = (
    "cases", "corrected", "removed", "unchanged", "without_case", "future", "too_old", "held",
)  # fmt: skip


class DetectorMetrics(StreamMetrics):
    """The detector's metrics on a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Declare every series."""
        super().__init__(registry)
        self.findings = Counter(
            "ipu_findings", "Published findings, by kind of detector and status",
            ("kind", "status"), registry=registry,
        )  # fmt: skip
        self.cases = Counter(
            "ipu_finding_records", "Released records, by what was done with them", ("outcome",),
            registry=registry,
        )  # fmt: skip
        self.skipped = Counter(
            "ipu_finding_messages_skipped", "Messages that cannot be decoded", registry=registry
        )
        self.evaluations = Counter(
            "ipu_finding_evaluations", "Evaluations of series", registry=registry
        )
        self.failed = Counter(
            "ipu_finding_evaluations_failed", "Evaluations that have failed", registry=registry
        )
        self.measured = Counter(
            "ipu_finding_alarms_measured",
            "Measurements of the alarms a year by replays, one for each recipient",
            registry=registry,
        )
        self.waiting = Gauge(
            "ipu_finding_evaluations_waiting", "Series whose evaluation runs or waits",
            registry=registry,
        )  # fmt: skip
        self.problems = Gauge(
            "ipu_emerging_problems", "Problems that are not closed", registry=registry
        )
        self.state_entries = Gauge(
            "ipu_finding_state_entries", "Entries of the state, approximately", registry=registry
        )
        self.restore_seconds = Gauge(
            "ipu_finding_state_restore_seconds", "Duration of the last restore of the state",
            registry=registry,
        )  # fmt: skip
        for outcome in _CASES:
            self.cases.labels(outcome)

    def follow(self, detector: Detector) -> None:
        """Show what waits in a detector."""
        self.waiting.set_function(lambda: detector.evaluations_waiting)
        self.problems.set_function(lambda: detector.open_problems)

    def committed(self, batch: Sequence[Intake], result: BatchResult, started: float) -> None:
        """Count a committed batch."""
        super().committed(batch, result, started)
        for outcome in _CASES:
            self.cases.labels(outcome).inc(result.counts.get(outcome, 0))
        self.skipped.inc(result.counts.get("skipped", 0))
        self.evaluations.inc(result.counts.get("evaluations", 0))
        self.failed.inc(result.counts.get("failed_evaluations", 0))
        self.measured.inc(result.counts.get("calibrations", 0))
        if isinstance(result, DetectorResult):
            for (kind, status), number in result.statuses.items():
                self.findings.labels(kind, status).inc(number)
