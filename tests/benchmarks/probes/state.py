"""Restores the alerts agent's state in a fresh process. Prints one JSON object.

`seconds` is the time until all state is restored; `rss_mb` is the most memory that the process ever had. With
`connection` the rows are read from `topic`. Without it they are made up here, and making them does not count.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from schemas.catalogue import load_catalogue
from schemas.wire import bytes_decoder
from streams.runtime.kafka_config import WorkerClients
from streams.state.changelog import Changelog
from streams.state.dated import DatedStore
from streams.state.disk import DiskTables
from streams.state.layout import alerts_layout
from streams.state.origin import Origin
from streams.state.store import Entry
from tests.benchmarks.incident_rows import KEPT_DAYS, ROWS, derive, incident_rows
from transport.identity import identify

_KB = 1_024
_MB = 1_000_000
_MESSAGES = 5_000
_TOPIC = "made-up"


def main() -> None:
    """Restore the store in the folder of the job on standard input, and look one key up."""
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    layout = alerts_layout(derive)
    tables = DiskTables(Path(job["folder"]), layout.every_table)
    store = DatedStore(layout, tables, {"incidents": KEPT_DAYS + 1}, is_followed=True)
    if job.get("connection"):
        seconds = _restored(store, job["connection"], job["topic"])
    else:
        seconds = _applied(store, job.get("rows", ROWS))
    store.begin(0)
    found = len(list(store.keys(b"h", b"i", 1)))
    store.close()
    print(json.dumps({"seconds": seconds, "rss_mb": _peak() / _MB, "found": found}))


def _peak() -> int:
    """Return the most memory that this process ever had, in bytes.

    `getrusage` would count the memory of the process that started this one, too.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * _KB


def _restored(store: DatedStore, connection: dict[str, Any], topic: str) -> float:
    clients = WorkerClients(connection, "bench.alerter")
    decode = bytes_decoder(load_catalogue().system["memory"], "value")
    changelog = Changelog(
        clients.reader(), [topic], None, store, b"", decode, partial(identify, connection)
    )
    started = time.perf_counter()
    changelog.open()
    changelog.restore()
    return time.perf_counter() - started


def _applied(store: DatedStore, rows: int) -> float:
    started = time.perf_counter()
    store.open(Origin("made-up", {_TOPIC: "made-up"}))
    at = store.next_offsets({_TOPIC: (0, rows)})[_TOPIC]
    seconds = time.perf_counter() - started
    made = islice(incident_rows(rows), at, None)
    while part := [Entry(0, key, value) for key, value in islice(made, _MESSAGES)]:
        at += len(part)
        started = time.perf_counter()
        store.apply(part, {_TOPIC: at})
        seconds += time.perf_counter() - started
    started = time.perf_counter()
    store.restored()
    return seconds + time.perf_counter() - started


if __name__ == "__main__":
    main()
