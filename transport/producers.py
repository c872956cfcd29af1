"""Common to all transactional producers: what an error asks for, and which requests may come late."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum, auto

from confluent_kafka import KafkaError, KafkaException, Producer


class NextStep(Enum):
    """What librdkafka asks for after a call of a transaction has failed."""

    SAME_CALL = auto()
    ABORT = auto()
    GIVE_UP = auto()


def next_step(error: KafkaError) -> NextStep:
    """Return what an error of a transactional call asks for."""
    if error.txn_requires_abort():
        return NextStep.ABORT
    if error.fatal() or not error.retriable():
        return NextStep.GIVE_UP
    return NextStep.SAME_CALL


def serve(producer: Producer, seconds: float = 0) -> None:
    """Have the callbacks called; what a fatal error leads to is for the calls to say."""
    with suppress(KafkaException):
        producer.poll(seconds)


class LateRequests:
    """Whether a request of one producer may still be on its way.

    It could end, or add to, the next transaction of the same producer. So where `may_come` is true, the
    producer is replaced before that: the broker refuses what comes late of an earlier epoch (docs/adr/0033).
    """

    def __init__(self) -> None:
        """Begin with a new producer; no transaction is open that a late request could belong to."""
        self.may_come = False
        self._transactions = 0
        self._connection_lost = False

    def lost_connection(self) -> None:
        """Note that a connection was lost; librdkafka then sends a request again and does not say so."""
        self._connection_lost = True

    def begin(self) -> None:
        """Forget connections that were lost before this transaction."""
        self._connection_lost = False

    def end(self) -> None:
        """Note that a transaction was committed or aborted."""
        self._transactions += 1
        # What connects at first may fail at one address of several, with each new producer.
        self.may_come |= self._connection_lost and self._transactions > 1
