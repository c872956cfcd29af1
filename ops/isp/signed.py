"""The door through which every protocol comes that something is done by: it must be signed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.isp.in_force import read_in_force
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol, ProtocolError
from schemas.protocol_file import load_protocol
from schemas.signatures import (
    key_findings,
    load_signatures,
    signature_findings,
    signatures_file,
)

_UNSIGNED = (
    "is a draft: nobody has signed it. Its officers sign with `ipu isp key` and `ipu isp sign`; "
    "to try it out on this machine, `ipu isp exercise` makes a copy signed with keys of its own"
)


def load_signed(path: Path, catalogue: Catalogue) -> Protocol:
    """Read a protocol that is signed as it must be.

    Raises:
        ProtocolError: it cannot be applied at all, or somebody's signature is missing or does not hold.
    """
    protocol, signatures = load_protocol(path, catalogue), load_signatures(path)
    if not signatures:
        raise ProtocolError(f"{path} {_UNSIGNED}")
    _raise(path, list(signature_findings(protocol, signatures)))
    return protocol


def require_steady_keys(
    path: Path, protocol: Protocol, admin: Mapping[str, Any], catalogue: Catalogue
) -> None:
    """See that the authorities' keys are those in force, or that the others have agreed to new ones.

    Raises:
        ProtocolError: names each authority whose agreement is missing.
    """
    before = read_in_force(admin, protocol.prefix, catalogue)
    if before is not None:
        _raise(path, list(key_findings(protocol, load_signatures(path), before.protocol)))


def _raise(path: Path, findings: list[str]) -> None:
    if findings:
        file = signatures_file(path)
        raise ProtocolError("\n".join(f"{file}: {finding}" for finding in findings))
