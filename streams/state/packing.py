"""The format of changes of state in the changelog. The places of all releases of a batch are one entry.

One message for each record would cost as much as the record's release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from schemas.state import PACKED_PREFIX, RELEASED_PREFIX

_KEY_BYTES = 16
_LENGTH_BYTES = 2


def packed(changes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return changes in the format of the changelog, in the order of their names. `unpacked` is the inverse.

    The order of arrival, which the disk of a broker keeps, would join entries to originals.
    """
    written, parts = dict[bytes, bytes](), list[bytes]()
    for name, value in sorted(changes.items()):
        if name.startswith(RELEASED_PREFIX):
            for part in (name, value):
                parts += (len(part).to_bytes(_LENGTH_BYTES), part)
        else:
            written[name] = value
    if parts:
        content = b"".join(parts)
        written[PACKED_PREFIX + blake2b(content, digest_size=_KEY_BYTES).digest()] = content
    return written


def unpacked(name: bytes, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the changes in one entry of the changelog."""
    if not name.startswith(PACKED_PREFIX):
        yield name, value
        return
    at = 0
    while at < len(value):
        key, at = _part(value, at)
        entry, at = _part(value, at)
        yield key, entry


def _part(value: bytes, at: int) -> tuple[bytes, int]:
    begin = at + _LENGTH_BYTES
    end = begin + int.from_bytes(value[at:begin])
    return value[begin:end], end
