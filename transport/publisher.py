"""Publishes chunks of messages, each in one Kafka transaction: all of a chunk or nothing of it.

A request that got no answer in time may reach the broker in the next transaction, and end it. So the producer
is replaced before that (docs/adr/0033).
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

from transport.messages import Output
from transport.producers import LateRequests, NextStep, next_step, serve
from transport.refusals import Alarms, NoAnswer, Refusal, Refused, refusal_of

CALL_SECONDS = 2.0
ATTEMPTS = 3
TRANSACTION_TIMEOUT_MS = 15_000
PAUSE_SECONDS = 0.1


class _AbortAndRetry(Exception):
    """The transaction must be aborted and may then be tried again."""


class Publisher:
    """The one publisher under its transactional id: making one takes the place of any earlier one.

    Every wait for the broker ends within `seconds`.
    """

    def __init__(self, client: Mapping[str, Any], transactional_id: str, seconds: float) -> None:
        """Take over from an earlier publisher, ending what it left open; errors as `write`."""
        self._settings = {**client, **_settings(transactional_id)}
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
        """Write all of `messages`, or raise with nothing of them readable unless said otherwise.

        `another_wrote` is asked where this publisher had to take its place anew, which another one may have
        had in between.

        Raises:
            Refused: the broker refuses a message, the transaction or the login, or another one took over.
            NoAnswer: whether the messages were written is found by the next publisher, which ends what this
                one left open.
        """
        again = Retrying(
            retry=retry_if_exception_type(_AbortAndRetry),
            # A broker that has just come back refuses for a while what librdkafka sends again.
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
        """Replace the producer: the broker refuses what comes late of an earlier epoch."""
        # Without a reference to it librdkafka ends its threads; nothing of it is waited for.
        del self._producer
        self._take_over()
        if another_wrote():
            fenced = KafkaError(KafkaError._FENCED)  # noqa: SLF001 - librdkafka's name for it
            raise Refused(refusal_of(fenced))

    def _end(self, call: Callable[[], Any]) -> None:
        """Commit or abort; note whether a lost connection may have had a request sent twice."""
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
        """Make the same call again while librdkafka says that it may be, and the time lasts."""
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
        """Return where the same call may be made again; raise where it may not."""
        # What a message was refused for says more than that its transaction failed.
        cause = self._undelivered or self._alarms.refusal or refusal_of(error)
        if cause.is_final:
            raise Refused(cause)
        step = next_step(error)
        if step is NextStep.ABORT:
            raise _AbortAndRetry(error.name())
        if step is NextStep.GIVE_UP:
            raise Refused(cause)


def _settings(transactional_id: str) -> dict[str, Any]:
    return {
        # Stable, so that a new publisher fences a twin and ends what a crashed one left open.
        "transactional.id": transactional_id,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        # A commit that meets the markers of the one before is retried after this time.
        "retry.backoff.ms": 10,
        "compression.type": "lz4",
        "linger.ms": 5,
        "log_level": 0,
    }
