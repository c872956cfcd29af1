"""Compute the originals' fullest releases, before attributes are generalised."""

from __future__ import annotations

from collections.abc import Callable
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

_SUPPLY = "risk"
_SHOWN_EVERY = 500

Progress = Callable[[int, int, str], None]


class Truth(NamedTuple):
    """One original: its values, the cells of its fullest release, and its locations."""

    given: dict[str, Any]
    cells: dict[str, str]
    locations: dict[str, Located]


def truths(order: Order, progress: Progress, at: datetime | None = None) -> list[Truth]:
    """Return the originals of a file whose releases the profile's readers have at the end.

    `at` is the instant of the supply; default: now.

    Raises:
        SourceError: the file does not match the mapping.
    """
    columns = released_columns(order.record_type, order.profile)
    steps = _fullest(order.steps())
    now = london_time(at or datetime.now(UTC))
    found: dict[str, Truth] = {}
    with open_table(order.file, order.mapping) as source:
        convert = Converter(order.mapping, order.record_type, source.header, _SUPPLY)
        for row in rows_of(source, order.file):
            if not isinstance(row, Row):
                continue
            given = convert(row.cells, row.number).record
            if given is None:
                continue
            outcome = decided(steps, dict(given), now, row.number)
            for release in outcome.releases:
                cells = {name: shown(release.record[name]) for name, shown in columns}
                # A later record of the same reference replaces the earlier one.
                found.pop(cells["record_id"], None)
                found[cells["record_id"]] = Truth(given, cells, dict(outcome.locations))
            for gone in outcome.taken_back:
                found.pop(gone.record_id, None)
            if row.number % _SHOWN_EVERY == 0:
                progress(source.consumed, source.size, f"{row.number:,} originals")
    return list(found.values())


def _fullest(steps: Steps) -> Steps:
    """Return the same steps, without the generalising of attributes."""
    releasing = tuple(step for step in steps.releasing if not isinstance(step, Generaliser))
    return replace(steps, releasing=releasing)
