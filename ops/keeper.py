"""Restart the broker or the registry when one has ended by itself."""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType

from ops.embedded import processes
from ops.embedded import stack as embedded
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.settings import Settings
from ops.supervisor import Pauses

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class Keeper:
    """A keeper of one stack. Servers that keep failing are restarted after longer pauses."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings with which the stack was started.

        It keeps the ports of its first start.
        """
        self._settings = settings
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, or until the stack is gone; the servers keep running."""
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._stop)
        pauses, began = Pauses(), time.monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            if self._both_run():
                continue
            if not Layout(self._settings.run_dir).stack_file.exists():
                # A broker restarted there would have no data, no topics and other passwords.
                log.error("the stack was taken down or its run directory was deleted; exiting")
                return
            pause = pauses.after(time.monotonic() - began)
            log.warning("broker or registry has ended; restarting in %.1f s", pause)
            if self._stopping.wait(pause):
                return
            began = time.monotonic()
            self._start()

    def _both_run(self) -> bool:
        stack = embedded.find(self._settings)
        return stack is not None and processes.is_running(stack.registry)

    def _start(self) -> None:
        try:
            embedded.start_again(self._settings, log.info)
        except StackError as error:
            log.error("%s", error)  # noqa: TRY400 - the message is complete without a trace

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()
