"""`ipu alerts serve`: run the alerts agent, alone or supervised."""

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
    """Raise and update domestic alerts until stopped. `ipu up` starts it, next to the worker.

    One process works. Others, each with a slot of its own, follow its state and take over if it ends.

    Examples:

        ipu alerts serve --supervised

        ipu alerts serve --slot 1 --supervised
    """
    if supervised:
        raise typer.Exit(supervise_this_command())
    # Imported late: a supervisor needs none of this, and would start its program a second later.
    from ops.alerter import AlerterProgram

    AlerterProgram.of(*given(protocol, run_dir, exercise=exercise), slot, metrics_port).run()
