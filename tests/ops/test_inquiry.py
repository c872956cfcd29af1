"""An inquiry of the audit reports the keys that were deleted."""

from __future__ import annotations

from datetime import date

import pytest

from ops.inquiry import keyless_before
from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.references import ReferenceKey

KEY = ReferenceKey(bytes(32))
SECOND, THIRD = date(2020, 1, 1), date(2022, 1, 1)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [(KEY, KEY, None), (None, KEY, SECOND), (None, None, THIRD), (KEY, None, THIRD)],
)
def test_the_day_is_told_before_which_a_key_was_deleted(
    first: ReferenceKey | None, second: ReferenceKey | None, told: date | None
) -> None:
    epochs = (Epoch(1, None, first), Epoch(2, SECOND, second), Epoch(3, THIRD, KEY))
    assert keyless_before(KeyRing(epochs, KEY)) == told
