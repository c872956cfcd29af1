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
    Signature,
    key_findings,
    load_signatures,
    replay_findings,
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


def may_follow(
    path: Path, protocol: Protocol, admin: Mapping[str, Any], catalogue: Catalogue
) -> tuple[Signature, ...]:
    """The signatures of a protocol that may follow the one in force.

    The authorities' keys are those in force, or the others have agreed to new ones; and it is no
    earlier protocol that was signed before the one in force.

    Raises:
        ProtocolError: names each authority whose agreement is missing.
    """
    signatures = load_signatures(path)
    before = read_in_force(admin, protocol.prefix, catalogue)
    if before is not None:
        findings = [
            *key_findings(protocol, signatures, before.protocol),
            *replay_findings(protocol, signatures, before.signed_on),
        ]
        _raise(path, findings)
    return signatures


def _raise(path: Path, findings: list[str]) -> None:
    if findings:
        file = signatures_file(path)
        raise ProtocolError("\n".join(f"{file}: {finding}" for finding in findings))
