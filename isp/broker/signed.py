"""The door through which every protocol comes that something is done by.

The file and its signatures are read once. What was read is verified, planned, followed and applied; the
file is not looked at again.
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
    "is a draft: nobody has signed it. Its officers sign with `ipu isp key` and `ipu isp sign`; "
    "to try it out on this machine, `ipu isp exercise` makes a copy signed with keys of its own"
)
_UNWANTED = (
    f"is an {EXERCISE}: its keys were made on one machine. --exercise takes it knowingly; for "
    "partners' own records take the protocol that their officers have signed"
)

AcceptKeys = Callable[[Protocol], None]
"""Returns if the keys of a protocol are accepted where none is in force; raises `ProtocolError` otherwise."""


@dataclass(frozen=True, slots=True)
class ReadProtocol:
    """A protocol with the signatures beside it, as both were read: once."""

    file: Path
    protocol: Protocol
    signatures: SignatureFile

    @property
    def digest(self) -> str:
        """SHA-256 of what the protocol says, in hexadecimal."""
        return content_digest(self.protocol)

    @property
    def line(self) -> str:
        """Number and digest in a few words, and whether it is an exercise."""
        mark = f" [{EXERCISE}]" if self.protocol.exercise else ""
        return f"number {self.protocol.number}, digest {self.digest[:16]}…{mark}"

    @property
    def is_draft(self) -> bool:
        """Whether nobody has signed it."""
        return not self.signatures.entries

    @property
    def findings(self) -> list[str]:
        """Why it does not count as signed, one line each with its file; none for a draft."""
        if self.is_draft:
            return []
        found = signature_findings(self.protocol, self.signatures.entries, london_today())
        return self.signatures.told(found)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A protocol that may be put in force after the one that is; `admit` alone makes it."""

    protocol: Protocol
    signatures: tuple[Signature, ...]
    after: InForce | None


def read_protocol(file: Path, catalogue: Catalogue) -> ReadProtocol:
    """Read a protocol, signed or not, and the signatures beside it.

    Raises:
        ProtocolError: it is no protocol, or the file beside it holds no signatures.
    """
    return ReadProtocol(file, load_protocol(file, catalogue), load_signatures(file))


def load_signed(file: Path, catalogue: Catalogue, *, exercise: bool = False) -> ReadProtocol:
    """Read a protocol that is signed as it must be; an exercise only where that is wanted.

    Raises:
        ProtocolError: it cannot be applied at all, or somebody's signature is missing or does not hold.
    """
    read = read_protocol(file, catalogue)
    require_signed(read, exercise=exercise)
    return read


def require_signed(read: ReadProtocol, *, exercise: bool) -> None:
    """Check that a protocol is signed, and is no exercise unless that is wanted. Errors as `load_signed`."""
    if read.is_draft:
        raise ProtocolError(f"{read.file} {_UNSIGNED}")
    if read.findings:
        raise ProtocolError("\n".join(read.findings))
    if read.protocol.exercise and not exercise:
        raise ProtocolError(f"{read.file} {_UNWANTED}")


def obstacles(read: ReadProtocol, known: InForce | None, *, over_exercise: bool) -> list[str]:
    """Why the protocol may not follow the one in force, one line each with its file."""
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
    """Let a signed protocol follow the one in force.

    Where none is in force nothing says whose the keys are, so `accept` is asked; so too where
    `over_exercise` lets a signed protocol take the place of an exercise.

    Raises:
        ProtocolError: it may not follow, with what is accepted; or its keys are not accepted.
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
    """Whether it takes the place of an exercise, from whose keys nothing follows."""
    return over_exercise and known.before.exercise and not signed.protocol.exercise
