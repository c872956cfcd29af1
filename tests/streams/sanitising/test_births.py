"""A date on or before a birth of the same record is a fault: one of the two is another's, or wrong.

Of the several people of an incident or referral, a wrong birth is left out.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.catalogue import load_catalogue
from schemas.record_type import RecordType
from streams.steps.clean import Cleaned, Cleaner
from streams.steps.validate import Validator
from tests.streams.partnership import Partnership, minimal

DAY = date(2024, 6, 1)
DATED = [
    (record_type, born, dated.name)
    for record_type in load_catalogue()
    for born in record_type.births
    if born not in record_type.births_of_several
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


SEVERAL = [(r, born) for r in load_catalogue() for born in r.births_of_several]
every_birth_of_several = pytest.mark.parametrize(
    ("record_type", "born"), SEVERAL, ids=lambda v: getattr(v, "dataset", v)
)


def day_of(record_type: RecordType) -> str:
    assert record_type.domestic is not None
    return record_type.domestic.day or record_type.events[0].date


def cleaned(record_type: RecordType, **fields: Any) -> Cleaned:
    record = {f.name: None for f in record_type.fields} | fields
    return Cleaner(record_type).clean(record, [], DAY)


def test_events_and_referrals_with_several_people_are_looked_at() -> None:
    assert {r.dataset for r, _ in SEVERAL} == {"police-incident", "marac-referral"}
    assert len(SEVERAL) == 10


@every_birth_of_several
def test_a_wrong_birth_of_a_person_loses_no_incident_and_no_referral(
    full: Partnership, record_type: RecordType, born: str
) -> None:
    days = {day_of(record_type): DAY, born: DAY + timedelta(1)}
    assert sent(full, record_type, **days) == []
    kept = cleaned(record_type, **days)
    assert (kept.record[born], kept.faults) == (None, [])
    assert kept.caveats == [f"{born}:not-before-{day_of(record_type)}"]


@every_birth_of_several
def test_only_a_child_may_be_born_on_the_day(record_type: RecordType, born: str) -> None:
    kept = cleaned(record_type, **{day_of(record_type): DAY, born: DAY}).record[born]
    assert kept == (DAY if record_type.field(born).about == "child" else None)


@every_birth_of_several
def test_a_risk_may_be_assessed_before_a_child_is_born(record_type: RecordType, born: str) -> None:
    days = {day_of(record_type): DAY, born: DAY - timedelta(1), "risk_date": DAY - timedelta(9)}
    kept = cleaned(record_type, **days)
    assert (kept.record[born], kept.caveats, kept.faults) == (days[born], [], [])


@pytest.mark.parametrize("given", ["2031-01-01", "1900-01-01", "9999-12-31", "unknown"])
@every_birth_of_several
def test_a_birth_that_cannot_be_is_left_out_and_the_record_used(
    full: Partnership, record_type: RecordType, born: str, given: str
) -> None:
    assert sent(full, record_type, **{born: given}) == []
    validator = Validator(record_type, load_catalogue().code_lists)
    record, problems = validator.read({born: given}, datetime(2026, 1, 1, 12))
    assert record[born] is None
    assert [p for p in problems if p.field == born]
