"""A server of the stack: its process, its ports, and the file by which it is found again."""

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
    """A started server: ``port`` serves clients, ``inner_port`` the server's own business.

    ``inside_port`` serves our own programs, where the server has a port of its own for them.
    """

    process: ProcessRecord
    port: int
    inner_port: int
    inside_port: int = 0


def remember(folder: Path, service: Service) -> None:
    """Note a server in its folder as soon as it is started, so that it can never be lost."""
    private_files.write(folder / FILE_NAME, json.dumps(service))


def recall(folder: Path) -> Service | None:
    """Give the server started last in this folder, whether or not it still runs."""
    try:
        process, *of_ports = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return Service(ProcessRecord(*process), *of_ports)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def running(folder: Path) -> Service | None:
    """Give the server started in this folder if it runs."""
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

    Raises ``StackError`` with the end of its logs if it ends first, or after ``seconds``.
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
    """Give the last lines of each log under its name."""
    return "\n".join(f"The end of {log}:\n{tail(log)}" for log in logs)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Give the last lines of a log, or say that there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return f"(no such file: {log})"
    return "\n".join(text.splitlines()[-lines:])
