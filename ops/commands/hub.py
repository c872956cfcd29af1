"""`ipu hub`: store releases in the information hub, and write a party's copy of it."""

from __future__ import annotations

import logging

import typer

from isp.agreement.protocol_file import load_protocol
from ops.background import HUB
from ops.commands.common import AsJson, Exercise, ProtocolOption, RunDir, protocol_of, running_stack
from ops.commands.hub_accounts import accounts
from ops.commands.hub_audit import audit
from ops.commands.hub_copy import Partner, Patience, copy_folder, fresh_copy
from ops.commands.hub_store import To, store_of, target_of
from ops.commands.hub_table import table
from ops.commands.standby import MetricsPort, Supervised, given
from ops.screen import say, say_json
from ops.supervisor import supervise_this_command
from schemas.catalogue import load_catalogue
from schemas.london import LONDON

hub = typer.Typer(no_args_is_help=True, help="Store releases, and write each party's copy of them.")
hub.command()(table)
hub.add_typer(accounts, name="accounts")
hub.command()(audit)


@hub.command()
def sink(
    *,
    to: To = None,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    metrics_port: MetricsPort = None,
    supervised: Supervised = False,
    exercise: Exercise = False,
) -> None:
    """Store released records in the hub until stopped. `ipu up` starts it, if the protocol has a hub.

    Each record is stored once, as its newest version. A record that is taken back, or whose retention has
    passed, is deleted. The store is a DuckDB file that one process has. Analysts use a copy of it. With
    `--to` it is a database of PostgreSQL with PostGIS, in which analysts have logins.

    Examples:

        ipu hub sink --supervised

        ipu hub sink --to postgresql://ipu_hub@db.example/hub --supervised
    """
    target = target_of(to)
    if supervised:
        raise typer.Exit(supervise_this_command())
    # Imported late: a supervisor needs none of this, and would start its program a second later.
    from ops.hub import HubProgram

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    deployment, signed, state = given(protocol, run_dir, exercise=exercise)
    folder = state.with_name(HUB)
    HubProgram.of(deployment, signed, folder, store_of(target, folder), metrics_port).run()


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
    file = fresh_copy(stack, agreed, catalogue, party, wait)
    at = copy_folder(stack).written(party)
    assert at is not None
    if as_json:
        say_json({"file": str(file), "written": at.isoformat(), "bytes": file.stat().st_size})
    else:
        size = f"{file.stat().st_size / 1_000_000:.1f} MB"
        say(
            f"{file}   (yours alone: mode 0600; {size}, {at.astimezone(LONDON):%d %B %Y, %H:%M:%S})"
        )
