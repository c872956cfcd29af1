"""One Kafka transaction a batch: outputs and input offsets become visible together or not at all.

The recipe answers what was seen to go wrong: librdkafka's calls can be retriable, abortable or
fatal, and some can hang for good after a broker restart (its issues 5456 and 5511), so a watchdog
outside the interpreter ends the process when a transaction takes too long.
"""

from __future__ import annotations

import faulthandler
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from streams.messages import Output

log = logging.getLogger(__name__)

CALL_SECONDS = 5.0
WATCHDOG_SECONDS = 20.0
FIRST_CALL_SECONDS = 60.0
STDERR = 2
# An abort would be followed by the same refusal, for ever.
_NOT_ALLOWED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


class TransactionAborted(RuntimeError):
    """Nothing of the batch was written; it must be read again from the committed offsets."""


class Unmendable(RuntimeError):
    """The process cannot go on; its supervisor starts a new one, which takes over the transaction."""


class Transactor:
    """Writes batches, each in one transaction. All calls come from one thread."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Take the place of any earlier producer of the same transactional id; `Unmendable` if it cannot."""
        self._producer = Producer(config)
        with watchdog(FIRST_CALL_SECONDS + CALL_SECONDS):
            try:
                self._until_done(lambda: self._producer.init_transactions(FIRST_CALL_SECONDS))
            except TransactionAborted as error:
                raise Unmendable(str(error)) from error

    def write(self, outputs: Sequence[Output], offsets: list[TopicPartition], group: Any) -> None:
        """Commit `outputs` with the input `offsets` of the consumer group.

        Raises:
            TransactionAborted: the transaction was undone; read the batch again.
            Unmendable: neither known to be done nor undone, or fenced; leave the process.
        """
        with watchdog(WATCHDOG_SECONDS):
            try:
                self._until_done(self._producer.begin_transaction)
                self._produce(outputs)
                self._until_done(
                    lambda: self._producer.send_offsets_to_transaction(offsets, group, CALL_SECONDS)
                )
                self._until_done(lambda: self._producer.commit_transaction(CALL_SECONDS))
            except TransactionAborted:
                self._until_done(lambda: self._producer.abort_transaction(CALL_SECONDS))
                raise

    def _produce(self, outputs: Sequence[Output]) -> None:
        produce = self._producer.produce
        for topic, key, value, headers, timestamp_ms in outputs:
            while True:
                try:
                    produce(topic, value, key, headers=headers, timestamp=timestamp_ms)
                    break
                except BufferError:
                    self._until_done(lambda: self._producer.poll(0.1))
                except KafkaException as error:
                    _raise_unless_retriable(error)
        self._until_done(lambda: self._producer.poll(0))

    def _until_done(self, call: Callable[[], Any]) -> None:
        """Make the same call again while librdkafka says that it may be; the watchdog bounds it."""
        while True:
            try:
                call()
            except KafkaException as error:
                _raise_unless_retriable(error)
                log.warning("transaction: %s; the same call again", error.args[0].name())
            else:
                return


def _raise_unless_retriable(error: KafkaException) -> None:
    cause = error.args[0]
    if cause.code() in _NOT_ALLOWED:
        raise Unmendable(f"{cause.name()}: {cause.str()}") from error
    if cause.txn_requires_abort():
        raise TransactionAborted(f"{cause.name()}: {cause.str()}") from error
    if cause.fatal() or not cause.retriable():
        raise Unmendable(f"{cause.name()}: {cause.str()}") from error


@contextmanager
def watchdog(seconds: float) -> Iterator[None]:
    """End the process, with a trace of where it stood, if the block takes longer.

    A thread of the C library, so it fires while a call holds the interpreter's lock.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
