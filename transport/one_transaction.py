"""One transaction by a producer of its own, which ends first what earlier ones have left open."""

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
    # What a broker answers a producer that is being fenced can be no more than this.
    KafkaError.UNKNOWN,
}


class NotCommitted(RuntimeError):
    """The transaction is not known to be committed; `reason` is Kafka's name of why.

    `may_pass` is true where another writer has taken over in between, or the broker was only busy. Then
    another transaction can be begun.
    """

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


class OneTransaction:
    """A transaction under a transactional id. Making it ends what an earlier one has left open."""

    def __init__(self, client: Mapping[str, Any], transactional_id: str, seconds: float) -> None:
        """Take over; each call may take `seconds`.

        Raises:
            NotCommitted: the broker does not let it take over.
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
        """Write all outputs, and commit them.

        Raises:
            NotCommitted: as the class says; it does not pass where the broker has refused a message.
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
                # What the commit says of it is only that it could not be.
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
