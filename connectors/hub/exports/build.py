"""Build an export from a party's copy: its rows, and their description."""

from __future__ import annotations

from datetime import timedelta

from connectors.hub.exports.about import About, Extent, Origin
from connectors.hub.exports.export import Export
from connectors.hub.exports.selection import Selection, by_agency, retention_ends
from connectors.hub.exports.supplies import supplies_of
from connectors.hub.party_copy import PartyCopy


def build_export(copy: PartyCopy, selection: Selection, origin: Origin, duties: str) -> Export:
    """Return the export of a selection; `duties` reminds its recipient of them.

    Raises:
        HubError: the copy has no such table, or the condition is faulty.
    """
    table, rows = selection.table, selection.rows(copy)
    retention = timedelta(milliseconds=table.topic.retention_ms)
    first, last = retention_ends(rows, retention, origin.at)
    extent = Extent(rows.num_rows, selection.where, selection.from_hour, first, last)
    supplies = supplies_of(copy, str(table.topic.dataset), by_agency(rows))
    return Export(rows, About(table, origin, extent, supplies, duties))
