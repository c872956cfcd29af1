"""A change of the protocol: the alerts that exist are decided again under the protocol that is in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.alerts import rows
from streams.state.dated import DatedStore

_KEY_BYTES = rows.DAY_BYTES + rows.DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class Renewing:
    """Finds the events with an alert, a few at a time, once for each protocol.

    The state has the protocol, and how far its events were found: a process that takes over continues there.
    `protocol` is the digest of the protocol in force.
    """

    store: DatedStore
    protocol: bytes

    def next(self, most: int) -> Sequence[bytes]:
        """Return the next events with an alert; none if all were decided under this protocol."""
        kept = self.store.get(rows.IN_FORCE) or b""
        known, at = kept[:-_KEY_BYTES], kept[-_KEY_BYTES:]
        begin = at if known == self.protocol else bytes(_KEY_BYTES)
        keys = list(self.store.keys(rows.LIVE + begin, rows.after(rows.LIVE), most))
        after = rows.next_key(keys[-1][1:]) if keys else bytes([255]) * _KEY_BYTES
        if kept != self.protocol + after:
            # A put of the same value would change its day.
            self.store.put(rows.IN_FORCE, self.protocol + after)
        return [key[-rows.DIGEST_BYTES :] for key in keys]
