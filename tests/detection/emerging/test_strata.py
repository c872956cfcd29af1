from __future__ import annotations

from datetime import date

import pytest

from detection.emerging.strata import HOLIDAY, KINDS, day_kind, kinds_for, merged

SATURDAY, SUNDAY = 5, 6


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


@pytest.mark.parametrize(("cases", "kinds"), [(280, 8), (279, 3), (100, 3), (99, 1), (0, 1)])
def test_a_small_series_has_fewer_kinds_of_days(cases: int, kinds: int) -> None:
    assert kinds_for(cases) == kinds


@pytest.mark.parametrize("kinds", [1, 3, 8])
def test_each_kind_of_day_is_merged_into_one(kinds: int) -> None:
    assert {merged(kind, kinds) for kind in range(KINDS)} == set(range(kinds))


def test_a_public_holiday_is_merged_with_sunday() -> None:
    assert merged(HOLIDAY, 3) == merged(SUNDAY, 3) != merged(SATURDAY, 3)
