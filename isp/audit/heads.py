"""Reading the heads of the audit's chains from the topic that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from isp.audit.chain import Head
from schemas.wire import WireError, decoder
from transport.reader import ReadError, read_all

_SECONDS = 15.0


class KeptHead(NamedTuple):
    """A head as it is kept, with its writer's position and the time of writing in milliseconds since 1970."""

    head: Head
    position: str
    at_ms: int


def read_heads(client: Mapping[str, Any], topic: str, schema: Any) -> Iterator[KeptHead]:
    """Yield every head that is kept, in the order of writing.

    Transactions that are open are waited for: behind one of another chain can be the head that was committed
    last, and who goes on from an earlier one makes a chain with two ends.

    Raises:
        ReadError: the heads cannot be read, one of them is none, or a transaction stays open for too long.
    """
    decode = decoder(schema)
    for message in read_all(client, topic, 1, _SECONDS, to_high_watermark=True):
        key, value = message.key(), message.value()
        if key is not None and value is not None:
            kept = _decoded(decode, value, topic, message.offset())
            chain = key.decode() if isinstance(key, bytes) else key
            head = Head(chain, kept["sequence"], kept["hash"])
            yield KeptHead(head, kept["position"], message.timestamp()[1])


def _decoded(decode: Callable[[bytes], Any], value: bytes, topic: str, offset: int | None) -> Any:
    try:
        return decode(value)
    except WireError as error:
        raise ReadError(
            topic, f"the message at offset {offset} is no head of a chain: {error}"
        ) from None
