"""Record and find a server of the stack: its process, its ports and its log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from isp.keys import private_files
from ops.embedded import processes
from ops.embedded.errors import StackError
from ops.embedded.processes import ProcessRecord

FILE_NAME = "process.json"
TAIL_LINES = 15
POLL_SECONDS = 0.1


class Service(NamedTuple):
    """A started server: ``port`` serves clients, ``inner_port`` its own internal traffic.

    ``inside_port`` serves this project's programs; it is 0 for a server without such a port.
    """

    process: ProcessRecord
    port: int
    inner_port: int
    inside_port: int = 0


def remember(folder: Path, service: Service) -> None:
    """Write a server's record to its folder right after its start, so that it is always found."""
    private_files.write(folder / FILE_NAME, json.dumps(service))


def recall(folder: Path) -> Service | None:
    """Return the server started last in this folder, whether or not it still runs.

    None if there is none.
    """
    try:
        process, *of_ports = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return Service(ProcessRecord(*process), *of_ports)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def running(folder: Path) -> Service | None:
    """Return the server started in this folder if it runs, else None."""
    service = recall(folder)
    return service if service and processes.is_running(service.process) else None


def wait_until(
    answers: Callable[[], bool],
    service: Service,
    name: str,
    logs: Sequence[Path],
    seconds: float,
) -> None:
    """Wait until the server answers.

    Raises:
        StackError: it ended, or did not answer within ``seconds``; has the last lines of its logs.
    """
    deadline = time.monotonic() + seconds
    while not answers():
        if not processes.is_running(service.process):
            message = f"the {name} ended while starting.\n{tails(logs)}"
            raise StackError(message)
        if time.monotonic() > deadline:
            message = (
                f"the {name} (pid {service.process.pid}) has not answered on port {service.port} "
                f"for {seconds:.0f} s.\n{tails(logs)}"
            )
            raise StackError(message)
        time.sleep(POLL_SECONDS)


def tails(logs: Sequence[Path]) -> str:
    """Return the last lines of each log under its name."""
    return "\n".join(f"The end of {log}:\n{tail(log)}" for log in logs)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, or say that the file does not exist."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return f"(no such file: {log})"
    return "\n".join(text.splitlines()[-lines:])
