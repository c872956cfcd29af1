"""One Kafka transaction per batch: outputs and input offsets are committed together, or not at all.

An error of a librdkafka call can be retriable, abortable or fatal. Some calls never return after a broker
restart, whatever timeout they were given (librdkafka issues 5456 and 5511). So a watchdog outside the
interpreter ends the process if a call does not return, or if a transaction takes too long as a whole.

A request without an answer in time may still arrive at the broker. The broker cannot know to which
transaction of the producer it belongs (librdkafka lacks KIP-890, its issue 5423). So the request could commit
half of a later transaction. A producer that may have such a request is replaced before the next transaction
(docs/adr/0033).

A reader of uncommitted messages sees the outputs of an open transaction. So the broker must acknowledge the
audit entries of a transaction before any other output is produced (docs/adr/0024).
"""

from __future__ import annotations

import faulthandler
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from transport.messages import Output
from transport.producers import LateRequests, NextStep, next_step, serve
from transport.refusals import DENIED, TOO_LARGE

log = logging.getLogger(__name__)

CALL_SECONDS = 5.0
GRACE_SECONDS = 3.0
"""A call that exceeds its timeout by this time counts as stuck."""
WATCHDOG_SECONDS = 20.0
"""Time limit of a transaction, including all repeated calls."""
FIRST_CALL_SECONDS = 60.0
PROBE_SECONDS = 1.0
"""Wait for the acknowledgement of the audit entries before a check whether the transaction has failed."""
# Within one call librdkafka checks only every 10 ms whether a message is acknowledged.
_FLUSH_SECONDS = 0.002
STDERR = 2
_BETWEEN_TRIES_SECONDS = 0.02


class TransactionAborted(RuntimeError):
    """The transaction was aborted: no output is committed. Read again from the committed offsets."""


class OutputsTooLarge(TransactionAborted):
    """A message of the batch exceeds a size limit. The broker would refuse the same batch again."""


class FatalWorkerError(RuntimeError):
    """The process cannot continue. Its supervisor starts a new one, which takes over the transactional id."""


class _Reports:
    """Reports of one producer's callbacks. Each producer has its own."""

    def __init__(self) -> None:
        self.denied: str | None = None
        self.undelivered: str | None = None
        self.too_large: str | None = None
        self.late = LateRequests()

    def begin(self) -> None:
        """Begin a transaction: delete the reports of the time before it."""
        self.undelivered = self.too_large = None
        self.late.begin()

    def failed(self, error: KafkaError, message: Message) -> None:
        """Store the failed message's topic and error: the error of the commit does not hold them."""
        said = f"{error.name()}: {error.str()} (topic {message.topic()})"
        self.undelivered = self.undelivered or said
        if error.code() in DENIED:
            self.denied = said
        if error.code() in TOO_LARGE:
            self.too_large = said

    def troubled(self, error: KafkaError) -> None:
        """Log an error of the client, and record that a connection may have been lost."""
        log.warning("Kafka: %s", error.name())
        self.late.lost_connection()


class Transactor:
    """Writer of batches, each in one transaction. Call all methods from the same thread."""

    def __init__(self, config: dict[str, Any], audit: str, *, renews: bool = False) -> None:
        """Take over the transactional id from any earlier producer.

        Outputs to the topic `audit` are written before all others. With `renews`, a producer that may have a
        late request is replaced; without it, `write` raises `FatalWorkerError` in that case. A replacement
        fences any other process with this transactional id. So set `renews` only if the broker refuses the
        offsets of a process that another has replaced, as it does for members of a consumer group.

        Raises:
            FatalWorkerError: the broker refused to initialise the producer, or did not answer in time.
        """
        self._audit = audit
        self._renews = renews
        self._name = str(config["transactional.id"])
        self._config = {**config, "delivery.report.only.error": True}
        self._take_over()

    def _take_over(self) -> None:
        """Create the producer; it aborts a transaction that an earlier one with this id left open."""
        self._reports = _Reports()
        callbacks = {"on_delivery": self._reports.failed, "error_cb": self._reports.troubled}
        self._producer = Producer({**self._config, **callbacks})
        clock = _Clock(FIRST_CALL_SECONDS + GRACE_SECONDS)
        try:
            self._until_done(
                lambda: self._producer.init_transactions(FIRST_CALL_SECONDS),
                clock,
                FIRST_CALL_SECONDS,
            )
        except TransactionAborted as error:
            raise FatalWorkerError(str(error)) from error
        # The new producer has no open transaction to which a late request could belong.
        self._reports.late.may_come = False

    def _renew(self) -> None:
        """Replace the producer: because of the new epoch the broker refuses late requests of the old one."""
        if not self._renews:
            raise FatalWorkerError(
                f"{self._name}: a request may arrive late; the process must restart"
            )
        log.warning("%s: a request may arrive late; replacing the producer", self._name)
        with watchdog(CALL_SECONDS + GRACE_SECONDS):
            # It has no message left to send. Without a reference to it librdkafka ends its threads.
            del self._producer
        self._take_over()

    def write(self, outputs: Sequence[Output], offsets: list[TopicPartition], group: Any) -> None:
        """Commit `outputs` together with the input `offsets` of the consumer group `group`.

        Raises:
            OutputsTooLarge: the transaction was aborted, and would be aborted again with the same outputs.
            TransactionAborted: the transaction was aborted; read the batch again.
            FatalWorkerError: the broker refused, fenced the producer, or left it unknown whether the
                transaction was committed; end the process.
        """
        if self._reports.late.may_come:
            self._renew()
        serve(self._producer)
        self._reports.begin()
        try:
            self._write(outputs, offsets, group)
        finally:
            serve(self._producer)
            self._reports.late.end()

    def _write(self, outputs: Sequence[Output], offsets: list[TopicPartition], group: Any) -> None:
        producer, clock = self._producer, _Clock(WATCHDOG_SECONDS)
        entries = [output for output in outputs if output.topic == self._audit]
        others = [output for output in outputs if output.topic != self._audit]

        def send_offsets() -> None:
            """Send the input offsets; raise the reason if the transaction has failed already."""
            self._until_done(
                lambda: producer.send_offsets_to_transaction(offsets, group, CALL_SECONDS),
                clock,
                about=f"{self._name}, with no more than {self._audit} produced",
            )

        try:
            self._until_done(producer.begin_transaction, clock)
            self._produce(entries, clock)
            # The entries are sent in the background meanwhile.
            send_offsets()
            self._await_delivery(send_offsets, clock)
            self._produce(others, clock)
            # The commit would wait for them too, but in steps of 10 ms. It says what was not delivered.
            self._flush(clock)
            self._until_done(lambda: producer.commit_transaction(CALL_SECONDS), clock)
        except TransactionAborted as error:
            self._until_done(lambda: producer.abort_transaction(CALL_SECONDS), clock)
            if self._reports.too_large is not None and not isinstance(error, OutputsTooLarge):
                raise OutputsTooLarge(self._reports.too_large) from error
            raise

    def _await_delivery(self, probe: Callable[[], Any], clock: _Clock) -> None:
        """Wait until the broker has acknowledged all messages; `probe` raises if the transaction failed."""
        while self._flush(clock) or self._reports.undelivered is not None:
            probe()
            if self._reports.undelivered is not None:
                raise TransactionAborted(self._reports.undelivered)
            if clock.is_spent:
                raise FatalWorkerError(
                    f"{self._audit}: the broker did not acknowledge the audit in time"
                )

    def _flush(self, clock: _Clock) -> int:
        """Wait for the acknowledgements; return the number of messages still without one after the time."""
        probe_at = time.monotonic() + PROBE_SECONDS
        with watchdog(min(PROBE_SECONDS + GRACE_SECONDS, clock.left)):
            while True:
                left = int(self._producer.flush(_FLUSH_SECONDS))
                if not left or time.monotonic() > probe_at:
                    return left

    def _produce(self, outputs: Sequence[Output], clock: _Clock) -> None:
        with watchdog(clock.left):
            for output in outputs:
                self._produce_one(output)
            self._producer.poll(0)

    def _produce_one(self, output: Output) -> None:
        topic, key, value, headers, timestamp_ms = output
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, timestamp=timestamp_ms)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                _raise_unless_retriable(error, f"topic {topic}")
            else:
                return

    def _until_done(
        self,
        call: Callable[[], Any],
        clock: _Clock,
        seconds: float = CALL_SECONDS,
        about: str | None = None,
    ) -> None:
        """Repeat `call` until it succeeds, while librdkafka allows it; one call may take `seconds`."""
        while True:
            try:
                with watchdog(min(seconds + GRACE_SECONDS, clock.left)):
                    call()
            except KafkaException as error:
                if self._reports.denied is not None:
                    raise FatalWorkerError(self._reports.denied) from error
                _raise_unless_retriable(error, f"transactional id {about or self._name}")
                if clock.is_spent:
                    raise FatalWorkerError(f"{error.args[0].name()}: not done in time") from error
                self._reports.late.may_come |= _is_unanswered(error.args[0])
                log.warning("transaction: %s; repeating the call", error.args[0].name())
                time.sleep(_BETWEEN_TRIES_SECONDS)
            else:
                return


class _Clock:
    """A countdown from `seconds`. `left` never falls to 0, because a watchdog needs a positive time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        return time.monotonic() > self._end

    @property
    def left(self) -> float:
        return max(self._end - time.monotonic(), 0.1)


def _is_unanswered(error: KafkaError) -> bool:
    """Return True for a timeout or an error of the client itself: the broker did not answer the request."""
    return error.code() < 0 or error.code() == KafkaError.REQUEST_TIMED_OUT


def _raise_unless_retriable(error: KafkaException, about: str) -> None:
    cause = error.args[0]
    message = f"{cause.name()}: {cause.str()} ({about})"
    # After an abort the same refusal would follow, without end.
    if cause.code() in DENIED:
        raise FatalWorkerError(message) from error
    if cause.code() in TOO_LARGE and not cause.fatal():
        raise OutputsTooLarge(message) from error
    step = next_step(cause)
    if step is NextStep.ABORT:
        raise TransactionAborted(message) from error
    if step is NextStep.GIVE_UP:
        raise FatalWorkerError(message) from error


@contextmanager
def watchdog(seconds: float) -> Iterator[None]:
    """End the process and write its stack trace to stderr, if the block takes longer than `seconds`.

    The timer is a thread of the C library, so it also works while a call holds the interpreter's lock.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
