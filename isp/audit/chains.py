"""The chains of the audit by their names, and which of them must be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from isp.agreement.topics import Names
from transport.client_names import BROKER_LOG, recorder_transaction

CASES = "cases"
"""What became of letters and cases, and what was disclosed."""

PROTOCOL = "protocol"
"""Applications of a protocol."""


class Implied(NamedTuple):
    """A chain that must have an entry, and what shows it."""

    chain: str
    because: str


def broker_log_chain(names: Names) -> str:
    """Return the whole name of the chain of reads."""
    return recorder_transaction(names.recorder, BROKER_LOG)


def cases_chain(names: Names) -> str:
    """Return the whole name of the chain of cases."""
    return f"{names.discloser}.{CASES}"


def protocol_chain(names: Names) -> str:
    """Return the whole name of the chain of applications."""
    return f"{names.prefix}.{PROTOCOL}"


def implied_chains(names: Names, *, is_applied: bool, has_cases: bool) -> Iterator[Implied]:
    """Yield the chains that must be there: that of the protocol once it is applied, that of cases if any are.

    A worker's chain is implied by the receipts that hold its heads, every other by what holds theirs.
    """
    if is_applied:
        yield Implied(protocol_chain(names), f"{names.in_force} holds a protocol that was applied")
    if has_cases:
        yield Implied(cases_chain(names), f"{names.cases} holds cases")
