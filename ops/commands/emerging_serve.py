"""`ipu emerging serve`: run the detector of emerging problems, alone or supervised."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.common import Exercise, ProtocolOption, RunDir, protocol_of, running_stack
from ops.supervisor import supervise_this_command
from schemas.catalogue import load_catalogue


def serve(
    *,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    slot: Annotated[
        str, typer.Option(help="Slot of this process; use the same one at each start.")
    ] = "0",
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus metrics on this loopback port.")
    ] = None,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Restart it when it ends by itself.")
    ] = False,
    exercise: Exercise = False,
) -> None:
    """Detect emerging problems until stopped. `ipu up` starts it, next to the worker.

    One process works. Others, each with a slot of its own, follow its state and take over if it ends.

    Examples:

        ipu emerging serve --supervised

        ipu emerging serve --slot 1 --supervised
    """
    if supervised:
        raise typer.Exit(supervise_this_command())
    # Imported late: a supervisor needs none of this, and would start its program a second later.
    from isp.broker.signed import load_signed
    from ops.detector import DetectorProgram
    from ops.system import deployment_of
    from ops.worker import STATE_FOLDER

    stack = running_stack(run_dir)
    signed = load_signed(protocol_of(stack.run_dir, protocol), load_catalogue(), exercise=exercise)
    state = stack.run_dir / STATE_FOLDER
    DetectorProgram.of(deployment_of(stack), signed, state, slot, metrics_port).run()
