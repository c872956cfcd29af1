"""The suppliers' metadata of a dataset (guidance 3.4), as far as a party's copy has them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import SUPPLIES

_NOT_OPEN: Final = "The supplier's metadata are not open to this party (guidance 3.4)"
_AS_JSON: Final = ("out_of_scope", "filled", "explanations", "coding_systems", "claims")


class Supplies(NamedTuple):
    """The newest supply of each agency, and a note about the agencies whose metadata are not open."""

    found: tuple[Mapping[str, Any], ...] = ()
    note: str = ""


def supplies_of(copy: PartyCopy, dataset: str, agencies: Collection[str] = ()) -> Supplies:
    """Return what the suppliers said about a dataset, in the order of their ids.

    `agencies` are those with records in the export. The values of a supply have the names of
    schemas/avro/system/supply.avsc. A supply that takes records back is left out.
    """
    newest = (_newest(copy, table) for table in _tables(copy, dataset))
    found = tuple(supply for supply in newest if supply is not None)
    absent = sorted(set(agencies) - {supply["agency"] for supply in found})
    if found and not absent:
        return Supplies(found)
    named = f": {', '.join(absent)}" if absent else ""
    return Supplies(found, f"{_NOT_OPEN}{named}. Ask the supplier for them.")


def _tables(copy: PartyCopy, dataset: str) -> Iterator[str]:
    """Yield the tables `<agency>__<dataset>`."""
    ending = f"__{dataset.replace('-', '_')}"
    for name in copy.tables():
        schema, _, table = name.partition(".")
        if schema == SUPPLIES and table.endswith(ending) and table != ending:
            yield table


def _newest(copy: PartyCopy, table: str) -> dict[str, Any] | None:
    quoted = '"' + table.replace('"', '""') + '"'
    rows = copy.arrow(
        f"SELECT * FROM {SUPPLIES}.{quoted} WHERE NOT erases "
        "ORDER BY supplied_on DESC, supply_id LIMIT 1"
    ).to_pylist()
    return {name: _read(name, value) for name, value in rows[0].items()} if rows else None


def _read(name: str, value: Any) -> Any:
    """Return a value; a map is stored as JSON."""
    return json.loads(value) if name in _AS_JSON and isinstance(value, str) and value else value
