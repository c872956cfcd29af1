"""The headers of a message, as an intake has them."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Message

from streams.runtime.intake import intake_of


def message(headers: list[tuple[str, Any]] | None) -> Any:
    return Message(topic="t", partition=0, offset=7, value=b"x", headers=headers, timestamp=(1, 5))


@pytest.mark.parametrize(
    "headers",
    [
        [("erase", b"")],
        [("erase", b"1")],
        [("erase", None)],
        [("supply", None), ("erase", None), ("erase", b"1")],
        [("erase", b"1"), ("erase", None)],
    ],
    ids=str,
)
def test_a_record_with_the_header_erase_is_erased_whatever_its_value(
    headers: list[tuple[str, Any]],
) -> None:
    assert intake_of(message(headers)).erases


@pytest.mark.parametrize("headers", [None, [], [("row", b"1"), ("eraser", b"1")]], ids=str)
def test_a_record_without_the_header_erase_is_released(
    headers: list[tuple[str, Any]] | None,
) -> None:
    taken = intake_of(message(headers))
    assert (taken.erases, taken.unreadable, taken.value) == (False, None, b"x")


def test_the_first_header_of_a_name_counts() -> None:
    supply = b"0" * 32
    taken = intake_of(message([("supply", supply), ("row", b"3"), ("supply", b"1" * 32)]))
    assert (taken.supply_id, taken.row) == (supply.decode(), b"3")
