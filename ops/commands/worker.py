"""`ipu worker`: run the stream worker, alone or supervised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from filelock import FileLock, Timeout

from isp.keys import private_files
from ops.commands.common import Exercise, RunDir, protocol_of, running_stack
from ops.supervisor import supervise_this_command
from schemas.catalogue import load_catalogue

if TYPE_CHECKING:
    from ops.embedded.stack import Stack

SLOT_SECONDS = 10.0
"""Seconds for which a worker waits until an earlier one of its slot has ended."""


def worker(
    protocol: Annotated[
        Path | None, typer.Argument(help="Protocol file; default: the one of `ipu up`.")
    ] = None,
    *,
    run_dir: RunDir = None,
    slot: Annotated[
        str, typer.Option(help="Slot of this worker; use the same one at each start.")
    ] = "0",
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus metrics on this loopback port.")
    ] = None,
    supervised: Annotated[
        bool,
        typer.Option("--supervised", help="Restart the worker when it ends by itself."),
    ] = False,
    exercise: Exercise = False,
) -> None:
    """Process intake records until stopped. SIGTERM finishes the current batch first.

    Examples:

        ipu worker

        ipu worker --slot 1 --metrics-port 9102 --supervised
    """
    if supervised:
        raise typer.Exit(supervise_this_command())
    # Imported late: a supervisor needs none of this, and would start its worker a second later.
    from isp.broker.signed import load_signed
    from ops.system import deployment_of
    from ops.worker import STATE_FOLDER, WorkerSettings, run_worker

    stack = running_stack(run_dir)
    protocol_file = protocol_of(stack.run_dir, protocol)
    signed = load_signed(protocol_file, load_catalogue(), exercise=exercise)
    deployment = deployment_of(stack)
    with _alone_in(stack, slot):
        state = stack.run_dir / STATE_FOLDER
        run_worker(WorkerSettings.of(deployment, signed, stack.run_dir, state, slot, metrics_port))


@contextmanager
def _alone_in(stack: Stack, slot: str) -> Iterator[None]:
    """Hold the slot's lock. Two workers in one slot would fence each other again and again."""
    folder = private_files.make_folder(stack.run_dir / "worker")
    lock = FileLock(folder / f"{slot}.lock", timeout=SLOT_SECONDS)
    try:
        with lock:
            yield
    except Timeout:
        from ops.worker import WorkerError

        message = (
            f"a worker already runs in slot {slot!r}; give another --slot, or run `ipu down` first"
        )
        raise WorkerError(message) from None
