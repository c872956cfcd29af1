"""The discloser as a program: protocol, keys and two connections become a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isp.agreement.topics import Names
from ops.bootstrap import Grounds, run_program, serve_metrics
from ops.embedded.broker_config import ADMIN
from streams.disclosure.assembly import build_discloser
from streams.disclosure.discloser import DiscloserSettings
from streams.disclosure.metrics import DisclosureMetrics
from streams.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from isp.broker.signed import ReadProtocol
    from isp.keys.case_keys import CaseKeys
    from isp.keys.key_store import KeyStore
    from ops.deployment import Deployment, MetricsSettings


@dataclass(frozen=True, slots=True)
class DiscloserProgram:
    """Everything one process of the discloser is given.

    It makes and destroys topics and rules of cases, so it has the administrator's connection too.
    """

    signed: ReadProtocol
    connection: Mapping[str, Any]
    admin: Mapping[str, Any]
    keys: KeyStore
    case_keys: CaseKeys
    metrics: MetricsSettings

    @classmethod
    def of(
        cls, deployment: Deployment, signed: ReadProtocol, metrics_port: int | None
    ) -> DiscloserProgram:
        """Return the program of a protocol on a deployment."""
        return cls(
            signed,
            deployment.connection(Names(signed.protocol.prefix).discloser),
            deployment.connection(ADMIN),
            deployment.keys,
            deployment.case_keys,
            deployment.metrics_on(metrics_port),
        )

    def run(self) -> None:
        """Take letters, open and close cases, and release to the open ones, until stopped.

        Raises:
            StartError: the protocol is not the one in force, or the metrics' port is taken.
        """
        grounds = Grounds(self.signed, self.connection)
        grounds.require_in_force()
        metrics = DisclosureMetrics(serve_metrics(self.metrics))
        settings = DiscloserSettings(
            self.signed.protocol,
            grounds.catalogue,
            self.connection,
            self.admin,
            Wire.of(grounds.schemas()),
            self.case_keys,
            self.keys.ring().lasting,
        )
        source = build_discloser(settings, metrics)
        run_program(settings.names.discloser, source, metrics, grounds)
