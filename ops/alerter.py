"""The alerts agent as a program: protocol, keys, cases and state become a source."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isp.agreement.topics import Names
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
from streams.alerts.assembly import alert_days, build_alerter
from streams.alerts.clients import AlerterClients
from streams.alerts.metrics import AlertMetrics
from streams.alerts.rows import ALERTS
from streams.runtime.lasting import LastingFollower
from streams.state.dated import DatedStore
from streams.wire import Wire
from transport.client_names import ALERTER_SLOTS

if TYPE_CHECKING:
    from pathlib import Path

    from isp.broker.signed import ReadProtocol
    from isp.keys.case_keys import CaseKeys
    from isp.keys.key_store import KeyStore
    from ops.deployment import Deployment
    from streams.runtime.source import Source


@dataclass(frozen=True, slots=True)
class AlerterProgram:
    """Everything one process of the alerts agent is given; the folder `state` has its state store."""

    signed: ReadProtocol
    connection: dict[str, Any]
    keys: KeyStore
    case_keys: CaseKeys
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
    ) -> AlerterProgram:
        """Return the program of a protocol on a deployment."""
        return cls(
            signed,
            deployment.connection(Names(signed.protocol.prefix).alerter),
            deployment.keys,
            deployment.case_keys,
            state,
            slot,
            deployment.metrics_on(metrics_port),
        )

    def run(self) -> None:
        """Raise and update alerts until stopped, or follow as a standby while another process does.

        Raises:
            StartError: the slot is unknown, the protocol has no alerts or is not in force, or the metrics
                port is taken.
        """
        require_slot(self.slot, ALERTER_SLOTS)
        if self.signed.protocol.alerts.domestic is None:
            raise StartError(f"{self.signed.file}: has no `alerts.domestic`; nothing to do")
        grounds = Grounds(self.signed, self.connection)
        grounds.require_in_force()
        metrics = AlertMetrics(serve_metrics(self.metrics))
        source = self._source(grounds, metrics)
        run_program(self._names.alerter, source, metrics, grounds)

    def _source(self, grounds: Grounds, metrics: AlertMetrics) -> Source:
        store, catalogue = self._store(), grounds.catalogue
        alerter = build_alerter(
            grounds.protocol,
            catalogue,
            Wire.of(grounds.schemas()),
            self.keys.ring(),
            self.case_keys,
            store,
            time.time,
            self.slot,
        )
        metrics.follow(alerter)
        clients = AlerterClients(self.connection, self._names.alerter, self.slot)
        changelog = changelog_of("alerter", store, alerter.writer, clients, grounds, metrics)
        lasting = LastingFollower(clients.reader(), alerter.lasting, alerter.learn)
        return group_source(
            alerter, clients, grounds, metrics, alerter.heads, changelog, (lasting,)
        )

    def _store(self) -> DatedStore:
        """Return the state store on disk of this process."""
        tables = state_tables(self.state, self._names.alerter, self.slot, ALERTS)
        return DatedStore(ALERTS, tables, alert_days(self.signed.protocol), is_followed=True)

    @property
    def _names(self) -> Names:
        return Names(self.signed.protocol.prefix)
