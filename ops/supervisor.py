"""Restart a worker that has ended by itself, and pass a stop signal on to it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

log = logging.getLogger(__name__)

STEADY_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 10.0
CHILD_STOP_SECONDS = 30.0


class Pauses:
    """The pauses before restarts. Each is twice the one before; a steady run resets them."""

    def __init__(self, first_seconds: float = 0.5) -> None:
        """Take the first pause."""
        self._first = self._next = first_seconds

    def after(self, seconds_run: float) -> float:
        """Return the pause in seconds after a run of `seconds_run`."""
        pause = self._first if seconds_run > STEADY_SECONDS else self._next
        self._next = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return pause


class Supervisor:
    """A supervisor of one child process.

    A child that keeps failing is restarted after longer pauses.
    """

    def __init__(self, command: Sequence[str], first_pause_seconds: float = 0.5) -> None:
        """Take the command of the child and the first pause before it is started again."""
        self._command = list(command)
        self._pauses = Pauses(first_pause_seconds)
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit code of the last child."""
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._stop)
        while True:
            began = time.monotonic()
            code = self._run_child()
            if self._stopping:
                return max(code, 0)
            pause = self._pauses.after(time.monotonic() - began)
            log.warning("the worker exited with code %d; restarting it in %.1f s", code, pause)
            self._wait(pause)
            if self._stopping:
                return 0

    def _run_child(self) -> int:
        self._child = subprocess.Popen(self._command)
        if self._stopping:
            self._child.terminate()
        return self._child.wait()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            # A child that ignores SIGTERM must not outlive its supervisor.
            killer = threading.Timer(CHILD_STOP_SECONDS, self._child.kill)
            killer.daemon = True
            killer.start()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.05)


def supervise_this_command() -> int:
    """Run the command of this process again and again, as a child without ``--supervised``, until stopped.

    Returns the exit code.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    alone = [argument for argument in sys.argv[1:] if argument != "--supervised"]
    return Supervisor([sys.executable, "-m", "ops.cli", *alone]).run()
