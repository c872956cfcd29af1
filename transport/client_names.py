"""Consumer groups and transactional ids: every name that a program of ours uses, and those of partners' own.

The broker keeps state for each name and reads all of it when it starts. So the access rules grant each
name literally, and nobody can invent another one.
"""

from __future__ import annotations

from typing import Final

OWN_GROUPS: Final = ("group-1", "group-2", "group-3")
"""Endings of the consumer groups that a party has for consumers of its own."""

WORKER_SLOTS: Final = tuple(str(number) for number in range(8))
"""Identities of stream workers; as many can run at once."""

BROKER_LOG: Final = "broker-log"
COMMANDS: Final = "commands"
RECORDER_CHAINS: Final = (BROKER_LOG, COMMANDS)
"""Chains of the audit that the recorder writes; each is written under a transactional id of its own."""


def reader_group(principal: str) -> str:
    """Return the group of consumers that are assigned their partitions: the client asks for a name."""
    return f"{principal}.reader"


def own_groups(principal: str) -> tuple[str, ...]:
    """Return the groups that a party's own consumers can join."""
    return tuple(f"{principal}.{ending}" for ending in OWN_GROUPS)


def worker_group(worker: str) -> str:
    """Return the group of the stream workers."""
    return f"{worker}.pipeline"


def worker_transaction(worker: str, slot: str) -> str:
    """Return the transactional id of the worker in a slot."""
    return f"{worker_group(worker)}.{slot}"


def discloser_group(discloser: str) -> str:
    """Return the group in which the discloser keeps its positions in letters and intake."""
    return f"{discloser}.follow"


def case_groups(discloser: str) -> str:
    """Return what the groups of all cases begin with, before the case."""
    return f"{discloser}.case."


def discloser_transaction(discloser: str) -> str:
    """Return the transactional id of the discloser."""
    return f"{discloser}.0"


def recorder_transaction(recorder: str, chain: str) -> str:
    """Return the transactional id of a chain of the audit; it is the chain's name too."""
    return f"{recorder}.{chain}"


def publishing_transaction(principal: str, dataset: str) -> str:
    """Return the transactional id of the one publisher of an agency's dataset."""
    return f"{principal}.publish.{dataset}"


def table_transaction(principal: str, source: str) -> str:
    """Return the transactional id of the one publisher of an aggregate source."""
    return f"{principal}.aggregate.{source}"
