"""`ipu hub`: store releases in the information hub, and write a party's copy of it."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.hub.copies import FOLDER, CopyFolder, readable
from connectors.hub.errors import HubError
from connectors.hub.tables import tables_of
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import stored
from ops.background import HUB
from ops.commands.common import AsJson, Exercise, ProtocolOption, RunDir, protocol_of, running_stack
from ops.commands.standby import MetricsPort, Supervised, given
from ops.screen import say, say_json
from ops.supervisor import supervise_this_command
from schemas.catalogue import load_catalogue
from schemas.london import LONDON, london_today

if TYPE_CHECKING:
    from isp.agreement.protocol import Protocol
    from schemas.catalogue import Catalogue

hub = typer.Typer(no_args_is_help=True, help="Store releases, and write each party's copy of them.")

_LOOK_S = 0.1
Partner = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="The party that the copy is for.")
]
Patience = Annotated[
    float, typer.Option("--wait", min=0.1, help="Wait at most so many seconds for the copy.")
]


@hub.command()
def sink(
    *,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    metrics_port: MetricsPort = None,
    supervised: Supervised = False,
    exercise: Exercise = False,
) -> None:
    """Store released records in the hub until stopped. `ipu up` starts it, if the protocol has a hub.

    Each record is stored once, as its newest version. A record that is taken back, or whose retention has
    passed, is deleted. The store is a DuckDB file that one process has. Analysts use a copy of it.

    Examples:

        ipu hub sink --supervised
    """
    if supervised:
        raise typer.Exit(supervise_this_command())
    # Imported late: a supervisor needs none of this, and would start its program a second later.
    from ops.extras import need

    need("hub")
    from ops.hub import HubProgram

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    deployment, signed, state = given(protocol, run_dir, exercise=exercise)
    HubProgram.of(deployment, signed, state.with_name(HUB), metrics_port).run()


@hub.command()
def snapshot(
    *,
    party: Partner,
    wait: Patience = 300.0,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Have the hub write a party's copy now, and print its file.

    The copy has what the party may read on the broker, and no more. It is a DuckDB file of mode 0600, with a
    schema for each profile and a table for each dataset. Hand it to the party in a secure way. The hub also
    writes all copies at the times of the protocol.

    Examples:

        ipu hub snapshot --as council

        ipu hub snapshot --as council --json | jq -r .file
    """
    # The packages of the hub itself are not needed to ask for a copy.
    stack = running_stack(run_dir)
    catalogue = load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    _check_receives(agreed, catalogue, party)
    folder = CopyFolder(stack.run_dir / HUB / FOLDER)
    file = _written(folder, party, wait)
    at = folder.written(party)
    assert at is not None
    if as_json:
        say_json({"file": str(file), "written": at.isoformat(), "bytes": file.stat().st_size})
    else:
        size = f"{file.stat().st_size / 1_000_000:.1f} MB"
        say(
            f"{file}   (yours alone: mode 0600; {size}, {at.astimezone(LONDON):%d %B %Y, %H:%M:%S})"
        )


def _check_receives(agreed: Protocol, catalogue: Catalogue, party: str) -> None:
    """Check that there is a hub, and that it has something for a party today."""
    if agreed.hub is None:
        raise HubError("the protocol has no `hub`; add one, have it signed and apply it")
    closed = closed_datasets(agreed, catalogue, london_today())
    tables = tables_of(stored(agreed, catalogue, closed))
    if not readable(agreed, closed, party, tables):
        receiving = (p.id for p in agreed.parties if readable(agreed, closed, p.id, tables))
        accepted = ", ".join(receiving)
        raise HubError(f"{party} receives nothing that the hub stores; accepted: {accepted}")


def _written(folder: CopyFolder, party: str, wait_s: float) -> Path:
    """Ask for a copy and wait until it is written."""
    try:
        folder.ask(party)
    except FileNotFoundError:
        raise HubError("the hub has not run here yet; `ipu up` starts it") from None
    until = time.monotonic() + wait_s
    while folder.is_asked(party):
        if time.monotonic() > until:
            message = f"the copy was not written within {wait_s:.0f} s; look at logs/hub.log"
            raise HubError(f"{message}; it is written once the hub runs")
        time.sleep(_LOOK_S)
    return folder.file(party)
