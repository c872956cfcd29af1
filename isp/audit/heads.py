"""Reader of the topic with the heads of the audit's chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from isp.audit.chain import ChainHead
from schemas.wire import WireError, decoder
from transport.reader import ReadError, read_all

_SECONDS = 15.0


class KeptHead(NamedTuple):
    """A head of the topic, with its writer's position and its time in milliseconds since 1970 UTC."""

    head: ChainHead
    position: str
    at_ms: int


def read_heads(client: Mapping[str, Any], topic: str, schema: Any) -> Iterator[KeptHead]:
    """Yield each head of the topic, in the order of writing.

    The reader waits for open transactions. The last committed head of a chain may be after an open
    transaction of another chain. A writer that continued from an earlier head would make a chain with two
    ends.

    Raises:
        ReadError: the topic cannot be read, a message is not a head, or a transaction stays open too long.
    """
    decode = decoder(schema)
    for message in read_all(client, topic, 1, _SECONDS, to_high_watermark=True):
        key, value = message.key(), message.value()
        if key is not None and value is not None:
            kept = _decoded(decode, value, topic, message.offset())
            chain = key.decode() if isinstance(key, bytes) else key
            head = ChainHead(chain, kept["sequence"], kept["hash"])
            yield KeptHead(head, kept["position"], message.timestamp()[1])


def _decoded(decode: Callable[[bytes], Any], value: bytes, topic: str, offset: int | None) -> Any:
    try:
        return decode(value)
    except WireError as error:
        raise ReadError(
            topic, f"the message at offset {offset} is not a head of a chain: {error}"
        ) from None
