"""The stream worker in a process of its own, alone or under its supervisor.

Run as a program it is that process: it does what `ipu worker` does, with an index that the tests
share, and with a fault where a test orders one.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped, unused-ignore]
from confluent_kafka import Producer

from isp.agreement.topics import Names
from isp.broker.signed import load_signed
from isp.keys.protected_places import ProtectedStore
from ops.embedded import stack as embedded
from ops.list_files import ListFiles
from ops.settings import Settings
from ops.supervisor import Supervisor
from ops.system import deployment_of, keys_of
from ops.worker import STATE_FOLDER, WorkerSettings, run_worker
from schemas.catalogue import load_catalogue
from streams.messages import BatchResult
from streams.runtime import ending
from streams.sanitising.pipeline import Pipeline
from tests.integration.waiting import PATIENCE_S, until
from transport import transaction

ROOT = Path(__file__).resolve().parents[2]
READY = "intake topics as"
FAULT = "a fault that the test ordered"
CALL_S, HALT_S = 1.0, 2.5
WATCHED_EVERY_S = 0.5


class Startable(Protocol):
    """The arguments of a process."""

    @property
    def command(self) -> list[str]:
        """The command line of the process."""


@dataclass(frozen=True)
class Order:
    """The arguments of a worker. `raises_once` and `halts_once` are files that mark a fault as done.

    `watchdog_s` is the time that a transaction may take, if not the usual one.
    `state` is the folder of its state store under `run_dir`: another machine has another.
    `protected` is a folder with the list of protected places and its key.
    With `by_command` it is started by `ipu worker`, which uses the index of the run directory.
    """

    run_dir: str
    protocol: str
    index: str
    slot: str = "0"
    metrics_port: int | None = None
    supervised: bool = False
    raises_once: str | None = None
    halts_once: str | None = None
    by_command: bool = False
    state: str = STATE_FOLDER
    watchdog_s: float | None = None
    protected: str | None = None

    @property
    def command(self) -> list[str]:
        """The command line of the process."""
        if not self.by_command:
            return [sys.executable, "-m", __name__, json.dumps(asdict(self))]
        flags = ["--supervised"] if self.supervised else []
        options = ["--run-dir", self.run_dir, "--slot", self.slot, "--exercise", *flags]
        return [sys.executable, "-m", "ops.cli", "worker", self.protocol, *options]


class WorkerProcess:
    """A started worker, or a supervisor with its worker."""

    def __init__(self, order: Startable, log: Path) -> None:
        self.order = order
        self._log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(order.command, stdout=stream, stderr=stream, cwd=ROOT)

    @property
    def log(self) -> str:
        """Everything the process and its children have said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def starts(self) -> int:
        """Return how often a worker has started to read."""
        return self.log.count(READY)

    def wait_ready(self, starts: int = 1) -> None:
        """Wait until a worker reads; if it is supervised, for the `starts`-th time."""
        until(
            lambda: self.starts >= starts or self.code is not None, PATIENCE_S, "the worker's start"
        )
        assert self.code is None, self.log

    def child(self) -> psutil.Process:
        """The worker that the supervisor has running."""
        children = psutil.Process(self._process.pid).children()
        assert len(children) == 1, self.log
        return children[0]

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int:
        """The exit code, awaited for at most `seconds`."""
        return self._process.wait(seconds)

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End it without asking (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End whatever of it still runs."""
        if self.code is not None:
            return
        children = psutil.Process(self._process.pid).children()
        self.terminate()
        try:
            self.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            for child in children:
                child.kill()
            raise


def protected_in(folder: Path) -> ProtectedStore:
    """Return the list of protected places of a test's folder."""
    return ProtectedStore.of(folder, folder / "secrets")


def _work(order: Order) -> None:
    stack = embedded.find(Settings.from_environment({}, run_dir=order.run_dir))
    assert stack is not None, "the stack does not run"
    signed = load_signed(Path(order.protocol), load_catalogue(), exercise=True)
    names = Names(signed.protocol.prefix)
    # So that no test waits as long as an operator may.
    ending._WATCHED_EVERY_SECONDS = WATCHED_EVERY_S
    if order.watchdog_s is not None:
        transaction.WATCHDOG_SECONDS = order.watchdog_s
    if order.raises_once is not None:
        _have_it_raise_once(Path(order.raises_once))
    if order.halts_once is not None:
        _have_it_halt_once(Path(order.halts_once), psutil.Process(stack.broker.pid))
    run_worker(
        WorkerSettings(
            signed=signed,
            index=Path(order.index),
            connection=dict(stack.secrets.client_config(stack.inside, names.worker)),
            keys=keys_of(stack),
            state=Path(order.run_dir) / order.state,
            slot=order.slot,
            metrics=deployment_of(stack).metrics_on(order.metrics_port),
            lists=ListFiles(
                protected=None if order.protected is None else protected_in(Path(order.protected))
            ),
        )
    )


def _have_it_raise_once(mark: Path) -> None:
    process = Pipeline.process

    def raising(pipeline: Pipeline, batch: Any, handling: Any) -> BatchResult:
        if not mark.exists():
            mark.touch()
            raise RuntimeError(FAULT)
        return process(pipeline, batch, handling)

    Pipeline.process = raising  # type: ignore[assignment, method-assign]


def _have_it_halt_once(mark: Path, broker: psutil.Process) -> None:
    """Have the broker stand still under a commit, for longer than the call is given."""

    class Halting(Producer):
        def commit_transaction(self, *seconds: float) -> None:
            if not mark.exists():
                mark.touch()
                # So that it is the commit alone that gets no answer.
                self.flush(HALT_S)
                broker.suspend()
                threading.Timer(HALT_S, broker.resume).start()
            super().commit_transaction(*seconds)

    setattr(transaction, "Producer", Halting)  # noqa: B010 - it is not exported
    transaction.CALL_SECONDS = CALL_S


def _main(argument: str) -> int:
    order = Order(**json.loads(argument))
    if not order.supervised:
        _work(order)
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    alone = json.dumps(asdict(order) | {"supervised": False})
    module = "tests.integration.worker_process"
    return Supervisor([sys.executable, "-m", module, alone]).run()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
