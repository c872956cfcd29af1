"""The layout of one agent's state: its tables, the table of each key, and the keys derived from its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.state import KIND_OF_PREFIX, STATE_KINDS

OTHER: Final = "other"
"""The worker's table of entries without a kind, written before each kind had a topic."""

DAY_BYTES: Final = 4
"""Size of the day at the beginning of each row."""

Derive = Callable[[bytes, bytes], Iterable[bytes]]
"""A function from the key and the value of a row to its derived keys.

The keys depend on key and value alone. Each has the id of its row, so no two rows have the same derived key.
It accepts every row that its agent has written, and raises nothing.
"""


def no_keys(_key: bytes, _value: bytes) -> Iterable[bytes]:
    """Return no derived keys."""
    return ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of one agent's state.

    A key is in the table of its first byte, else in the table `other`. With `is_dated` each entry has its own
    day, the day of its event, and may be deleted; `derive` gives the derived keys of its row. A change of
    `derive` needs another `version`, so that stores with the earlier keys are built again.
    """

    other: str
    table_of_prefix: Mapping[bytes, str] = field(default_factory=dict)
    is_dated: bool = False
    derive: Derive = no_keys
    version: int = 1

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables with rows."""
        return tuple(dict.fromkeys((*self.table_of_prefix.values(), self.other)))

    @property
    def every_table(self) -> tuple[str, ...]:
        """Return the names of all tables: those with rows, and those with derived keys."""
        return (*self.tables, *map(derived_table, self.tables)) if self.is_dated else self.tables


def derived_table(table: str) -> str:
    """Return the name of the table with the derived keys of a table's rows."""
    return f"{table}.keys"


SANITISING: Final = Layout(OTHER, KIND_OF_PREFIX)
"""The layout of the sanitising worker. A row has the day of the batch that wrote it."""


def alerts_layout(derive: Derive, version: int = 1) -> Layout:
    """Return the layout of the alerts agent, which has one kind of state."""
    (kind,) = STATE_KINDS["alerter"]
    return Layout(kind, is_dated=True, derive=derive, version=version)


def problems_layout() -> Layout:
    """Return the layout of the detector of emerging problems, which reads all rows when it starts."""
    (kind,) = STATE_KINDS["detector"]
    return Layout(kind, is_dated=True)
