"""A steady supply in the background, as agencies send it, through whatever befalls the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, Message, Producer

from tests.integration.site import COMMITTED_READER, STEADY_PRODUCER, Raw, Site, place_of
from tests.integration.waiting import PATIENCE_S, until

TICK_S = 0.02


class Publisher:
    """Publishes `make(0)`, `make(1)`, … as the dataset's agency until the block ends."""

    def __init__(self, site: Site, dataset: str, rate: float, make: Callable[[int], Raw]) -> None:
        agency = site.agency(dataset)
        config = {**site.partnership.client(agency), **STEADY_PRODUCER}
        self._producer = Producer({**config, "message.timeout.ms": int(PATIENCE_S * 1000)})
        self._topic = site.intake(dataset)
        self._rate = rate
        self._make = make
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.published = 0
        self.delivered = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._producer.flush(PATIENCE_S)

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ending.wait(TICK_S):
            due = int((time.monotonic() - began) * self._rate)
            for number in range(self.published, due):
                key, value = self._make(number)
                self._producer.produce(self._topic, value, key, on_delivery=self._seen)
            self.published = max(due, self.published)
            self._producer.poll(0)

    def _seen(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failures.append(error.name())


class Reader:
    """A recipient who reads on and on; knows up to where each partition has been readable."""

    def __init__(self, site: Site, party: str, topic: str) -> None:
        client = site.partnership.client(party)
        group = f"{client['sasl.username']}.group-1"
        config = {**client, **COMMITTED_READER, "enable.partition.eof": False}
        self._consumer = Consumer(
            {**config, "group.id": group, "auto.offset.reset": "earliest",
             "reconnect.backoff.max.ms": 1_000}
        )  # fmt: skip
        self._site, self._topic = site, topic
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._read: dict[int, int] = {}
        self.count = 0

    def __enter__(self) -> Self:
        self._consumer.subscribe([self._topic])
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            for message in self._consumer.consume(1_000, 0.02):
                if message.error() is None:
                    partition, offset = place_of(message)
                    self._read[partition] = offset
                    self.count += 1

    def until_more(self, number: int) -> None:
        """Wait until `number` further records are readable."""
        wanted = self.count + number
        until(lambda: self.count >= wanted, PATIENCE_S, f"{number} further readable records")

    def until_resumed(self) -> None:
        """Wait until what is written from now on is readable, in every partition."""
        ends = self._site.ends(self._topic)

        def resumed() -> bool:
            return all(self._read.get(p, -1) >= end for p, end in ends.items())

        until(resumed, PATIENCE_S, f"reading of every partition of {self._topic}")
