"""One Kafka transaction a batch: outputs and input offsets become visible together or not at all.

The recipe answers what was seen to go wrong: librdkafka's calls can be retriable, abortable or
fatal, and some can hang for good after a broker restart (its issues 5456 and 5511), past the time
they are given. So a watchdog outside the interpreter ends the process when a call does not come
back, or when a transaction takes too long in all.

A request that got no answer in time may still be on its way. The broker cannot tell to which transaction of
a producer it belongs (librdkafka has no KIP-890, its issue 5423), so it could commit half of a later one. A
producer that may have such a request out is given up before the next transaction (docs/adr/0033).

What a transaction produces can be read uncommitted. So its audit entries are acknowledged by the broker
before anything else of it is produced (docs/adr/0024).
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
"""How much longer than it was given a call may take before it counts as stuck."""
WATCHDOG_SECONDS = 20.0
"""How long a transaction may take, with every call that is made again."""
FIRST_CALL_SECONDS = 60.0
PROBE_SECONDS = 1.0
"""How long the audit's acknowledgement is awaited before the transaction is asked whether it failed."""
# Within one call librdkafka looks each 10 ms whether a message is acknowledged.
_FLUSH_SECONDS = 0.002
STDERR = 2
_BETWEEN_TRIES_SECONDS = 0.02


class TransactionAborted(RuntimeError):
    """Nothing of the batch was written; it must be read again from the committed offsets."""


class OutputsTooLarge(TransactionAborted):
    """A message of the batch is above a limit on size; the same batch would be refused again."""


class Unmendable(RuntimeError):
    """The process cannot go on; its supervisor starts a new one, which takes over the transaction."""


class _Reports:
    """What one producer's callbacks have reported; another producer has reports of its own."""

    def __init__(self) -> None:
        self.denied: str | None = None
        self.undelivered: str | None = None
        self.too_large: str | None = None
        self.late = LateRequests()

    def begin(self) -> None:
        """Forget what was reported of an earlier transaction, and since."""
        self.undelivered = self.too_large = None
        self.late.begin()

    def failed(self, error: KafkaError, message: Message) -> None:
        """Keep what the commit will not say: which topic may not be written, or not so much at once."""
        said = f"{error.name()}: {error.str()} (topic {message.topic()})"
        self.undelivered = self.undelivered or said
        if error.code() in DENIED:
            self.denied = said
        if error.code() in TOO_LARGE:
            self.too_large = said

    def troubled(self, error: KafkaError) -> None:
        """Keep that a connection was lost."""
        log.warning("Kafka: %s", error.name())
        self.late.lost_connection()


class Transactor:
    """Writes batches, each in one transaction. All calls come from one thread."""

    def __init__(self, config: dict[str, Any], audit: str, *, renews: bool = False) -> None:
        """Take the place of any earlier producer of the same transactional id; `Unmendable` if it cannot.

        What is written to the topic `audit` goes before all else. `renews` lets a producer whose requests may
        come late be replaced. Give it only where another process that has taken the place of this one makes
        the broker refuse the offsets of this one, as it does for the members of a group: the new producer
        would take the place back. Without it `write` raises `Unmendable` then.
        """
        self._audit = audit
        self._renews = renews
        self._name = str(config["transactional.id"])
        self._config = {**config, "delivery.report.only.error": True}
        self._take_over()

    def _take_over(self) -> None:
        """Make the producer, which ends whatever an earlier one of its transactional id has left open."""
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
            raise Unmendable(str(error)) from error
        # No transaction was open that a late request could belong to.
        self._reports.late.may_come = False

    def _renew(self) -> None:
        """Replace the producer: the new one's epoch makes the broker refuse what is late of the old one."""
        if not self._renews:
            raise Unmendable(f"{self._name}: a request may come late; this process must begin anew")
        log.warning("%s: a request may come late; a new producer takes over", self._name)
        with watchdog(CALL_SECONDS + GRACE_SECONDS):
            # It has nothing left to send. Without a reference to it librdkafka ends its threads.
            del self._producer
        self._take_over()

    def write(self, outputs: Sequence[Output], offsets: list[TopicPartition], group: Any) -> None:
        """Commit `outputs` with the input `offsets` of the consumer group.

        Raises:
            OutputsTooLarge: the transaction was undone, and would be again with the same outputs.
            TransactionAborted: the transaction was undone; read the batch again.
            Unmendable: neither known to be done nor undone, or fenced; leave the process.
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
            """Also says why the transaction has failed, where it has."""
            self._until_done(
                lambda: producer.send_offsets_to_transaction(offsets, group, CALL_SECONDS),
                clock,
                about=f"{self._name}, with no more than {self._audit} produced",
            )

        try:
            self._until_done(producer.begin_transaction, clock)
            self._produce(entries, clock)
            # Meanwhile the entries are on their way.
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
        """Wait until the broker has acknowledged what was produced; `probe` says why it has not."""
        while self._flush(clock) or self._reports.undelivered is not None:
            probe()
            if self._reports.undelivered is not None:
                raise TransactionAborted(self._reports.undelivered)
            if clock.is_spent:
                raise Unmendable(f"{self._audit}: the audit was not acknowledged in time")

    def _flush(self, clock: _Clock) -> int:
        """Wait for what was produced; return how much of it the broker has not answered in time."""
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
        """Make the same call, given `seconds`, again while librdkafka says that it may be."""
        while True:
            try:
                with watchdog(min(seconds + GRACE_SECONDS, clock.left)):
                    call()
            except KafkaException as error:
                if self._reports.denied is not None:
                    raise Unmendable(self._reports.denied) from error
                _raise_unless_retriable(error, f"transactional id {about or self._name}")
                if clock.is_spent:
                    raise Unmendable(f"{error.args[0].name()}: the time for it is spent") from error
                self._reports.late.may_come |= _is_unanswered(error.args[0])
                log.warning("transaction: %s; the same call again", error.args[0].name())
                time.sleep(_BETWEEN_TRIES_SECONDS)
            else:
                return


class _Clock:
    """Runs down from `seconds`, and never quite to nothing: a watchdog needs something to wait."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        return time.monotonic() > self._end

    @property
    def left(self) -> float:
        return max(self._end - time.monotonic(), 0.1)


def _is_unanswered(error: KafkaError) -> bool:
    """Return True for an error of the client's own: the broker has not answered the request."""
    return error.code() < 0 or error.code() == KafkaError.REQUEST_TIMED_OUT


def _raise_unless_retriable(error: KafkaException, about: str) -> None:
    cause = error.args[0]
    message = f"{cause.name()}: {cause.str()} ({about})"
    # An abort would be followed by the same refusal, for ever.
    if cause.code() in DENIED:
        raise Unmendable(message) from error
    if cause.code() in TOO_LARGE and not cause.fatal():
        raise OutputsTooLarge(message) from error
    step = next_step(cause)
    if step is NextStep.ABORT:
        raise TransactionAborted(message) from error
    if step is NextStep.GIVE_UP:
        raise Unmendable(message) from error


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
