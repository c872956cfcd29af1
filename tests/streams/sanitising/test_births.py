"""A date on or before a birth of the same record is a fault: one of the two is another's, or wrong."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from schemas.catalogue import load_catalogue
from schemas.record_type import RecordType
from tests.streams.partnership import Partnership, minimal

DAY = date(2024, 6, 1)
DATED = [
    (record_type, born, dated.name)
    for record_type in load_catalogue()
    for born in record_type.births
    for dated in record_type.fields
    if dated.kind == "date" and dated.name not in record_type.births
]


def sent(full: Partnership, record_type: RecordType, **fields: Any) -> list[dict[str, Any]]:
    """Return what comes back to the supplier of one record."""
    record = minimal(record_type) | fields
    return full.rejections(full.process(full.intake(record_type.dataset, record)))


@pytest.mark.parametrize(
    ("record_type", "born", "dated"), DATED, ids=lambda v: getattr(v, "dataset", v)
)
@pytest.mark.parametrize("days", [0, 1, 9])
def test_what_happened_on_or_before_a_birth_comes_back_with_its_reason(
    full: Partnership, record_type: RecordType, born: str, dated: str, days: int
) -> None:
    (rejected,) = sent(full, record_type, **{dated: DAY, born: DAY + timedelta(days)})
    faults = {(fault["field"], fault["reason"]) for fault in rejected["faults"]}
    assert (dated, "not-after-birth") in faults


@pytest.mark.parametrize(
    ("record_type", "born", "dated"), DATED, ids=lambda v: getattr(v, "dataset", v)
)
def test_what_happened_after_the_births_is_taken(
    full: Partnership, record_type: RecordType, born: str, dated: str
) -> None:
    assert sent(full, record_type, **{dated: DAY, born: DAY - timedelta(1)}) == []


def test_every_type_with_a_birth_and_a_date_is_looked_at() -> None:
    assert len({record_type.dataset for record_type, _, _ in DATED}) == 12
