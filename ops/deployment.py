"""The addresses, passwords and keys of the programs. Imports none of the libraries that they use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isp.keys.case_keys import CaseKeys
from isp.keys.key_store import KeyStore
from ops.metrics_door import USER

if TYPE_CHECKING:
    from typing import Any

    from isp.keys.secrets_store import SecretStore


@dataclass(frozen=True, slots=True)
class Deployment:
    """The broker's address, the passwords and the keys of one partnership's programs."""

    bootstrap: str
    secrets: SecretStore

    def connection(self, principal: str) -> dict[str, Any]:
        """Return what a Kafka client needs to connect as this principal."""
        return dict(self.secrets.client_config(self.bootstrap, principal))

    @property
    def keys(self) -> KeyStore:
        """Return the keys of references."""
        return KeyStore(self.secrets.folder)

    @property
    def case_keys(self) -> CaseKeys:
        """Return the keys of cases."""
        return CaseKeys(self.secrets.folder)

    def metrics_on(self, port: int | None) -> MetricsSettings:
        """Return what serves metrics on a port; on none if it is None."""
        password = self.secrets.password(USER) if port is not None else ""
        return MetricsSettings(port, password)


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Port and password of a program's metrics; without a `port` none are served."""

    port: int | None = None
    password: str = field(default="", repr=False)
