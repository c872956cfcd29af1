"""Homes: flats, house names, blocks, farms, people. None is told, and nearly every sure street is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanitiser.address.address import released_address

STREETS_KEPT = 0.94
"""Without a list of streets a name such as Ash Valley Road looks like a house in Valley Road."""


def lines() -> list[tuple[str, str]]:
    text = Path(__file__).with_name("homes.txt").read_text(encoding="utf-8")
    pairs = [line.partition("=>") for line in text.splitlines() if "=>" in line]
    return [(address.strip(), expected.strip()) for address, _, expected in pairs]


@pytest.mark.parametrize(("address", "expected"), lines())
def test_nothing_but_a_street_that_was_read_comes_out(address: str, expected: str) -> None:
    assert released_address(address) in {expected, None}


@pytest.mark.parametrize(("address", "expected"), lines())
def test_a_line_in_capitals_or_with_its_fields_on_lines_of_their_own_tells_no_more(
    address: str, expected: str
) -> None:
    for form in (address.upper(), address.lower(), address.replace(", ", "\n")):
        released = released_address(form)
        assert released is None or released.casefold() == expected.casefold()


def test_nearly_every_street_that_is_sure_is_kept() -> None:
    sure = [(address, expected) for address, expected in lines() if expected]
    kept = sum(released_address(address) == expected for address, expected in sure)
    assert len(sure) > 350
    assert kept / len(sure) >= STREETS_KEPT
