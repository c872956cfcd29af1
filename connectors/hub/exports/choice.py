"""The table of a dataset that an export is of, among those that a party may read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from connectors.hub.errors import HubError
from connectors.hub.tables import AnyTable, HubTable
from isp.agreement.topics import RELEASES


def choose(
    tables: Sequence[AnyTable], dataset: str, profile: str | None, neighbour: str | None
) -> HubTable:
    """Return the one table of a dataset's records with a profile and a neighbour, where these are given.

    With a profile and no neighbour, the table of the partnership's own area is meant.

    Raises:
        HubError: the party has no such table, or several; the text names the accepted ones.
    """
    of_records = [table for table in tables if _has_records(table)]
    of_dataset = [table for table in of_records if table.topic.dataset == dataset]
    if not of_dataset:
        accepted = ", ".join(sorted({str(table.topic.dataset) for table in of_records}))
        raise HubError(f"the party receives no dataset {dataset!r}; accepted: {accepted}")
    found = [table for table in of_dataset if profile in (None, table.topic.profile)]
    if neighbour is not None:
        found = [table for table in found if table.topic.neighbour == neighbour]
    elif profile is not None:
        found = [table for table in found if table.topic.neighbour is None] or found
    if len(found) == 1:
        return found[0]
    accepted = "; ".join(map(_options, of_dataset))
    wrong = "is not one table" if found else "has no such table"
    raise HubError(f"{dataset} {wrong} of the party; accepted: {accepted}")


def _has_records(table: AnyTable) -> TypeGuard[HubTable]:
    return isinstance(table, HubTable) and table.topic.family in RELEASES


def _options(table: HubTable) -> str:
    neighbour = table.topic.neighbour
    named = f" --neighbour {neighbour}" if neighbour is not None else ""
    return f"--profile {table.topic.profile}{named}"
