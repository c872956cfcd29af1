"""Supplies one file as the agency would, in a process of its own. Prints one JSON object.

`rss_mb` is the most memory the process ever held, in 10^6 bytes.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from connectors.account import Account
from connectors.mappings.mapping_file import identity_mapping
from connectors.publishing.publish import Job as Supply
from connectors.publishing.publish import publish
from schemas.catalogue import load_catalogue
from tests.benchmarks.job import AGENCY, DATASET, Job

_KIB = 1_024


def main() -> None:
    """Take the job on standard input; its options are `file` and `prefix`."""
    job, catalogue = Job.received(), load_catalogue()
    options = job.options
    account = Account(options["prefix"], AGENCY, job.connection)
    mapping = identity_mapping(catalogue.record_type(DATASET))
    started = time.perf_counter()
    published = publish(Supply(Path(options["file"]), mapping, account, catalogue))
    seconds = time.perf_counter() - started
    figures = {
        "rows": published.rows_read,
        "sent": published.sent,
        "rows_per_s": published.rows_read / seconds,
        "seconds": seconds,
        "rss_mb": _most_memory() / 1e6,
    }
    print(json.dumps(figures))


def _most_memory() -> int:
    """Bytes. What `getrusage` tells counts the process that started this one in."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * _KIB


if __name__ == "__main__":
    main()
