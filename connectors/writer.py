"""Writes chunks of messages, each in one Kafka transaction: all of a chunk or nothing of it.

A request that got no answer in time may reach the broker in the next transaction, and end it. So the producer
is replaced before that (docs/adr/0033).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
)

from connectors.account import Account, no_answer
from connectors.failures import FINAL, Alarms, explained, silent
from schemas.topics import MAXIMUM_INTAKE_BYTES, PARTNER_BATCH_BYTES

CALL_S = 2.0
ATTEMPTS = 3
TRANSACTION_TIMEOUT_MS = 15_000
PAUSE_S = 0.1

Headers = list[tuple[str, str | bytes | None]]


class Outgoing(NamedTuple):
    """One message to write."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers | None = None


class _ToBeRepeatedError(Exception):
    """The transaction must be undone and may then be tried again."""


class TransactionalWriter:
    """The one writer of an agency's dataset: making one takes the place of any earlier one.

    Every wait ends within the account's patience. `resource` is what messages say it writes.
    """

    def __init__(
        self,
        account: Account,
        transactional_id: str,
        resource: str,
    ) -> None:
        """Take over from an earlier writer, ending what it left open; errors as `write`."""
        self._account = account
        self._transactional_id = transactional_id
        self._resource = resource
        self._take_over()

    def _take_over(self) -> None:
        self._alarms = Alarms()
        self._undelivered: KafkaError | None = None
        self._transactions = 0
        self._producer = Producer(_config(self._account, self._transactional_id, self._alarms))
        try:
            self._until_done(lambda: self._producer.init_transactions(CALL_S))
        except _ToBeRepeatedError as error:
            raise no_answer(self._account) from error
        self._interrupted = False

    def write(
        self, messages: Sequence[Outgoing], another_wrote: Callable[[], bool] = lambda: False
    ) -> None:
        """Write all of `messages`, or raise with nothing of them readable unless said otherwise.

        `another_wrote` is asked where this writer had to take its place anew, which another one may have had
        in between.

        Raises:
            AccessDeniedError, LoginRefusedError, NotAppliedError, RecordTooLargeError: refused.
            SupersededError: another writer took over.
            UnavailableError: no answer; whether the messages were written is found by the next
                writer, which ends what this one left open.
        """
        again = Retrying(
            retry=retry_if_exception_type(_ToBeRepeatedError),
            # A broker that has just come back refuses for a while what librdkafka sends again.
            stop=stop_after_attempt(ATTEMPTS) & stop_after_delay(self._account.patience_s),
            wait=wait_exponential(PAUSE_S, CALL_S),
            after=lambda _state: self._abort(),
            reraise=True,
        )
        try:
            again(self._write_once, messages, another_wrote)
        except _ToBeRepeatedError as error:
            raise no_answer(self._account) from error

    def _write_once(self, messages: Sequence[Outgoing], another_wrote: Callable[[], bool]) -> None:
        if self._interrupted:
            self._renew(another_wrote)
        self._serve(0)
        self._undelivered, self._alarms.interrupted = None, False
        self._until_done(self._producer.begin_transaction)
        for message in messages:
            self._produce(message)
        self._end(lambda: self._producer.commit_transaction(CALL_S))

    def _renew(self, another_wrote: Callable[[], bool]) -> None:
        """Replace the producer: the broker refuses what comes late of an earlier epoch."""
        # Without a reference to it librdkafka ends its threads; nothing of it is waited for.
        del self._producer
        self._take_over()
        if another_wrote():
            fenced = KafkaError(KafkaError._FENCED)  # noqa: SLF001 - librdkafka's name for it
            raise explained(fenced, self._account.principal, self._resource)

    def _end(self, call: Callable[[], Any]) -> None:
        """Commit or abort; note whether a lost connection may have had a request sent twice."""
        try:
            self._until_done(call)
        finally:
            self._serve(0)
            self._transactions += 1
            # What connects at first may fail at one address of several, with each new producer.
            self._interrupted |= self._alarms.interrupted and self._transactions > 1

    def _produce(self, message: Outgoing) -> None:
        deadline = time.monotonic() + self._account.patience_s
        while time.monotonic() < deadline:
            try:
                self._producer.produce(
                    message.topic,
                    message.value,
                    message.key,
                    headers=message.headers,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._serve(PAUSE_S)
            except KafkaException as error:
                self._judge(error.args[0])
            else:
                self._serve(0)
                return
        raise no_answer(self._account)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and error.code() in FINAL and self._undelivered is None:
            self._undelivered = error

    def _abort(self) -> None:
        try:
            self._end(lambda: self._producer.abort_transaction(CALL_S))
        except _ToBeRepeatedError as error:
            raise no_answer(self._account) from error

    def _until_done(self, call: Callable[[], Any]) -> None:
        """Make the same call again while librdkafka says that it may be, and patience lasts."""
        deadline = time.monotonic() + self._account.patience_s
        while time.monotonic() < deadline:
            try:
                call()
            except KafkaException as error:
                self._serve(PAUSE_S)
                self._judge(error.args[0])
                self._interrupted = True
            else:
                return
        raise no_answer(self._account)

    def _serve(self, seconds: float) -> None:
        """Let the client deliver its reports; a fatal error it raises again is judged elsewhere."""
        with suppress(KafkaException):
            self._producer.poll(seconds)

    def _judge(self, error: KafkaError) -> None:
        """Return where the same call may be made again; raise where it may not."""
        refusal = self._undelivered or self._alarms.refusal
        if error.code() in FINAL or refusal is not None:
            # What a message was refused for says more than that its transaction failed.
            cause = refusal or error
            raise explained(cause, self._account.principal, self._resource)
        if error.txn_requires_abort():
            raise _ToBeRepeatedError(error.name())
        if error.fatal() or not error.retriable():
            raise explained(error, self._account.principal, self._resource)


def _config(account: Account, transactional_id: str, alarms: Alarms) -> dict[str, Any]:
    return {
        **account.connection,
        # Stable, so that a new publisher fences a twin and ends what a crashed one left open.
        "transactional.id": transactional_id,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        # A commit that meets the markers of the one before is retried after this time.
        "retry.backoff.ms": 10,
        "compression.type": "lz4",
        "message.max.bytes": MAXIMUM_INTAKE_BYTES,
        "batch.size": PARTNER_BATCH_BYTES,
        "linger.ms": 5,
        "error_cb": alarms,
        "logger": silent(),
    }
