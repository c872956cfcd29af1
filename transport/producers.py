"""Code shared by all transactional producers: the handling of errors and of requests that may arrive late."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum, auto

from confluent_kafka import KafkaError, KafkaException, Producer


class NextStep(Enum):
    """The step that librdkafka requires after a transactional call has failed."""

    SAME_CALL = auto()
    ABORT = auto()
    GIVE_UP = auto()


def next_step(error: KafkaError) -> NextStep:
    """Return the step that an error of a transactional call requires."""
    if error.txn_requires_abort():
        return NextStep.ABORT
    if error.fatal() or not error.retriable():
        return NextStep.GIVE_UP
    return NextStep.SAME_CALL


def serve(producer: Producer, seconds: float = 0) -> None:
    """Run the producer's callbacks; ignore a fatal error, because the next transactional call reports it."""
    with suppress(KafkaException):
        producer.poll(seconds)


class LateRequests:
    """The state of one producer: `may_come` is true if one of its requests may still arrive at the broker.

    A late request could end, or add to, the next transaction of the same producer. So a producer with
    `may_come` is replaced before the next transaction: the broker refuses requests of an earlier epoch
    (docs/adr/0033).
    """

    def __init__(self) -> None:
        """Begin with a new producer: it has no transaction to which a late request could belong."""
        self.may_come = False
        self._transactions = 0
        self._connection_lost = False

    def lost_connection(self) -> None:
        """Record that a connection was lost; librdkafka then resends requests without reporting it."""
        self._connection_lost = True

    def begin(self) -> None:
        """Begin a transaction; connections that were lost before it no longer count."""
        self._connection_lost = False

    def end(self) -> None:
        """Record that a transaction was committed or aborted."""
        self._transactions += 1
        # The first transaction is exempt: a new producer may fail to connect to one of several addresses.
        self.may_come |= self._connection_lost and self._transactions > 1
