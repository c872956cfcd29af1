"""The detector of emerging problems as a program: protocol, connection and state become a source."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isp.agreement.topics import Names, state_days
from ops.bootstrap import (
    Grounds,
    StartError,
    changelog_of,
    group_source,
    require_slot,
    run_program,
    serve_metrics,
    state_tables,
)
from ops.deployment import MetricsSettings
from streams.emerging.assembly import build_detector
from streams.emerging.background import Processes
from streams.emerging.clients import DetectorClients
from streams.emerging.metrics import DetectorMetrics
from streams.emerging.rows import PROBLEMS
from streams.emerging.time_found import AT_ONCE
from streams.runtime.lasting import TimedFollower
from streams.runtime.sole import SoleFeed
from streams.state.dated import DatedStore
from streams.wire import Wire
from transport.client_names import DETECTOR_SLOTS

if TYPE_CHECKING:
    from pathlib import Path

    from isp.broker.signed import ReadProtocol
    from ops.deployment import Deployment
    from streams.emerging.background import Background
    from streams.runtime.source import Source


@dataclass(frozen=True, slots=True)
class DetectorProgram:
    """Everything one process of the detector is given; the folder `state` has its state store.

    It has no keys: it reads depersonalised releases alone.
    """

    signed: ReadProtocol
    connection: dict[str, Any]
    state: Path
    slot: str = "0"
    metrics: MetricsSettings = field(default_factory=MetricsSettings)

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        signed: ReadProtocol,
        state: Path,
        slot: str,
        metrics_port: int | None,
    ) -> DetectorProgram:
        """Return the program of a protocol on a deployment."""
        connection = deployment.connection(Names(signed.protocol.prefix).detector)
        return cls(signed, connection, state, slot, deployment.metrics_on(metrics_port))

    def run(self) -> None:
        """Detect emerging problems until stopped, or follow as a standby while another process does.

        Raises:
            StartError: the slot is unknown, the protocol has no emerging problems or is not in force, or the
                metrics port is taken.
        """
        require_slot(self.slot, DETECTOR_SLOTS)
        if self.signed.protocol.emerging_problems is None:
            raise StartError(f"{self.signed.file}: has no `alerts.emerging`; nothing to do")
        grounds = Grounds(self.signed, self.connection)
        grounds.require_in_force()
        metrics = DetectorMetrics(serve_metrics(self.metrics))
        # A series with more cases today than its distribution holds for waits for a new one.
        background, measuring = Processes(AT_ONCE), Processes()
        source = self._source(grounds, metrics, background, measuring)
        try:
            run_program(self._names.detector, source, metrics, grounds)
        finally:
            background.stop()
            measuring.stop()

    def _source(
        self,
        grounds: Grounds,
        metrics: DetectorMetrics,
        background: Background,
        measuring: Background,
    ) -> Source:
        store, catalogue = self._store(), grounds.catalogue
        wire = Wire.of(grounds.schemas())
        detector = build_detector(
            grounds.protocol, catalogue, wire, store, background, measuring, time.time, self.slot
        )
        metrics.follow(detector)
        clients = DetectorClients(self.connection, self._names.detector, self.slot)
        changelog = changelog_of("detector", store, detector.writer, clients, grounds, metrics)
        supplies = TimedFollower(clients.reader(), detector.followed, detector.learn)
        return group_source(
            detector, clients, grounds, metrics, detector.heads, changelog, (supplies,), SoleFeed
        )

    def _store(self) -> DatedStore:
        """Return the state store on disk of this process."""
        tables = state_tables(self.state, self._names.detector, self.slot, PROBLEMS)
        days = state_days(self.signed.protocol, "detector")
        return DatedStore(PROBLEMS, tables, days, is_followed=True)

    @property
    def _names(self) -> Names:
        return Names(self.signed.protocol.prefix)
