"""Every day lies in exactly one epoch, and no key is ever shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.references import ReferenceKey

KEYS = [ReferenceKey(bytes([48 + n]) * 32) for n in range(4)]
DAY = date(2026, 1, 1)


def ring(*begins: date | None) -> KeyRing:
    epochs = [Epoch(n, day, KEYS[n]) for n, day in enumerate(begins)]
    return KeyRing(tuple(epochs), KEYS[-1])


@given(day=st.dates(), first=st.dates(date(2000, 1, 1), date(2040, 1, 1)), days=st.integers(1, 900))
def test_a_day_lies_in_the_last_epoch_that_has_begun(day: date, first: date, days: int) -> None:
    keys = ring(None, first, first + timedelta(days))
    begun = [e for e in keys.epochs if e.begins is None or e.begins <= day]
    assert keys.epochs[keys.at(day)] == begun[-1]


@pytest.mark.parametrize(
    "begins", [(), (DAY,), (None, None), (None, DAY, DAY), (None, DAY, DAY - timedelta(1))]
)
def test_epochs_between_which_a_day_is_in_none_or_two_are_refused(
    begins: tuple[date | None, ...],
) -> None:
    with pytest.raises(ValueError, match="epoch"):
        ring(*begins)


def test_one_key_serves_all_days() -> None:
    keys = KeyRing.of(KEYS[0])
    assert {keys.at(date.min), keys.at(DAY), keys.at(date.max)} == {0}
    assert keys.lasting != KEYS[0]


def test_a_ring_shows_no_key() -> None:
    shown = repr(ring(None, DAY))
    assert "0" * 8 not in shown
    assert "1" * 8 not in shown
    assert "3" * 8 not in shown
