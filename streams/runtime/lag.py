"""Measures how many records wait in partitions, from offsets that the client knows already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

_CALL_SECONDS = 1.0


def positions(consumer: Consumer) -> list[TopicPartition]:
    """Return the next offset per assigned partition, or the committed offset where nothing was read yet."""
    found = consumer.position(consumer.assignment())
    unread = [at for at in found if at.offset < 0]
    if not unread:
        return found
    try:
        committed = consumer.committed(unread, timeout=_CALL_SECONDS)
    except KafkaException:
        committed = []
    return [at for at in found if at.offset >= 0] + committed


def lag_of(consumer: Consumer, at: Iterable[TopicPartition]) -> Mapping[tuple[Any, ...], float]:
    """Return the number of records from each offset on, for partitions whose end the client knows."""
    lag: dict[tuple[Any, ...], float] = {}
    for place in at:
        low, high = consumer.get_watermark_offsets(place, cached=True)
        if high >= 0:
            lag[place.topic, place.partition] = max(0, high - max(place.offset, low, 0))
    return lag
