"""Reading, verification and admission of a protocol file; every protocol that is used passes here.

The file and its signatures are read once. The same content is then verified, planned and applied; the file
is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isp.agreement.protocol import EXERCISE, Protocol, ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.broker.in_force import InForce, read_in_force
from isp.signing.signatures import (
    Signature,
    SignatureFile,
    content_digest,
    load_signatures,
    signature_findings,
)
from isp.signing.succession import succession_findings
from schemas.catalogue import Catalogue
from schemas.london import london_today

_UNSIGNED = (
    "is a draft: nobody has signed it. Its officers sign with `ipu isp key` and `ipu isp sign`. "
    "To try it out on this machine, make an exercise with `ipu isp exercise`: a copy signed with new keys"
)
_UNWANTED = (
    f"is an {EXERCISE}: all its keys were made on one machine. Use --exercise to accept it. For "
    "partners' real records use the protocol that their officers have signed"
)

AcceptKeys = Callable[[Protocol], None]
"""Check of a first protocol's keys: returns if they are accepted, raises `ProtocolError` if not."""


@dataclass(frozen=True, slots=True)
class ReadProtocol:
    """A protocol and the signatures of the file next to it, as both were read, once."""

    file: Path
    protocol: Protocol
    signatures: SignatureFile

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the protocol's content, in hexadecimal."""
        return content_digest(self.protocol)

    @property
    def line(self) -> str:
        """Return the protocol's number and short digest as one text, marked if it is an exercise."""
        mark = f" [{EXERCISE}]" if self.protocol.exercise else ""
        return f"number {self.protocol.number}, digest {self.digest[:16]}…{mark}"

    @property
    def is_draft(self) -> bool:
        """Return True if the protocol has no signature."""
        return not self.signatures.entries

    @property
    def findings(self) -> list[str]:
        """Return the faults of the signatures, one line each with the file; none for a draft."""
        if self.is_draft:
            return []
        found = signature_findings(self.protocol, self.signatures.entries, london_today())
        return self.signatures.told(found)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A protocol that may be put in force after the protocol `after`. Only `admit` creates it."""

    protocol: Protocol
    signatures: tuple[Signature, ...]
    after: InForce | None


def read_protocol(file: Path, catalogue: Catalogue) -> ReadProtocol:
    """Read a protocol, signed or not, and the file of its signatures.

    Raises:
        ProtocolError: the file holds no valid protocol, or the file of signatures cannot be read.
    """
    return ReadProtocol(file, load_protocol(file, catalogue), load_signatures(file))


def load_signed(file: Path, catalogue: Catalogue, *, exercise: bool = False) -> ReadProtocol:
    """Read a protocol that is completely signed; accept an exercise only if `exercise` is true.

    Raises:
        ProtocolError: the protocol is not valid, a signature is missing or wrong, or it is an exercise.
    """
    read = read_protocol(file, catalogue)
    require_signed(read, exercise=exercise)
    return read


def require_signed(read: ReadProtocol, *, exercise: bool) -> None:
    """Check that a protocol is signed; accept an exercise only if `exercise` is true.

    Raises:
        ProtocolError: as `load_signed`.
    """
    if read.is_draft:
        raise ProtocolError(f"{read.file} {_UNSIGNED}")
    if read.findings:
        raise ProtocolError("\n".join(read.findings))
    if read.protocol.exercise and not exercise:
        raise ProtocolError(f"{read.file} {_UNWANTED}")


def obstacles(read: ReadProtocol, known: InForce | None, *, over_exercise: bool) -> list[str]:
    """Return the reasons why the protocol may not follow the one in force, one line each with the file."""
    if known is None or _ends_exercise(read, known, over_exercise=over_exercise):
        return []
    found = succession_findings(read.protocol, read.signatures.entries, known.before)
    return [f"{read.file}: {finding}" for finding in found]


def admit(
    signed: ReadProtocol,
    admin: Mapping[str, Any],
    catalogue: Catalogue,
    accept: AcceptKeys,
    *,
    over_exercise: bool = False,
) -> Admitted:
    """Admit a signed protocol as the successor of the one in force.

    If no protocol is in force, nothing confirms to whom the keys belong, so `accept` decides. `accept` also
    decides if `over_exercise` lets a signed protocol replace an exercise.

    Raises:
        ProtocolError: the protocol may not follow, and the text says what would be accepted; or `accept`
            refused its keys.
    """
    known = read_in_force(admin, signed.protocol.prefix, catalogue)
    found = obstacles(signed, known, over_exercise=over_exercise)
    if found:
        raise ProtocolError("\n".join(found))
    is_first = known is None or _ends_exercise(signed, known, over_exercise=over_exercise)
    if is_first and not signed.protocol.exercise:
        accept(signed.protocol)
    return Admitted(signed.protocol, signed.signatures.entries, known)


def _ends_exercise(signed: ReadProtocol, known: InForce, *, over_exercise: bool) -> bool:
    """Return True if the protocol replaces an exercise, whose keys confirm no others."""
    return over_exercise and known.before.exercise and not signed.protocol.exercise
