"""What no store of the hub can have."""

from __future__ import annotations

import math
from typing import Any

import pytest

from connectors.hub.storable import LONGEST_KEY, is_key, is_storable


@pytest.mark.parametrize(
    "value",
    [
        {"contact": "a\0b"}, {"caveats": ["a", "\0"]}, {"filled": {"\0": 1}},
        {"claims": {"completeness": {"gender": math.nan}}}, {"age": math.inf},
    ],
    ids=["text", "list", "name", "number within", "number"],
)  # fmt: skip
def test_a_nul_or_an_infinite_number_is_found_wherever_it_is(value: dict[str, Any]) -> None:
    assert not is_storable(value)


def test_all_other_values_are_storable() -> None:
    assert is_storable({"a": "é", "b": None, "c": [1, 2.5], "d": {"e": True}})


def test_a_key_has_no_nul_and_is_short() -> None:
    assert is_key("k" * LONGEST_KEY)
    assert not is_key("k" * (LONGEST_KEY + 1))
    assert not is_key("a\0")
