"""A party's copy of the hub, asked for by a command and written by the hub."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.hub.copies import FOLDER, CopyFolder, readable
from connectors.hub.errors import HubError
from connectors.hub.tables import AnyTable, source_tables, tables_of
from isp.agreement.openings import closed_datasets
from isp.agreement.topics import stored
from ops.background import HUB
from schemas.london import london_today

if TYPE_CHECKING:
    from pathlib import Path

    from isp.agreement.protocol import Protocol
    from ops.embedded.stack import Stack
    from schemas.catalogue import Catalogue

_LOOK_S = 0.1
Partner = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="The party that the copy is for.")
]
Patience = Annotated[
    float, typer.Option("--wait", min=0.1, help="Wait at most so many seconds for the copy.")
]


def copy_folder(stack: Stack) -> CopyFolder:
    """Return the folder with the copies of a stack's hub."""
    return CopyFolder(stack.run_dir / HUB / FOLDER)


def fresh_copy(
    stack: Stack, agreed: Protocol, catalogue: Catalogue, party: str, wait_s: float
) -> Path:
    """Have the hub write a party's copy now, and return its file.

    Raises:
        HubError: there is no hub, the party receives nothing that it stores, or it does not answer in time.
        ProtocolError: there is no such party; the text names all parties.
    """
    own_tables(agreed, catalogue, party)
    return _written(copy_folder(stack), party, wait_s)


def own_tables(agreed: Protocol, catalogue: Catalogue, party: str) -> tuple[AnyTable, ...]:
    """Return the tables that a party may read today; there is at least one. Errors as `fresh_copy`."""
    if agreed.hub is None:
        raise HubError("the protocol has no `hub`; add one, have it signed and apply it")
    closed = closed_datasets(agreed, catalogue, london_today())
    topics = stored(agreed, catalogue, closed)
    tables: tuple[AnyTable, ...] = (*tables_of(topics), *source_tables(topics, agreed.prefix))
    own = readable(agreed, closed, party, tables)
    if not own:
        receiving = (p.id for p in agreed.parties if readable(agreed, closed, p.id, tables))
        accepted = ", ".join(receiving)
        raise HubError(f"{party} receives nothing that the hub stores; accepted: {accepted}")
    return own


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
