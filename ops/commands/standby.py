"""Options and arguments that the commands of agents with standbys share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ops.commands.common import protocol_of, running_stack
from schemas.catalogue import load_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from isp.broker.signed import ReadProtocol
    from ops.deployment import Deployment

Slot = Annotated[str, typer.Option(help="Slot of this process; use the same one at each start.")]
MetricsPort = Annotated[
    int | None, typer.Option(help="Serve Prometheus metrics on this loopback port.")
]
Supervised = Annotated[
    bool, typer.Option("--supervised", help="Restart it when it ends by itself.")
]


class Given(NamedTuple):
    """The deployment, the signed protocol, and the folder of the state stores."""

    deployment: Deployment
    signed: ReadProtocol
    state: Path


def given(protocol: Path | None, run_dir: Path | None, *, exercise: bool) -> Given:
    """Return what the program of an agent is given on a running stack."""
    # Imported late: a supervisor needs none of this, and would start its program a second later.
    from isp.broker.signed import load_signed
    from ops.system import deployment_of
    from ops.worker import STATE_FOLDER

    stack = running_stack(run_dir)
    signed = load_signed(protocol_of(stack.run_dir, protocol), load_catalogue(), exercise=exercise)
    return Given(deployment_of(stack), signed, stack.run_dir / STATE_FOLDER)
