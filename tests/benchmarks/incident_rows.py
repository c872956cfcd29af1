"""Made-up rows of the alerts agent's state: one event for each of a million households.

A row has about 150 bytes. Four keys are derived from it: those of its household, its victim, its record and
its alert. They are at fixed places, as in the agent's own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

ROWS: Final = 1_000_000
TODAY: Final = 20_000
KEPT_DAYS: Final = 393

_EVENT_BYTES = 12
_DIGESTS_BYTES = 44
_REST_BYTES = 92


def incident_rows(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values as in the changelog: the value begins with its day."""
    rest = bytes(_REST_BYTES)
    for number in range(count):
        digests = blake2b(number.to_bytes(8), digest_size=_EVENT_BYTES + _DIGESTS_BYTES).digest()
        day = (TODAY - number % KEPT_DAYS).to_bytes(4)
        yield b"e" + digests[:_EVENT_BYTES], day + day + digests[_EVENT_BYTES:] + rest


def derive(key: bytes, value: bytes) -> Iterable[bytes]:
    """Return the derived keys of a row."""
    event, day = key[1:], value[:4]
    return (
        b"h" + value[4:16] + day + event,
        b"v" + value[16:28] + day + event,
        b"r" + value[28:40] + event,
        b"k" + value[40:48] + event,
    )
