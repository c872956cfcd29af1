"""The discloser as a process: what it is given, and when it ends."""

from __future__ import annotations

import logging
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isp.agreement.protocol import Protocol
from isp.broker.in_force import await_another, read_in_force
from isp.broker.registered import schemas_of
from isp.cases.errors import DisclosureError
from isp.keys.case_keys import CaseKeys
from isp.keys.key_store import KeyStore
from isp.signing.signatures import content_digest
from schemas.catalogue import Catalogue
from streams.disclosure.discloser import Discloser, DiscloserSettings
from streams.runtime.ending import end_when
from streams.wire import Wire
from transport.transaction import TransactionAborted, Unmendable

log = logging.getLogger(__name__)


def discloser_settings(
    protocol: Protocol,
    catalogue: Catalogue,
    connection: Mapping[str, Any],
    admin: Mapping[str, Any],
    secrets: Path,
) -> DiscloserSettings:
    """What the discloser of a protocol is given on one broker."""
    schemas = schemas_of(connection, protocol.prefix, catalogue)
    wire = Wire.of(schemas)
    lasting = KeyStore(secrets).ring().lasting
    return DiscloserSettings(
        protocol, catalogue, connection, admin, wire, CaseKeys(secrets), lasting
    )


def run_discloser(settings: DiscloserSettings) -> None:
    """Run until SIGTERM, or until another protocol is in force.

    Raises:
        DisclosureError: the protocol is not the one in force; or it cannot go on, and started again it
            goes on from what is committed.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    protocol, digest = settings.protocol, content_digest(settings.protocol)
    known = read_in_force(settings.connection, protocol.prefix, settings.catalogue)
    if known is None or known.digest != digest:
        raise DisclosureError("the protocol is not the one in force; run `ipu isp apply`")
    log.info("protocol number %d, %s, of %s", protocol.number, digest, protocol.title)
    try:
        discloser = Discloser(settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: discloser.stop())
        end_when(
            lambda: await_another(settings.connection, protocol.prefix, settings.catalogue, digest),
            "another protocol is in force",
        )
        discloser.run()
    except (Unmendable, TransactionAborted) as error:
        raise DisclosureError(f"the discloser ends: {error}") from error
