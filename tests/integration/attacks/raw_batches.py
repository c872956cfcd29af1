"""Record batches byte by byte, as a client of one's own making can send them."""

from __future__ import annotations

import gzip
import logging
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.protocol.producer import ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

GZIP = 1
_HEADER_BYTES = 61
_LENGTH_AT, _CRC_AT, _ATTRIBUTES_AT = 8, 17, 21
_ROOM = 16 * 1_048_576

Record = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value and headers."""


def batch(records: Sequence[Record], timestamp_ms: int = 1_700_000_000_000) -> bytes:
    """Return a batch that is as it should be."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, _ROOM)
    for offset, (key, value, headers) in enumerate(records):
        assert builder.append(offset, timestamp_ms, key, value, list(headers)) is not None
    return bytes(builder.build())


def compressed(whole: bytes, members: Sequence[bytes]) -> bytes:
    """Return a batch whose records are put in the place of those of `whole`, as gzip has them."""
    head = bytearray(whole[:_HEADER_BYTES])
    head[_ATTRIBUTES_AT : _ATTRIBUTES_AT + 2] = struct.pack(">h", GZIP)
    return sealed(bytes(head) + b"".join(members))


def in_two_members(whole: bytes) -> bytes:
    """Return the batch with its records compressed as two gzip members, one behind the other."""
    records = whole[_HEADER_BYTES:]
    half = len(records) // 2
    return compressed(whole, [gzip.compress(records[:half]), gzip.compress(records[half:])])


def sealed(changed: bytes) -> bytes:
    """Return a batch whose length and checksum are those of its bytes."""
    made = bytearray(changed)
    made[_LENGTH_AT : _LENGTH_AT + 4] = struct.pack(">i", len(made) - _LENGTH_AT - 4)
    crc = calc_crc32c(bytes(made[_ATTRIBUTES_AT:]))
    made[_CRC_AT : _CRC_AT + 4] = struct.pack(">I", crc)
    return bytes(made)


def send(client: Mapping[str, Any], topic: str, records: bytes, partition: int = 0) -> int:
    """Send a batch as it is, and return the broker's answer as Kafka's number; 0 is accepted."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    sender = KafkaAdminClient(
        bootstrap_servers=client["bootstrap.servers"],
        security_protocol=client["security.protocol"],
        sasl_mechanism=client["sasl.mechanism"],
        sasl_plain_username=client["sasl.username"],
        sasl_plain_password=client["sasl.password"],
    )
    try:
        of_topic = ProduceRequest.TopicProduceData
        data = of_topic.PartitionProduceData(index=partition, records=records)
        request = ProduceRequest(
            transactional_id=None, acks=-1, timeout_ms=10_000,
            topic_data=[of_topic(name=topic, partition_data=[data])], max_version=9,
        )  # fmt: skip
        answer = sender._manager.run(sender._manager.send, request)
    finally:
        sender.close()
    return int(answer.responses[0].partition_responses[0].error_code)
