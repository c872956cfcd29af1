from __future__ import annotations

from collections import Counter
from itertools import permutations
from statistics import mean, pstdev

import pytest

from sanitiser.counts.noise import MOST, Cell, Noise
from sanitiser.counts.periods import Period

MONTH = Period("month", 24_300)


def changes(noise: Noise, number: int = 4_000) -> list[int]:
    return [noise.of(Cell("t", MONTH, {"ward": str(ward)})) for ward in range(number)]


def test_a_change_is_symmetric_and_at_most_seven() -> None:
    found = changes(Noise(bytes(32)))
    assert abs(mean(found)) < 0.1
    assert pstdev(found) == pytest.approx(1.87, abs=0.1)
    assert max(map(abs, found)) <= MOST == 7


def test_a_cell_has_the_same_change_in_whatever_order_its_values_are_given() -> None:
    noise = Noise(bytes(32))
    values = [("ward", "a"), ("type", None), ("hour", "b")]
    orders = {noise.of(Cell("t", MONTH, dict(order))) for order in permutations(values)}
    assert len(orders) == 1


def test_tables_periods_values_and_keys_have_changes_of_their_own() -> None:
    noise = Noise(bytes(32))
    first = changes(noise)
    others = {
        "key": changes(Noise(bytes(31) + b"x")),
        "table": [noise.of(Cell("u", MONTH, {"ward": str(w)})) for w in range(4_000)],
        "unit": [noise.of(Cell("t", Period("quarter", 24_300), {"ward": str(w)})) for w in range(4_000)],
        "dimension": [noise.of(Cell("t", MONTH, {"lsoa": str(w)})) for w in range(4_000)],
    }  # fmt: skip
    for what, second in others.items():
        alike = Counter(a == b for a, b in zip(first, second, strict=True))[True] / 4_000
        # As often as two independent changes are alike.
        assert alike == pytest.approx(0.15, abs=0.03), what


def test_a_value_that_is_not_known_is_no_text() -> None:
    noise = Noise(bytes(32))
    unlike = [
        noise.of(Cell(str(n), MONTH, {"ward": None}))
        != noise.of(Cell(str(n), MONTH, {"ward": "None"}))
        for n in range(50)
    ]
    assert any(unlike)


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_key_that_is_too_short_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="accepted: 16 to 64 bytes"):
        Noise(bytes(length))
