"""The alarm for a supplier whose share of rejects is above the limit of its supply agreement."""

from __future__ import annotations

from collections import deque

from isp.agreement.protocol import Protocol, RejectLimit
from streams.messages import Tally


class RejectWindow:
    """The share of rejects over the last `limit.window` records, counted in whole batches."""

    def __init__(self, limit: RejectLimit) -> None:
        """Start empty. There is no alarm before the window is full."""
        self._limit = limit
        self._batches: deque[tuple[int, int]] = deque()
        self._received = 0
        self._rejected = 0

    def add(self, received: int, rejected: int) -> bool:
        """Add a batch; return True while the share is above the limit."""
        self._batches.append((received, rejected))
        self._received += received
        self._rejected += rejected
        while self._received - self._batches[0][0] >= self._limit.window:
            old_received, old_rejected = self._batches.popleft()
            self._received -= old_received
            self._rejected -= old_rejected
        full = self._received >= self._limit.window
        return full and self._rejected > self._limit.share * self._received


class RejectAlarm:
    """Watches every agency's dataset by the limit of its supply agreement."""

    def __init__(self, protocol: Protocol) -> None:
        """Make one window for each supply agreement."""
        self._windows = {
            (s.agency, s.dataset): RejectWindow(s.reject_limit) for s in protocol.supplies
        }

    def __call__(self, tally: Tally) -> bool:
        """Add a tally; return True if its dataset is above the limit."""
        window = self._windows[tally.agency, tally.dataset]
        return window.add(tally.received, tally.rejected)
