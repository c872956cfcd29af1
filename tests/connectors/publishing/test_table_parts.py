"""A table that does not fit into a message goes in several, and comes out as it was."""

from __future__ import annotations

import hashlib
from typing import Any

from connectors.publishing.table_parts import SLICE_BYTES, WHOLE, in_parts, joined

LARGE = bytes(range(256)) * (3 * SLICE_BYTES // 256 + 1)


def table(content: bytes) -> dict[str, Any]:
    lists = {"fields": ["a"], "explanations": {"a": "b"}, "coding_systems": {}, "caveats": []}
    digest = hashlib.sha256(content).hexdigest()
    return {**lists, "geocoding": "", "sha256": digest, "table": content, **WHOLE}


def test_a_table_that_fits_is_one_message() -> None:
    small = table(b"a\n1\n")
    assert list(in_parts(small, fits=True)) == [small]
    assert list(joined([small])) == [small]


def test_a_large_table_is_the_same_after_it_went_in_parts() -> None:
    large = table(LARGE)
    parts = list(in_parts(large, fits=False))
    assert len(parts) == 5
    assert all(len(part["table"]) <= SLICE_BYTES for part in parts)
    assert list(joined(parts)) == [large]


def test_a_table_that_lacks_a_part_is_left_out_and_the_next_is_not() -> None:
    large, small = table(LARGE), table(b"a\n1\n")
    parts = list(in_parts(large, fits=False))
    for missing in range(len(parts)):
        left = [part for part in parts if part["part"] != missing]
        assert list(joined([*left, small, *parts])) == [small, large]


def test_parts_that_are_not_of_one_table_are_left_out() -> None:
    first, second = (list(in_parts(table(LARGE + end), fits=False)) for end in (b"1", b"2"))
    assert not list(joined([*first[:2], *second[2:]]))
    forged = [*first[:2], {**first[2], "table": b"other"}, *first[3:]]
    assert not list(joined(forged))


def test_a_part_of_a_negative_or_foreign_place_is_left_out() -> None:
    large = table(LARGE)
    parts = list(in_parts(large, fits=False))
    strange = [{**parts[1], "part": place} for place in (-1, 99)]
    assert list(joined([*strange, *parts])) == [large]
