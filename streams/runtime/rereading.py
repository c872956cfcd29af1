"""Read a partition of an intake topic again, from its first message to its present end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.messages import Intake
from streams.runtime.intake import intake_of
from streams.runtime.processor import TopicPartition
from transport.reader import end_offsets, read_until

_PATIENCE_SECONDS: Final = 60.0


class IntakeAgain:
    """Reads committed messages without joining a group, so it moves no offsets."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        """Take the settings of the worker's client; connect nothing yet."""
        self._client = client

    def __call__(self, place: TopicPartition) -> Iterator[Intake]:
        """Yield the messages of a partition.

        Raises:
            ReadError: the broker refuses the topic, or a transaction on it stays open.
        """
        topic, partition = place
        end = end_offsets(self._client, topic, _PATIENCE_SECONDS)[partition]
        for message in read_until(self._client, topic, {partition: end}, _PATIENCE_SECONDS):
            yield intake_of(message)
