from __future__ import annotations

from datetime import date

import pytest

from detection.emerging.strata import HOLIDAY, day_kind


def day(iso: str) -> int:
    return (date.fromisoformat(iso) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("iso", "kind"),
    [
        ("2026-11-23", 0),
        ("2026-11-25", 2),
        ("2026-11-29", 6),
        ("2026-12-25", HOLIDAY),
        ("2026-12-28", HOLIDAY),  # for Boxing Day, a Saturday
        ("2026-12-26", HOLIDAY),  # Boxing Day itself
        ("2026-05-04", HOLIDAY),
        ("2026-01-02", 4),  # a holiday in Scotland only
    ],
)
def test_a_day_is_of_the_kind_of_its_weekday_or_a_holiday(iso: str, kind: int) -> None:
    assert day_kind(day(iso)) == kind
