"""The changelog: what workers remember, as a compacted topic that each reads back when it starts.

Changes are written in the transaction of the batch that made them, so memory and releases stand
or fall together. Nothing lies on the worker's disk: another machine can take over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from sanitiser.memory import Memory
from streams.kafka_config import WorkerClients
from streams.messages import WRITER_HEADER
from streams.transaction import Unmendable

log = logging.getLogger(__name__)

_MESSAGES = 5_000
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0


class Changelog:
    """Reads the changelog into a worker's memory: whole at the start, then what others write."""

    def __init__(
        self,
        clients: WorkerClients,
        topic: str,
        memory: Memory,
        writer: bytes,
        decode: Callable[[bytes], Any],
    ) -> None:
        """Connect nothing yet; `writer` is the name under which this process writes."""
        self._clients = clients
        self._topic = topic
        self._memory = memory
        self._writer = writer
        self._decode = decode
        self._consumer: Consumer | None = None

    def restore(self) -> None:
        """Read all that is committed.

        Raises:
            Unmendable: the topic cannot be read, or does not end within a minute of silence.
        """
        began = patient = time.monotonic()
        consumer = self._consumer = Consumer(self._clients.reader())
        consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
        while True:
            messages = consumer.consume(_MESSAGES, _POLL_SECONDS)
            if self._take(messages, own=True):
                break
            patient = time.monotonic() if messages else patient
            if time.monotonic() - patient > _PATIENCE_SECONDS:
                raise Unmendable(f"{self._topic} cannot be read to its end")
        seconds = time.monotonic() - began
        log.info("%d remembered things restored in %.1f s", len(self._memory), seconds)

    def follow(self) -> None:
        """Take in what other workers have written since; never waits."""
        assert self._consumer is not None, "follow before restore"
        self._take(self._consumer.consume(_MESSAGES, 0), own=False)

    def close(self) -> None:
        """Let go of the broker."""
        if self._consumer is not None:
            self._consumer.close()

    def _take(self, messages: list[Message], *, own: bool) -> bool:
        """Whether the end was reached; what this process wrote itself is kept already."""
        ended = False
        for message in messages:
            error = message.error()
            if error is not None:
                ended = self._heed(error) or ended
            elif own or not self._is_own(message):
                self._keep(message.key(), message.value())
        return ended

    def _keep(self, key: bytes | None, value: bytes | None) -> None:
        if key is not None and value is not None:
            self._memory.keep({key: self._decode(value)["value"]})

    def _is_own(self, message: Message) -> bool:
        return (WRITER_HEADER, self._writer) in (message.headers() or ())

    def _heed(self, error: KafkaError) -> bool:
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
            return True
        if error.fatal() or not error.retriable():
            group = self._clients.reader()["group.id"]
            about = f"topic {self._topic}, group {group}"
            raise Unmendable(f"{error.name()}: {error.str()} ({about})")
        log.warning("Kafka: %s", error.name())
        return False
