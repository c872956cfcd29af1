"""One transaction by its own producer, which first aborts a transaction that an earlier one left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from transport.messages import Output
from transport.producers import NextStep, next_step
from transport.refusals import FENCED

_TAKEN_OVER: Final = FENCED | {
    KafkaError.CONCURRENT_TRANSACTIONS,
    # The broker may give a producer that is being fenced no other error than this.
    KafkaError.UNKNOWN,
}


class NotCommitted(RuntimeError):
    """It is not known that the transaction was committed; `reason` is the name of Kafka's error.

    `may_pass` is true if another writer took over, or if the broker was only busy. The caller may then begin
    another transaction.
    """

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


class OneTransaction:
    """A transaction under a transactional id. Its constructor aborts a transaction that was left open."""

    def __init__(self, client: Mapping[str, Any], transactional_id: str, seconds: float) -> None:
        """Take over the transactional id; each call may take `seconds`.

        Raises:
            NotCommitted: the broker refused to initialise the producer, or did not answer.
        """
        self._seconds = seconds
        settings = {
            "transactional.id": transactional_id,
            "transaction.timeout.ms": int(seconds * 1000),
            "log_level": 0,
        }
        with _committed_or_not():
            self._producer = Producer({**client, **settings})
            self._producer.init_transactions(seconds)

    def commit(self, outputs: Sequence[Output]) -> None:
        """Write all outputs and commit them.

        Raises:
            NotCommitted: see the class. If the broker refused a message, `may_pass` is false.
        """
        refused: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                refused.append(error.name())

        with _committed_or_not():
            self._producer.begin_transaction()
            for topic, key, value, headers, timestamp_ms in outputs:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    headers=headers,
                    timestamp=timestamp_ms,
                    on_delivery=delivered,
                )
            try:
                self._producer.commit_transaction(self._seconds)
            except KafkaException as error:
                # The commit's own error does not give the reason for the refusal.
                if refused:
                    raise NotCommitted(refused[0], may_pass=False) from error
                raise


@contextmanager
def _committed_or_not() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        may_pass = cause.code() in _TAKEN_OVER or next_step(cause) is not NextStep.GIVE_UP
        raise NotCommitted(cause.name(), may_pass=may_pass) from error
