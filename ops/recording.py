"""The recorder of the audit on a deployment, for commands and containers alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isp.agreement.topics import Names
from isp.audit.recorder import Recorder
from isp.broker.registered import schemas_of
from transport.client_names import recorder_transaction

if TYPE_CHECKING:
    from isp.agreement.protocol import Protocol
    from ops.deployment import Deployment
    from schemas.catalogue import Catalogue


def recorder_on(
    deployment: Deployment, protocol: Protocol, catalogue: Catalogue, chain: str
) -> Recorder:
    """Return what writes to the recorder's `chain` of the audit.

    Raises:
        ReadError: the broker does not answer, or refuses.
    """
    principal = Names(protocol.prefix).recorder
    client = deployment.connection(principal)
    schemas = schemas_of(client, protocol.prefix, catalogue)
    return Recorder(client, protocol, catalogue, schemas, recorder_transaction(principal, chain))
