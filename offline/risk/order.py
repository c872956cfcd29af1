"""Check whether the order of rows leads back to the originals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from schemas.record_type import RecordType

ATTACK: Final = "order"
_LEAST_LINKED: Final = 20
_CORRELATED: Final = 0.9


def order_of_rows(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
) -> Iterator[Hit]:
    """Yield a hit if the rows follow the order of the originals."""
    if _is_order_of_originals(rows, truths, record_type, profile):
        yield Hit(ATTACK, "", "the rows follow the order of the originals")


def _is_order_of_originals(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
) -> bool:
    linked = _linked(rows, truths, record_type, profile)
    if len(linked) < _LEAST_LINKED:
        return False
    # Spearman's correlation: the correlation of the ranks; no ranks are tied.
    ours, theirs = (np.argsort(np.argsort(places)) for places in zip(*linked, strict=True))
    return bool(abs(np.corrcoef(ours, theirs)[0, 1]) > _CORRELATED)


def _linked(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
) -> list[tuple[int, int]]:
    """Return the positions of a row and of an original that alone have the same values."""
    if not rows:
        return []
    references = {
        f.name for f in record_type.released(profile) if f.treatments[profile].action == "reference"
    }
    told = [n for n in rows[0] if n not in {"record_id", "caveats", *references}]
    given = [tuple(truth.cells.get(n, "") for n in told) for truth in truths]
    released = [tuple(row[n] for n in told) for row in rows]
    once = {key for key, count in Counter(given).items() if count == 1}
    only = {key for key, count in Counter(released).items() if count == 1}
    alone = once & only
    at = {key: place for place, key in enumerate(given)}
    return [(place, at[key]) for place, key in enumerate(released) if key in alone]
