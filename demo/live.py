"""Measure the time from publishing a record until a partner can read it, in a short live phase."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from isp.agreement.topics import PARTNER_BATCH_BYTES
from transport.reader import END, Message, PartitionReader, ReadError, committed_reader
from transport.sender import Feed

SETTINGS = {"linger.ms": 0, "enable.idempotence": True, "batch.size": PARTNER_BATCH_BYTES}
"""Settings of the producer for steady publishing."""

_SETTLE_SECONDS = 1.0
_GIVE_UP_SECONDS = 10.0


class Arrivals:
    """A reader that records when each record id becomes readable for one recipient."""

    def __init__(self, client: dict[str, Any], topic: str, partitions: int) -> None:
        """Begin to read at the end of `topic`."""
        self.at: dict[str, float] = {}
        self._stop = threading.Event()
        settings = {**committed_reader(client), "fetch.wait.max.ms": 10}
        start = dict.fromkeys(range(partitions), END)
        self._reader = PartitionReader(settings, topic, start, patient=True)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Arrivals:
        self._thread.start()
        time.sleep(_SETTLE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._reader.close()

    def wait_for(self, wanted: int) -> None:
        """Wait until `wanted` records have arrived, or the time to wait is over."""
        give_up = time.monotonic() + _GIVE_UP_SECONDS
        while len(self.at) < wanted and time.monotonic() < give_up:
            time.sleep(0.02)

    def _read(self) -> None:
        while not self._stop.is_set():
            # Records that cannot be read do not arrive; missing records are reported at the end.
            with suppress(ReadError):
                self._note(self._reader.next(0.05))

    def _note(self, message: Message | None) -> None:
        if message is not None:
            key = message.key()
            self.at[key.decode() if isinstance(key, bytes) else str(key)] = time.time()


def publish_steadily(
    client: dict[str, Any],
    topic: str,
    values: Sequence[bytes],
    rate: float,
    progress: Callable[[int], None],
) -> list[float]:
    """Publish `values` at `rate` per second; return when each was sent, in seconds since 1970."""
    feed = Feed({**client, **SETTINGS})
    sent: list[float] = []
    begin = time.perf_counter()
    for number, value in enumerate(values):
        time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
        sent.append(time.time())
        feed.put(topic, value)
        progress(1)
    feed.flush(_GIVE_UP_SECONDS)
    return sent


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th and 99th percentile and the maximum.

    Raises:
        ReadError: there are no values.
    """
    if not milliseconds:
        raise ReadError("live phase", "no record became readable")
    p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
    return {
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "p99_ms": round(float(p99), 1),
        "max_ms": round(max(milliseconds), 1),
    }
