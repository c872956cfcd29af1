"""Publisher of chunks of messages. Each chunk is one Kafka transaction: all of it is committed, or none.

A request without an answer in time may reach the broker during the next transaction and end it. So the
producer is replaced before the next transaction (docs/adr/0033).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
)

from transport.client_settings import transactional_producer
from transport.messages import Output
from transport.producers import LateRequests, NextStep, next_step, serve
from transport.refusals import Alarms, NoAnswer, Refusal, Refused, refusal_of

CALL_SECONDS = 2.0
ATTEMPTS = 3
TRANSACTION_TIMEOUT_MS = 15_000
PAUSE_SECONDS = 0.1


class _AbortAndRetry(Exception):
    """The transaction must be aborted. It may then be tried again."""


class Publisher:
    """The only publisher under a transactional id: a new one fences the earlier one.

    Each wait for the broker ends within `seconds`.
    """

    def __init__(self, client: Mapping[str, Any], transactional_id: str, seconds: float) -> None:
        """Take over from an earlier publisher and abort a transaction that it left open.

        Raises:
            Refused, NoAnswer: as `write`.
        """
        self._settings = _settings(client, transactional_id)
        self._seconds = seconds
        self._take_over()

    def _take_over(self) -> None:
        alarms, late = Alarms(), LateRequests()

        def reported(error: KafkaError) -> None:
            late.lost_connection()
            alarms(error)

        self._alarms, self._late = alarms, late
        self._undelivered: Refusal | None = None
        self._producer = Producer({**self._settings, "error_cb": reported})
        try:
            self._until_done(lambda: self._producer.init_transactions(CALL_SECONDS))
        except _AbortAndRetry as error:
            raise NoAnswer from error
        # No transaction was open that a late request could belong to.
        self._late.may_come = False

    def write(
        self, messages: Sequence[Output], another_wrote: Callable[[], bool] = lambda: False
    ) -> None:
        """Write all of `messages` in one transaction.

        `another_wrote` is called after this publisher had to replace its producer. It returns True if another
        publisher has written in the meantime.

        Raises:
            Refused: the broker refused a message, the transaction or the login, or another publisher took
                over. No reader of committed messages sees any of `messages`.
            NoAnswer: the broker did not answer in time. The messages may have been committed. The next
                publisher aborts the transaction if it is still open, and can then find out.
        """
        again = Retrying(
            retry=retry_if_exception_type(_AbortAndRetry),
            # A broker that has just restarted refuses resent requests for a short time.
            stop=stop_after_attempt(ATTEMPTS) & stop_after_delay(self._seconds),
            wait=wait_exponential(PAUSE_SECONDS, CALL_SECONDS),
            after=lambda _state: self._abort(),
            reraise=True,
        )
        try:
            again(self._write_once, messages, another_wrote)
        except _AbortAndRetry as error:
            raise NoAnswer from error

    def _write_once(self, messages: Sequence[Output], another_wrote: Callable[[], bool]) -> None:
        if self._late.may_come:
            self._renew(another_wrote)
        serve(self._producer)
        self._undelivered = None
        self._late.begin()
        self._until_done(self._producer.begin_transaction)
        for message in messages:
            self._produce(message)
        self._end(lambda: self._producer.commit_transaction(CALL_SECONDS))

    def _renew(self, another_wrote: Callable[[], bool]) -> None:
        """Replace the producer: the broker refuses late requests of an earlier epoch."""
        # Without a reference to the producer librdkafka ends its threads. Nothing waits for them.
        del self._producer
        self._take_over()
        if another_wrote():
            fenced = KafkaError(KafkaError._FENCED)  # noqa: SLF001 - librdkafka's name for it
            raise Refused(refusal_of(fenced))

    def _end(self, call: Callable[[], Any]) -> None:
        """Commit or abort, and record whether librdkafka may have sent a request twice."""
        try:
            self._until_done(call)
        finally:
            serve(self._producer)
            self._late.end()

    def _produce(self, message: Output) -> None:
        topic, key, value, headers, timestamp_ms = message
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    headers=headers,
                    timestamp=timestamp_ms,
                    on_delivery=self._delivered,
                )
            except BufferError:
                serve(self._producer, PAUSE_SECONDS)
            except KafkaException as error:
                self._judge(error.args[0])
            else:
                serve(self._producer)
                return
        raise NoAnswer

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and self._undelivered is None:
            refusal = refusal_of(error)
            self._undelivered = refusal if refusal.is_final else None

    def _abort(self) -> None:
        try:
            self._end(lambda: self._producer.abort_transaction(CALL_SECONDS))
        except _AbortAndRetry as error:
            raise NoAnswer from error

    def _until_done(self, call: Callable[[], Any]) -> None:
        """Repeat `call` until it succeeds, while librdkafka allows it and `seconds` have not passed."""
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            try:
                call()
            except KafkaException as error:
                serve(self._producer, PAUSE_SECONDS)
                self._judge(error.args[0])
                self._late.may_come = True
            else:
                return
        raise NoAnswer

    def _judge(self, error: KafkaError) -> None:
        """Return if the same call may be repeated; raise if not."""
        # The refusal of a message says more than the failure of its transaction.
        cause = self._undelivered or self._alarms.refusal or refusal_of(error)
        if cause.is_final:
            raise Refused(cause)
        step = next_step(error)
        if step is NextStep.ABORT:
            raise _AbortAndRetry(error.name())
        if step is NextStep.GIVE_UP:
            raise Refused(cause)


def _settings(client: Mapping[str, Any], transactional_id: str) -> dict[str, Any]:
    return {
        **transactional_producer(client, transactional_id, TRANSACTION_TIMEOUT_MS),
        "linger.ms": 5,
        "log_level": 0,
    }
