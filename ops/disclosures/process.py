"""The discloser as a process: what it is given, and when it ends."""

from __future__ import annotations

import logging
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.disclosures.case_keys import CaseKeys
from ops.disclosures.discloser import Discloser, DiscloserSettings
from ops.disclosures.errors import DisclosureError
from ops.ending import end_when
from ops.isp.in_force import await_another, read_in_force
from ops.keys import KeyStore
from ops.registered import schemas_of
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.signatures import content_digest
from streams.flows import Wire
from streams.transaction import TransactionAborted, Unmendable

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
