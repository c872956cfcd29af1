"""Bring an old postcode index onto the rows of the one that succeeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sanitiser.build.history import ABSENT, History, numbered, read_history, releases
from sanitiser.build.index_change import Indexed, has
from sanitiser.build.reference_sources import Households
from sanitiser.build.succession import Past
from sanitiser.places.packed_columns import UNKNOWN, Columns
from sanitiser.places.postcode_store import Metadata, load_columns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sanitiser.build.reference_sources import PostcodeTable


class OldIndex(NamedTuple):
    """An index that another one is to succeed, with the history of its chain."""

    metadata: Metadata
    columns: Columns
    history: History

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the index in `folder`; errors as `sanitiser.places.postcode_store.load`."""
        metadata, columns = load_columns(folder)
        return cls(metadata, columns, read_history(folder, metadata, columns))

    @property
    def indexed(self) -> Indexed:
        """The index as `sanitiser.build.index_change` takes it."""
        return Indexed(self.columns, self.metadata.k, self.metadata.districts)

    def households(self) -> Households | None:
        """Return the counts that the index was built with, None if it had none."""
        if self.metadata.households is None or self.metadata.households_digest is None:
            return None
        known = self.columns.household_counts != UNKNOWN
        return Households(
            self.metadata.households,
            self.metadata.households_digest,
            self.columns.keys[known],
            self.columns.household_counts[known],
        )

    def kept_in(self, table: PostcodeTable) -> PostcodeTable:
        """Return the sorted table with the postcodes of the index that it lacks, where the index has them.

        Without them their records would be released with nothing, and so told from those that they were
        alike with.
        """
        columns = self.columns
        lacking = ~has(table.keys, columns.keys)
        codes, districts = self._districts_in(table)
        keys = np.concatenate((table.keys, columns.keys[lacking]))
        order = np.argsort(keys)
        return table._replace(
            keys=keys[order],
            eastings=np.concatenate((table.eastings, columns.eastings[lacking]))[order],
            northings=np.concatenate((table.northings, columns.northings[lacking]))[order],
            districts=np.concatenate((table.districts, districts[columns.districts[lacking]]))[
                order
            ],
            district_codes=codes,
        )

    def past_in(self, table: PostcodeTable) -> Past:
        """Return what the chain released, by the rows of a table that has all its postcodes."""
        columns = self.columns
        rows = np.searchsorted(table.keys, columns.keys)
        _, districts = self._districts_in(table)
        moved = columns.released_rows
        told = releases(
            np.where(moved == UNKNOWN, UNKNOWN, rows[np.maximum(moved, 0)]),
            districts[columns.districts],
        )
        size = len(table.keys)
        released = np.full(size, ABSENT, np.int64)
        classes = np.full(size, UNKNOWN, np.int64)
        had_k = np.zeros(size, np.bool_)
        released[rows], classes[rows], had_k[rows] = told, self.history.classes, self.history.had_k
        return Past(released, History(numbered(classes), had_k))

    def _districts_in(self, table: PostcodeTable) -> tuple[tuple[str, ...], NDArray[np.uint16]]:
        """Return the table's districts with those of the index, and where the latter are among them."""
        codes = tuple(dict.fromkeys((*table.district_codes, *self.metadata.districts)))
        at = {code: position for position, code in enumerate(codes)}
        found = [at[code] for code in self.metadata.districts]
        return codes, np.array(found, np.uint16)


def without(table: PostcodeTable, waits: NDArray[np.bool_]) -> PostcodeTable:
    """Return the table without some of its postcodes."""
    kept = ~waits
    return table._replace(
        keys=table.keys[kept],
        eastings=table.eastings[kept],
        northings=table.northings[kept],
        districts=table.districts[kept],
    )
