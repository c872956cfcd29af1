"""Names of consumer groups and transactional ids, for this project's programs and for partners' consumers.

The broker keeps state for each name and reads all of it when it starts. So the ACLs grant each name
literally, and no client can use another name.
"""

from __future__ import annotations

from typing import Final

OWN_GROUPS: Final = ("group-1", "group-2", "group-3")
"""Suffixes of the consumer groups that a party may use for its own consumers."""

WORKER_SLOTS: Final = tuple(str(number) for number in range(8))
"""Identities of stream workers. At most this many workers run at the same time."""

ALERTER_SLOTS: Final = tuple(str(number) for number in range(4))
"""Identities of alerts agents. One of them decides; the others are hot standbys."""

DETECTOR_SLOTS: Final = tuple(str(number) for number in range(4))
"""Identities of detectors of emerging problems. One of them detects; the others are hot standbys."""

BROKER_LOG: Final = "broker-log"
COMMANDS: Final = "commands"
RECORDER_CHAINS: Final = (BROKER_LOG, COMMANDS)
"""Audit chains that the recorder writes. Each chain has its own transactional id."""

COPIES: Final = "copies"
"""The audit chain of the information hub's copies, which the hub writes."""

HUB_LOG: Final = "hub-log"
"""A chain of the recorder that there is only with a hub: reads of the hub in PostgreSQL."""


def reader_group(principal: str) -> str:
    """Return the group id for consumers with assigned partitions; the client library requires one."""
    return f"{principal}.reader"


def own_groups(principal: str) -> tuple[str, ...]:
    """Return the groups that a party's own consumers may join."""
    return tuple(f"{principal}.{ending}" for ending in OWN_GROUPS)


def worker_group(worker: str) -> str:
    """Return the consumer group of the stream workers."""
    return f"{worker}.pipeline"


def worker_transaction(worker: str, slot: str) -> str:
    """Return the transactional id of the worker that has the slot `slot`."""
    return f"{worker_group(worker)}.{slot}"


def alerter_group(alerter: str) -> str:
    """Return the consumer group of the alerts agents."""
    return f"{alerter}.decide"


def alerter_transaction(alerter: str, slot: str) -> str:
    """Return the transactional id of the alerts agent that has the slot `slot`."""
    return f"{alerter_group(alerter)}.{slot}"


def detector_group(detector: str) -> str:
    """Return the consumer group of the detectors of emerging problems."""
    return f"{detector}.detect"


def detector_transaction(detector: str, slot: str) -> str:
    """Return the transactional id of the detector of emerging problems that has the slot `slot`."""
    return f"{detector_group(detector)}.{slot}"


def discloser_group(discloser: str) -> str:
    """Return the group in which the discloser commits its offsets of requests and intake."""
    return f"{discloser}.follow"


def case_groups(discloser: str) -> str:
    """Return the prefix of the groups of all cases; the id of the case follows it."""
    return f"{discloser}.case."


def discloser_transaction(discloser: str) -> str:
    """Return the transactional id of the discloser."""
    return f"{discloser}.0"


def recorder_transaction(principal: str, chain: str) -> str:
    """Return the transactional id of an audit chain that `principal` writes; it is its name, too."""
    return f"{principal}.{chain}"


def publishing_transaction(principal: str, dataset: str) -> str:
    """Return the transactional id of the only publisher of an agency's dataset."""
    return f"{principal}.publish.{dataset}"


def table_transaction(principal: str, source: str) -> str:
    """Return the transactional id of the only publisher of an aggregate source."""
    return f"{principal}.aggregate.{source}"
