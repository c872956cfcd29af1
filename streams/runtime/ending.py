"""Ends the process when its protocol or keys are no longer current."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_WATCHED_EVERY_SECONDS = 10.0


def end_when(happens: Callable[[], None], what: str) -> None:
    """Send SIGTERM to this process when `happens` returns; the supervisor then starts it again.

    The process also ends if `happens` raises, because nothing watches for the change any more. `what` is the
    change, for the log.
    """

    def watch() -> None:
        try:
            happens()
        except Exception as error:  # noqa: BLE001 - after any error nothing watches any more
            name = type(error).__name__
            log.error("%s: cannot check whether %s; exiting, to be restarted", name, what)  # noqa: TRY400 - an error's text can quote content
        else:
            log.warning("%s; exiting, to be restarted with it", what)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="change", daemon=True).start()


def until_changed(file: Path) -> Callable[[], None]:
    """Return a function that returns once the content of the file has changed, or the file is gone."""
    read = _content(file)

    def changed() -> None:
        while _content(file) == read:
            time.sleep(_WATCHED_EVERY_SECONDS)

    return changed


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
