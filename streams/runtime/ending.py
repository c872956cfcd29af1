"""Ends the process where what it began with counts no more."""

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
    """End the process, as SIGTERM does, when `happens` returns: whoever keeps it starts it again.

    Where `happens` fails it ends too: it would go on by what may not count any more.
    """

    def watch() -> None:
        try:
            happens()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody would watch any more
            name = type(error).__name__
            log.error("%s: cannot see whether %s; the process ends, to begin anew", name, what)  # noqa: TRY400 - an error's text can quote content
        else:
            log.warning("%s; the process ends, to begin with that", what)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="change", daemon=True).start()


def until_changed(file: Path) -> Callable[[], None]:
    """Return what returns once the file is another than it is now, or is gone."""
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
