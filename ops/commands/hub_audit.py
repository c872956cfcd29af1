"""`ipu hub audit`: write who read the hub in PostgreSQL to the audit."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isp.agreement.protocol_file import load_protocol
from ops.commands.common import ProtocolOption, RunDir, protocol_of, recorder_of, running_stack
from ops.screen import say
from ops.supervisor import supervise_this_command
from schemas.catalogue import load_catalogue
from transport.client_names import HUB_LOG

if TYPE_CHECKING:
    from connectors.hub.reads.collector import ReadCollector
    from ops.embedded.stack import Stack
    from schemas.catalogue import Catalogue

BROKEN = 3


def audit(
    *,
    log_dir: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="The folder of the server's log in JSON (jsonlog)."
        ),
    ],
    database: Annotated[
        str, typer.Option(help="The name of the hub's database; other lines are left out.")
    ] = "hub",
    every: Annotated[
        float | None,
        typer.Option(min=0.1, help="Continue, and read the log again every so many seconds."),
    ] = None,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Restart when it ends by itself.")
    ] = False,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
) -> None:
    """Write who read the hub in PostgreSQL to the audit.

    The server's log says who, when, which table and how often. The audit gets reads and refusals, and
    nothing of a statement. It continues where it ended, also across the files of the log. Exit code 3 if a
    part of the log was deleted before it was read. `ipu audit show --agency police` then shows who read the
    police's records.

    Examples:

        ipu hub audit --log-dir /var/log/postgresql

        ipu hub audit --log-dir /var/log/postgresql --every 60 --supervised
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if supervised:
        raise typer.Exit(supervise_this_command())
    stack, catalogue = running_stack(run_dir), load_catalogue()
    while every is not None:
        # The protocol may have changed meanwhile, and with it the tables.
        _collector(stack, catalogue, protocol, log_dir, database).collect()
        time.sleep(every)
    taken = _collector(stack, catalogue, protocol, log_dir, database).collect()
    say(f"{taken.uses} reads and refusals of the hub written to the audit")
    if taken.gaps:
        message = "a part of the log was lost; the audit has an entry for the gap"
        say(message, err=True)
        raise typer.Exit(BROKEN)


def _collector(
    stack: Stack, catalogue: Catalogue, protocol: Path | None, folder: Path, database: str
) -> ReadCollector:
    from connectors.hub.accounts.wanted import agreed_today
    from connectors.hub.reads.collector import ReadCollector, known_tables

    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    readable, tables = agreed_today(agreed, catalogue)
    recorder = recorder_of(stack, agreed, catalogue, HUB_LOG)
    known = known_tables(agreed, readable, tables)
    return ReadCollector(folder, database, recorder, known)
