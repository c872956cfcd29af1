"""Check whether the order or the ids of rows lead back to the originals."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from schemas.record_type import RecordType

ATTACK = "order and names"
_LEAST_LINKED = 20
_CORRELATED = 0.9
_TRIED = 5_000
_JOINERS = ("", "|", ",", ":", "-", "/", " ")
_HASHES: tuple[Callable[[bytes], str], ...] = (
    lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest(),
    lambda text: hashlib.sha1(text, usedforsecurity=False).hexdigest(),
    lambda text: hashlib.sha256(text).hexdigest(),
    lambda text: hashlib.blake2b(text, digest_size=16).hexdigest(),
)
_NAME_DIGITS = 32
_REFERENCES = ("_reference", "_number")
_NAMES = frozenset({"record_id", "caveats"})


def order_and_names(
    rows: Sequence[Mapping[str, str]], truths: Sequence[Truth], record_type: RecordType
) -> Iterator[Hit]:
    """Yield hits if the rows follow the originals' order, or have ids that anybody can compute."""
    if _stand_in_order(rows, truths):
        yield Hit(ATTACK, "", "the rows follow the order of the originals")
    names = {
        value[:_NAME_DIGITS]: (at, name)
        for at, row in enumerate(rows, 1)
        for name, value in row.items()
        if value and (name == "record_id" or name.endswith(_REFERENCES))
    }
    for truth in truths[:_TRIED]:
        for guess in _guesses(truth, record_type):
            if guess in names:
                row, name = names[guess]
                yield Hit(ATTACK, name, "a digest without a key", row)


def _stand_in_order(rows: Sequence[Mapping[str, str]], truths: Sequence[Truth]) -> bool:
    linked = _linked(rows, truths)
    if len(linked) < _LEAST_LINKED:
        return False
    # Spearman's correlation: the correlation of the ranks; no ranks are tied.
    ours, theirs = (np.argsort(np.argsort(places)) for places in zip(*linked, strict=True))
    return bool(abs(np.corrcoef(ours, theirs)[0, 1]) > _CORRELATED)


def _linked(rows: Sequence[Mapping[str, str]], truths: Sequence[Truth]) -> list[tuple[int, int]]:
    """Return the positions of a row and of an original that alone have the same values."""
    if not rows:
        return []
    told = [n for n in rows[0] if n not in _NAMES and not n.endswith(_REFERENCES)]
    given = [tuple(truth.cells.get(n, "") for n in told) for truth in truths]
    released = [tuple(row[n] for n in told) for row in rows]
    once = {key for key, count in Counter(given).items() if count == 1}
    only = {key for key, count in Counter(released).items() if count == 1}
    alone = once & only
    at = {key: place for place, key in enumerate(given)}
    return [(place, at[key]) for place, key in enumerate(released) if key in alone]


def _guesses(truth: Truth, record_type: RecordType) -> Iterator[str]:
    identity = [str(truth.given.get(name) or "") for name in record_type.identity]
    texts = {*identity, *(joiner.join(identity) for joiner in _JOINERS)} - {""}
    for text in texts:
        for digest in _HASHES:
            yield digest(text.encode())[:_NAME_DIGITS]
