"""A spate is near one place, on the last days, and its history ends before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import pytest

from demo.generator.records import typed
from demo.generator.spate import A_DAY, DATASET, KIND, Spate
from demo.generator.trouble import record_type_of
from tests.demo.generated import POSTCODES, SEED

NOON = datetime(2026, 11, 29, 12, 30)


@pytest.fixture(scope="module")
def spate() -> Spate:
    return Spate.of(POSTCODES, SEED, NOON)


def test_each_record_has_the_fields_of_its_type_and_every_value_can_be_read(spate: Spate) -> None:
    rows = [row for day in spate.days() for row in day.rows]
    fields = [field.name for field in record_type_of(DATASET).fields]
    assert all(sorted(row) == sorted(fields) for row in rows)
    records = typed(rows, record_type_of(DATASET))
    assert not [name for r in records for name, value in r.items() if isinstance(value, tuple)]


def test_the_days_end_today_and_each_has_its_fights(spate: Spate) -> None:
    days = spate.days()
    assert tuple(len(day.rows) for day in days) == A_DAY
    assert [day.day for day in days] == [NOON.date() - timedelta(days=d) for d in (2, 1, 0)]
    assert len({row["incident_reference"] for day in days for row in day.rows}) == sum(A_DAY)


@pytest.mark.parametrize("minute", [0, 1, 600, 1_439])
def test_no_fight_is_in_the_future_at_any_time_of_day(minute: int) -> None:
    now = NOON.replace(hour=minute // 60, minute=minute % 60)
    today = Spate.of(POSTCODES, SEED, now).days()[-1]
    assert all(row["incident_time"] <= f"{now:%H:%M}" for row in today.rows)


def test_the_fights_are_near_one_place_which_is_not_one_postcode(spate: Spate) -> None:
    rows = [row for day in spate.days() for row in day.rows]
    for axis in ("location_easting", "location_northing"):
        values = [float(row[axis]) for row in rows]
        assert max(values) - min(values) <= 2 * 150 + 50
    assert len({row["location_postcode"] for row in rows}) > 1


def test_the_history_is_half_a_year_of_the_same_kind_and_of_others_and_ends_before_the_spate(
    spate: Spate,
) -> None:
    rows = list(spate.history())
    kinds = [row["incident_type"] for row in rows]
    assert kinds.count(KIND) > 200
    assert len(set(kinds)) > 1
    dates = [row["incident_date"] for row in rows if not row["incident_date"].endswith("-02-30")]
    assert max(dates) < spate.first_day.isoformat()
    assert min(dates) <= (spate.first_day - timedelta(days=175)).isoformat()


def test_the_same_seed_gives_the_same_spate(spate: Spate) -> None:
    again = Spate.of(POSTCODES, SEED, NOON)
    assert again.days() == spate.days()
    assert list(islice(again.history(), 20)) == list(islice(spate.history(), 20))
