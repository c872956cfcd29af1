"""A party's copy of the information hub, and what it has."""

from __future__ import annotations

import time
from typing import NamedTuple

from rich.table import Table

from connectors.hub.party_copy import PartyCopy
from demo.tables import empty_table
from ops.commands.hub_copy import fresh_copy
from ops.system import System

PARTY = "council"
_SHOWN = 6
_WAIT_S = 120.0


class HubSeen(NamedTuple):
    """The copy of a party: its number of rows by table, and how long it took to write it."""

    party: str
    seconds: float
    rows: dict[str, int]
    markings: dict[str, str]


def try_the_hub(system: System) -> HubSeen:
    """Have the hub write the council's copy, and count its rows."""
    began = time.monotonic()
    file = fresh_copy(system.stack, system.protocol, system.catalogue, PARTY, _WAIT_S)
    seconds = time.monotonic() - began
    with PartyCopy(file) as copy:
        docs = copy.tables()
        rows = {name: _count(copy, name) for name in docs}
    return HubSeen(
        PARTY, seconds, rows, {name: doc.partition(".")[0] for name, doc in docs.items()}
    )


def hub_table(seen: HubSeen) -> Table:
    """Return the largest tables of the copy."""
    table = empty_table(
        f"The {seen.party}'s copy of the information hub: {len(seen.rows)} tables, which its analysts query "
        f"with SQL (written in {seen.seconds:.1f} s)"
    )
    table.add_column("table", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("marking")
    for name, rows in sorted(seen.rows.items(), key=lambda each: -each[1])[:_SHOWN]:
        table.add_row(name, f"{rows:,}", seen.markings[name])
    return table


def _count(copy: PartyCopy, name: str) -> int:
    schema, _, table = name.partition(".")
    return int(copy.query(f'SELECT count(*) FROM "{schema}"."{table}"')[0][0])  # noqa: S608 - names of the hub
