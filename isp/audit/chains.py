"""The names of the audit's chains, and the chains that must exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isp.agreement.topics import Names

CASES = "cases"
"""Chain of the answers to letters, the steps of cases, and the disclosures."""

PROTOCOL = "protocol"
"""Chain of the applications of protocols."""


class Implied(NamedTuple):
    """A chain that must have an entry, and the reason."""

    chain: str
    because: str


def cases_chain(names: Names) -> str:
    """Return the full name of the chain of cases."""
    return f"{names.discloser}.{CASES}"


def protocol_chain(names: Names) -> str:
    """Return the full name of the chain of applications."""
    return f"{names.prefix}.{PROTOCOL}"


def implied_chains(names: Names, *, is_applied: bool, has_cases: bool) -> Iterator[Implied]:
    """Yield the chains that must exist: of protocols after the first application, of cases if there are any.

    The other chains must exist if their heads are held elsewhere, as a worker's are in the receipts.
    """
    if is_applied:
        yield Implied(protocol_chain(names), f"{names.in_force} holds a protocol that was applied")
    if has_cases:
        yield Implied(cases_chain(names), f"{names.cases} holds cases")
