"""Protocols that a test puts in force without signatures, where signatures are not what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isp.agreement.protocol import Protocol
from isp.broker.in_force import read_in_force
from isp.broker.signed import Admitted
from schemas.catalogue import Catalogue


def let_in(protocol: Protocol, admin: Mapping[str, Any], catalogue: Catalogue) -> Admitted:
    """The protocol, to be applied after whatever is in force."""
    return Admitted(protocol, (), read_in_force(admin, protocol.prefix, catalogue))
