"""`ipu emerging serve`: run the detector of emerging problems, alone or supervised."""

from __future__ import annotations

import typer

from ops.commands.common import Exercise, ProtocolOption, RunDir
from ops.commands.standby import MetricsPort, Slot, Supervised, given
from ops.supervisor import supervise_this_command


def serve(
    *,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    slot: Slot = "0",
    metrics_port: MetricsPort = None,
    supervised: Supervised = False,
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
    from ops.detector import DetectorProgram

    DetectorProgram.of(*given(protocol, run_dir, exercise=exercise), slot, metrics_port).run()
