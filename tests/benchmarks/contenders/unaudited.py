"""Contender `ipu_unaudited`: the project's worker without audit entries, to tell what they cost."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isp.broker.signed import load_signed
from isp.keys.key_store import KeyStore
from ops.worker import STATE_FOLDER, WorkerSettings, run_worker
from schemas.catalogue import load_catalogue
from streams.audit import AuditWriter
from streams.sanitising.audit_entries import AuditBatch, Origin
from tests.benchmarks.job import Job
from transport.messages import Output


def _note_nothing(_batch: AuditBatch, _origin: Origin, _outputs: Sequence[Output]) -> None:
    """Gather nothing of what became of a record."""


def _no_entries(_writer: AuditWriter, _entry: Mapping[str, Any], _now_ms: int) -> list[Output]:
    """Make none, so that nothing waits for its acknowledgement either."""
    return []


def main() -> None:
    """Run the worker for the job on standard input."""
    logging.basicConfig(level=logging.INFO)
    job = Job.received()
    AuditBatch.note = _note_nothing  # type: ignore[assignment, method-assign]
    AuditWriter.write = _no_entries  # type: ignore[assignment, method-assign]
    run_worker(
        WorkerSettings(
            signed=load_signed(Path(job.protocol), load_catalogue(), exercise=True),
            index=Path(job.index),
            connection=job.connection,
            keys=KeyStore(Path(job.options["secrets"])),
            state=Path(job.index).parent / STATE_FOLDER,
        )
    )


if __name__ == "__main__":
    main()
