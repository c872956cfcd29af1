"""The supervised worker that runs in the background beside the embedded stack."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from ops.embedded import ports, private_files, processes, service
from ops.embedded.service import Service
from ops.embedded.stack import Stack
from ops.keys import KeyStore
from ops.reference import GAZETTEER_FOLDER, INDEX_FOLDER, PREMISES_FILE
from sanitiser.postcode_store import METADATA_FILE

FOLDER = "worker"
DIGEST_FILE = "runs-by.sha256"
START_SECONDS = 60.0
STOP_SECONDS = 40.0


def start_worker(stack: Stack, protocol: Path, slot: str = "0") -> Service:
    """Start a supervised worker for `slot`, or give the one that runs; `port` serves its metrics."""
    private_files.make_folder(stack.run_dir / FOLDER)
    folder = private_files.make_folder(stack.run_dir / FOLDER / slot)
    running = service.running(folder)
    digest = _digest(protocol, stack)
    if running is not None:
        if _digest_of(folder) == digest:
            return running
        processes.stop(running.process, STOP_SECONDS)
    before = service.recall(folder)
    port = ports.choose(None, before.port if before else None, "--metrics-port")
    command = [
        sys.executable, "-m", "ops.cli", "worker", str(protocol), "--supervised",
        "--run-dir", str(stack.run_dir), "--slot", slot, "--metrics-port", str(port),
    ]  # fmt: skip
    started = Service(processes.spawn(command, log_of(stack.run_dir, slot)), port, 0)
    service.remember(folder, started)
    private_files.write(folder / DIGEST_FILE, digest)
    log = log_of(stack.run_dir, slot)
    service.wait_until(lambda: _serves(port), started, "worker", (log,), START_SECONDS)
    return started


def _digest(protocol: Path, stack: Stack) -> str:
    """Of what a worker reads when it starts, and never again: protocol, postcodes, places, epochs."""
    read = [protocol, stack.run_dir / INDEX_FOLDER / METADATA_FILE]
    read += [KeyStore(stack.secrets.folder).file]
    read += sorted((stack.run_dir / GAZETTEER_FOLDER).glob("*"))
    read += [file for file in [stack.run_dir / PREMISES_FILE] if file.is_file()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in read)).hexdigest()


def _digest_of(folder: Path) -> str | None:
    try:
        return (folder / DIGEST_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _serves(port: int) -> bool:
    return not ports.is_free(port)


def stop_workers(run_dir: Path) -> int:
    """Stop every worker started under the run directory; how many there were."""
    folders = sorted((run_dir / FOLDER).glob("*/"))
    running = [found for folder in folders if (found := service.running(folder))]
    return sum(processes.stop(worker.process, STOP_SECONDS) for worker in running)


def log_of(run_dir: Path, slot: str = "0") -> Path:
    """Where the worker of `slot` writes its log."""
    return run_dir / "logs" / f"worker-{slot}.log"
