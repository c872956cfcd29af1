"""What the originals would be at most: every release before anything is told more coarsely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.convert import Converter
from connectors.sources.formats import open_table
from connectors.sources.table import Row, rows_of
from ops.offline.run import Order, released_columns
from ops.offline.steps import steps_for
from sanitiser.location import Located
from schemas.london import london_time
from streams.steps.generalise import Generaliser

_SUPPLY = "risk"
_SHOWN_EVERY = 500

Progress = Callable[[int, int, str], None]


class Truth(NamedTuple):
    """One original: as it was given, as cells of its fullest release, and where it was found to lie."""

    given: dict[str, Any]
    cells: dict[str, str]
    locations: dict[str, Located]


def truths(order: Order, progress: Progress) -> list[Truth]:
    """The originals of a file that the profile may have; others cannot stand in a release.

    Raises:
        SourceError: the file is not what the mapping says.
    """
    columns = released_columns(order.record_type, order.profile)
    steps = replace(
        steps_for(
            order.mapping.dataset, order.profile,
            agency=order.agency, index=order.index, key=order.key, catalogue=order.catalogue,
            gazetteer=order.gazetteer,
        ),
        generalise=Generaliser({}),
    )  # fmt: skip
    now = london_time(datetime.now(UTC))
    found: list[Truth] = []
    with open_table(order.file, order.mapping) as source:
        convert = Converter(order.mapping, order.record_type, source.header, _SUPPLY)
        for row in rows_of(source, order.file):
            if not isinstance(row, Row):
                continue
            given = convert(row.cells, row.number).record
            if given is None:
                continue
            done = steps(dict(given), now)
            if done.released is not None:
                cells = {name: shown(done.released[name]) for name, shown in columns}
                found.append(Truth(given, cells, dict(done.locations)))
            if row.number % _SHOWN_EVERY == 0:
                progress(source.consumed, source.size, f"{row.number:,} originals")
    return found
