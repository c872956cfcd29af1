"""Read the originals: their values, and their fullest releases, before attributes are generalised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.mappings.convert import Converter
from connectors.sources.formats import open_table
from connectors.sources.table import Row, rows_of
from offline.run import Order, decided, released_columns
from sanitiser.places.location import Located
from schemas.london import london_time
from streams.decision import Steps
from streams.steps.generalise import Generaliser
from streams.steps.step import Work

_SUPPLY = "risk"
_SHOWN_EVERY = 500

Progress = Callable[[int, int, str], None]


class Truth(NamedTuple):
    """One original: its values, the cells of its fullest release, and its locations.

    `given` has the values as in the file, `record` the values as read. `unread` names the fields
    whose values could not be read with certainty.
    """

    given: dict[str, Any]
    record: dict[str, Any]
    unread: frozenset[str]
    cells: dict[str, str]
    locations: dict[str, Located]


class Originals(NamedTuple):
    """The originals that the profile's readers have at the end, and those that they do not have.

    The cells of a withheld original are empty.
    """

    released: Sequence[Truth]
    withheld: Sequence[Truth]

    @property
    def every(self) -> Sequence[Truth]:
        """Return all originals."""
        return [*self.released, *self.withheld]


def originals(order: Order, progress: Progress, at: datetime | None = None) -> Originals:
    """Return the originals of a file; `at` is the instant of the supply (default: now).

    Raises:
        SourceError: the file does not match the mapping.
    """
    columns = released_columns(order.record_type, order.profile)
    steps = _fullest(order.steps())
    now = london_time(at or datetime.now(UTC))
    found: dict[str, Truth] = {}
    withheld: list[Truth] = []
    with open_table(order.file, order.mapping) as source:
        convert = Converter(order.mapping, order.record_type, source.header, _SUPPLY)
        for row in rows_of(source, order.file):
            if not isinstance(row, Row):
                continue
            given = convert(row.cells, row.number).record
            if given is None:
                continue
            work = decided(steps, dict(given), now, row.number)
            for release in work.releases:
                cells = {name: shown(release.record[name]) for name, shown in columns}
                # A later record of the same reference replaces the earlier one.
                found.pop(cells["record_id"], None)
                found[cells["record_id"]] = _truth(given, work, cells)
            for gone in work.taken_back:
                found.pop(gone.record_id, None)
            if not work.releases:
                withheld.append(_truth(given, work, {}))
            if row.number % _SHOWN_EVERY == 0:
                progress(source.consumed, source.size, f"{row.number:,} originals")
    return Originals(list(found.values()), withheld)


def _truth(given: dict[str, Any], work: Work, cells: dict[str, str]) -> Truth:
    return Truth(given, dict(work.record), work.unread, cells, dict(work.locations))


def _fullest(steps: Steps) -> Steps:
    """Return the same steps, without the generalising of attributes."""
    releasing = tuple(step for step in steps.releasing if not isinstance(step, Generaliser))
    return replace(steps, releasing=releasing)
