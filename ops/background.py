"""Start the background processes of the embedded stack: keeper, worker, collector, discloser, agents, hub."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from isp.keys import private_files
from isp.keys.key_store import KeyStore
from ops.embedded import ports, processes, service
from ops.embedded.service import Service
from ops.embedded.stack import Stack
from ops.list_files import ListFiles
from ops.reference import INDEX_FOLDER
from sanitiser.places.postcode_store import METADATA_FILE

FOLDER = "worker"
COLLECTOR = "collector"
DISCLOSER = "discloser"
ALERTER = "alerter"
DETECTOR = "detector"
HUB = "hub"
KEEPER = "keeper"
COLLECT_SECONDS = 60
DIGEST_FILE = "runs-by.sha256"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
_EXERCISE = {True: ("--exercise",), False: ()}


def start_keeper(stack: Stack) -> Service:
    """Start the keeper of broker and registry, or return the running one."""
    folder = private_files.make_folder(stack.run_dir / KEEPER)
    running = service.running(folder)
    if running is not None:
        return running
    command = [sys.executable, "-m", "ops.cli", "keep", "--run-dir", str(stack.run_dir)]
    log = stack.run_dir / "logs" / f"{KEEPER}.log"
    started = Service(processes.spawn(command, log), 0, 0)
    service.remember(folder, started)
    return started


def start_worker(
    stack: Stack, protocol: Path, slot: str = "0", *, exercise: bool = False
) -> Service:
    """Start a supervised worker for `slot`, or return the running one.

    `port` serves its metrics.
    """
    private_files.make_folder(stack.run_dir / FOLDER)
    folder = private_files.make_folder(stack.run_dir / FOLDER / slot)
    running = service.running(folder)
    digest = _digest(protocol, stack)
    if running is not None:
        if _digest_of(folder) == digest:
            return running
        processes.stop(running.process, STOP_SECONDS)
    port = _metrics_port(folder)
    command = [
        sys.executable, "-m", "ops.cli", "worker", str(protocol), "--supervised",
        "--run-dir", str(stack.run_dir), "--slot", slot, "--metrics-port", str(port),
        *_EXERCISE[exercise],
    ]  # fmt: skip
    started = Service(processes.spawn(command, log_of(stack.run_dir, slot)), port, 0)
    service.remember(folder, started)
    private_files.write(folder / DIGEST_FILE, digest)
    log = log_of(stack.run_dir, slot)
    service.wait_until(lambda: _serves(port), started, "worker", (log,), START_SECONDS)
    return started


def start_collector(stack: Stack, protocol: Path) -> Service:
    """Start the collector, which writes the broker's log of reads to the audit, or return the running one."""
    every = ("--every", str(COLLECT_SECONDS))
    return _start(stack, COLLECTOR, protocol, ("audit", "collect", *every))


def start_discloser(stack: Stack, protocol: Path, *, exercise: bool = False) -> Service:
    """Start the discloser, which processes letters and releases to cases.

    Returns the running one if there is one.

    `port` serves its metrics.
    """
    command = ("disclose", "serve", *_EXERCISE[exercise])
    return _start(stack, DISCLOSER, protocol, command, metrics=True)


def start_alerter(
    stack: Stack, protocol: Path, slot: str = "0", *, exercise: bool = False
) -> Service:
    """Start the alerts agent in `slot`, or return the running one.

    The first slot raises the alerts, and the others are standbys. `port` serves its metrics.
    """
    command = ("alerts", "serve", "--slot", slot, *_EXERCISE[exercise])
    return _start(stack, f"{ALERTER}-{slot}", protocol, command, metrics=True)


def start_detector(
    stack: Stack, protocol: Path, slot: str = "0", *, exercise: bool = False
) -> Service:
    """Start the detector of emerging problems in `slot`, or return the running one.

    The first slot detects, and the others are standbys. `port` serves its metrics.
    """
    command = ("emerging", "serve", "--slot", slot, *_EXERCISE[exercise])
    return _start(stack, f"{DETECTOR}-{slot}", protocol, command, metrics=True)


def start_hub(stack: Stack, protocol: Path, *, exercise: bool = False) -> Service:
    """Start the sink of the information hub, or return the running one. `port` serves its metrics."""
    command = ("hub", "sink", *_EXERCISE[exercise])
    return _start(stack, HUB, protocol, command, metrics=True)


def _start(
    stack: Stack, name: str, protocol: Path, command: tuple[str, ...], *, metrics: bool = False
) -> Service:
    """Start a supervised command, with a port for `metrics` if asked for.

    One that runs with another protocol is stopped first.
    """
    folder = private_files.make_folder(stack.run_dir / name)
    running = service.running(folder)
    digest = hashlib.sha256(protocol.read_bytes()).hexdigest()
    if running is not None:
        if _digest_of(folder) == digest:
            return running
        processes.stop(running.process, STOP_SECONDS)
    port = _metrics_port(folder) if metrics else 0
    served = ("--metrics-port", str(port)) if metrics else ()
    whole = [
        sys.executable, "-m", "ops.cli", *command, "--supervised",
        "--protocol", str(protocol), "--run-dir", str(stack.run_dir), *served,
    ]  # fmt: skip
    log = stack.run_dir / "logs" / f"{name}.log"
    started = Service(processes.spawn(whole, log), port, 0)
    service.remember(folder, started)
    private_files.write(folder / DIGEST_FILE, digest)
    return started


def _metrics_port(folder: Path) -> int:
    """Return the port that the program of this folder served its metrics on last, or a free one."""
    before = service.recall(folder)
    return ports.choose(None, before.port if before and before.port else None, "--metrics-port")


def _digest(protocol: Path, stack: Stack) -> str:
    """Return the digest of all files that a worker reads only at its start.

    These are the protocol, the postcode index, the epochs and the reference lists. For a new list of
    protected places a worker starts again by itself.
    """
    read = [protocol, stack.run_dir / INDEX_FOLDER / METADATA_FILE]
    read += [KeyStore(stack.secrets.folder).file]
    read += ListFiles.of(stack.run_dir, stack.secrets.folder).public()
    return hashlib.sha256(b"".join(file.read_bytes() for file in read)).hexdigest()


def _digest_of(folder: Path) -> str | None:
    try:
        return (folder / DIGEST_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _serves(port: int) -> bool:
    return not ports.is_free(port)


def stop_workers(run_dir: Path) -> int:
    """Stop every worker started under the run directory; return their number."""
    return sum(_stop(folder) for folder in sorted((run_dir / FOLDER).glob("*/")))


def stop_beside(run_dir: Path) -> bool:
    """Stop the agents, hub, discloser and collector started under the run directory.

    Return False if none ran.
    """
    agents = sorted(f for name in (ALERTER, DETECTOR) for f in run_dir.glob(f"{name}-*/"))
    others = (run_dir / name for name in (HUB, DISCLOSER, COLLECTOR))
    stopped = [_stop(folder) for folder in (*agents, *others)]
    return any(stopped)


def stop_keeper(run_dir: Path) -> bool:
    """Stop the keeper, so that broker and registry can be stopped; return False if none ran."""
    return _stop(run_dir / KEEPER)


def _stop(folder: Path) -> bool:
    running = service.running(folder) if folder.is_dir() else None
    return running is not None and processes.stop(running.process, STOP_SECONDS)


def log_of(run_dir: Path, slot: str = "0") -> Path:
    """Return the path of the log of the worker in `slot`."""
    return run_dir / "logs" / f"worker-{slot}.log"
