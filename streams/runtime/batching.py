"""Cuts batches, and gives the offsets at which they begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import TopicPartition

from streams.messages import Intake


@dataclass(frozen=True, slots=True)
class BatchBounds:
    """The maximum number of supplies and bytes in one batch, and how long a poll waits for records."""

    supplies: int = 100
    bytes: int = 4_194_304
    window_seconds: float = 0.001
    idle_seconds: float = 0.25


def fitting(intakes: Sequence[Intake], bounds: BatchBounds) -> int:
    """Return how many of the first records fit within the bounds; at least one."""
    size, supplies = 0, set[tuple[str, str | None]]()
    for number, intake in enumerate(intakes):
        supplies.add((intake.topic, intake.supply_id))
        size += len(intake.key or b"") + len(intake.value or b"")
        if number and (len(supplies) > bounds.supplies or size > bounds.bytes):
            return number
    return len(intakes)


def first_offsets(intakes: Sequence[Intake]) -> list[TopicPartition]:
    """Return the first offset of each partition in a batch."""
    first = {(intake.topic, intake.partition): intake.offset for intake in reversed(intakes)}
    return [TopicPartition(*place, offset) for place, offset in first.items()]


def offsets_after(intakes: Sequence[Intake]) -> list[TopicPartition]:
    """Return the offset after the last record of each partition in a batch."""
    last = {(intake.topic, intake.partition): intake.offset for intake in intakes}
    return [
        TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()
    ]
