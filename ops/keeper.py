"""Keeps broker and registry running: starts them again when one has ended by itself."""

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
    """Keeps one stack; servers that keep failing are started ever more slowly."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that the stack was started with; its ports stay those of the first start."""
        self._settings = settings
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run until stopped by SIGTERM or SIGINT, or until the stack is gone; the servers keep running."""
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self._stop)
        pauses, began = Pauses(), time.monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            if self._both_run():
                continue
            if not Layout(self._settings.run_dir).stack_file.exists():
                # Started again there, a broker would have no data, no topic and other passwords.
                log.error("the stack was taken down or its run directory was deleted; exiting")
                return
            pause = pauses.after(time.monotonic() - began)
            log.warning("broker or registry ended; starting again in %.1f s", pause)
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
            log.error("%s", error)  # noqa: TRY400 - the message says all, and a trace nothing more

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()
