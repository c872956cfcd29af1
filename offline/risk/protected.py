"""Check protected places: rows that have more of one than its district.

Which originals are at a protected place is taken from the list, as `ipu sanitise` does. What a row would have
without the list is found by sanitising the originals again without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from offline.risk.finding import Hit
from offline.risk.matching import Cells, Matched, rows_alike
from offline.risk.truth import Originals, Progress, Truth, originals
from offline.run import Order
from sanitiser.protected.listed import NO_PLACES
from schemas.codes import CodeList
from schemas.record_type import RecordType
from schemas.scrubbed import scrubbable, scrubbed_name

ATTACK: Final = "protected places"
_REASON: Final = "more than the district of a protected place"
_PARTS: Final = ("address", "postcode", "easting", "northing")

_Prefixes = frozenset[str]


def protected_places(
    rows: Sequence[Cells],
    known: Originals,
    matched: Matched,
    order: Order,
    at: datetime,
    progress: Progress = lambda *_: None,
) -> Iterator[Hit]:
    """Yield a hit for each unmatched row that can be of an original at a protected place.

    Such a row has a part of the place in addition to the district, or a text that can name it. All its other
    cells match an original that has no row. `at` is the instant of the supply.
    """
    paired = {truth for _, truth in matched.pairs}
    without_row = [t for n, t in enumerate(known.released) if n not in paired]
    hidden = {t.cells["record_id"]: prefixes for t in without_row if (prefixes := _protected(t))}
    if not hidden:
        return
    found = {row for row, _ in matched.pairs}
    alone = [n for n in range(len(rows)) if n not in found]
    record_type, profile = order.record_type, order.profile
    for prefixes, truths in _by_prefixes(order, hidden, at, progress).items():
        guarded = set(_guarded(record_type, profile, prefixes))
        asked = [n for n in alone if any(rows[n].get(name) for name in guarded)]
        lists: Mapping[str, CodeList] = order.catalogue.code_lists
        alike = rows_alike([rows[n] for n in asked], truths, record_type, profile, lists, guarded)
        for n, name in ((asked[at], _first(rows[asked[at]], guarded)) for at in alike):
            yield Hit(ATTACK, name, _REASON, n + 1)


def _protected(truth: Truth) -> _Prefixes:
    return frozenset(prefix for prefix, at in truth.locations.items() if at.is_protected)


def _by_prefixes(
    order: Order, hidden: Mapping[str, _Prefixes], at: datetime, progress: Progress
) -> Mapping[_Prefixes, Sequence[Truth]]:
    """Return the hidden originals as they are without the list, by their protected location groups."""
    without = replace(order, lists=replace(order.lists, protected=NO_PLACES))
    found: dict[_Prefixes, list[Truth]] = defaultdict(list)
    for truth in originals(without, progress, at).released:
        prefixes = hidden.get(truth.cells["record_id"])
        if prefixes is not None:
            found[prefixes].append(truth)
    return found


def _guarded(record_type: RecordType, profile: str, prefixes: _Prefixes) -> Iterator[str]:
    """Yield the columns that a release with these protected places has empty."""
    yield from (f"{prefix}{part}" for prefix in prefixes for part in _PARTS)
    for field in record_type.released(profile):
        if field.treatments[profile].action == "premises":
            yield field.name
    yield from map(scrubbed_name, scrubbable(record_type, profile))


def _first(row: Cells, guarded: set[str]) -> str:
    """Return the first column of a row that ought to be empty."""
    return next(name for name in row if name in guarded and row[name])
