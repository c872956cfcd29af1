"""Texts for people hide nothing."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from connectors.hub.exports.texts import said, shown, shown_rows
from tests.connectors.hub.exports.conftest import HOSTILE


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_shown_text_has_a_character_that_nobody_can_see(text: str) -> None:
    found = shown(text)
    assert all(character.isprintable() or character == "\n" for character in found)
    assert "\uffff" not in found


def test_rows_are_shown_as_single_texts_are_and_lists_are_one_text() -> None:
    texts = [*HOSTILE.values(), None, "plain"]
    rows = pa.table({"text": texts, "list": pa.array([["a", "b\0"]] * len(texts))})
    found = shown_rows(rows)
    assert found.column("text").to_pylist() == [None if t is None else shown(t) for t in texts]
    assert set(found.column("list").to_pylist()) == {"a;b\\u0000"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (12, "12"),
        (date(2026, 11, 1), "2026-11-01"),
        (["a", "b"], "a; b"),
        ({"x": 0.5, "y": None}, "x: 0.5; y: "),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_a_value_of_metadata_is_one_text(value: object, text: str) -> None:
    assert said(value) == text
