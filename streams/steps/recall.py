"""Recall: use earlier records of the same case or person.

A file of offenders has no dates. An offender's age is that at the offence, which the crime reference finds.
Ages of one person on nearby dates would reveal the birthday, so every age after the first is derived from the
first.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sanitiser.people.ages import whole_years
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from schemas.record_type import PERSONAL, RecordType
from streams.steps.step import Step, Work

_DAY_BYTES = 4


class CaseDates:
    """The days of events, by the reference that the files of one case share."""

    def __init__(self, join: str, agency: str, key: ReferenceKey, memory: State) -> None:
        """Take the join and the agency: the same reference of another agency is another case."""
        self._key = key.for_purpose("memory", "case", join, agency)
        self._memory = memory

    def learn(self, reference: str | None, day: date | None) -> None:
        """Store the day of a case's event."""
        if reference is not None and day is not None:
            self._memory.put(self._name(reference), _as_bytes(day))

    def day(self, reference: str | None) -> date | None:
        """Return the day of a case's event; None if no file of the case had it."""
        found = None if reference is None else self._memory.get(self._name(reference))
        return None if found is None else _as_day(found)

    def _name(self, reference: str) -> bytes:
        return b"d" + bytes.fromhex(self._key.digest(reference))


class SteadyAges:
    """Derives the later ages of one person from the first age, so that they do not reveal the birthday.

    The first age is released as it is. A later age is the first plus the whole years since, so it is at most
    one year off. All ages together say no more about the birthday than the first. If a given age differs by
    more than one year, it is a correction and becomes the new first age.
    """

    def __init__(
        self, record_type: RecordType, agency: str, key: ReferenceKey, memory: State
    ) -> None:
        """Find the ages of the type, and the fields that identify the person of each."""
        self._key = key.for_purpose("memory", "age")
        self._agency = agency
        self._memory = memory
        self._ages = []
        if PERSONAL not in record_type.profiles:
            self._ages = [
                (f.name, *_known_by(record_type, f.about)) for f in record_type.fields if f.born
            ]

    def __bool__(self) -> bool:
        """Return True if records of this type have ages."""
        return bool(self._ages)

    def __call__(self, record: dict[str, Any], day: date) -> None:
        """Replace each age of the record by the steady age on `day`."""
        for age, purpose, fields in self._ages:
            known = [record[name] for name in fields]
            if record[age] is not None and None not in known:
                name = self._key.digest(self._agency, purpose, *map(str, known))
                record[age] = self._steady(b"b" + bytes.fromhex(name), record[age], day)

    def _steady(self, name: bytes, age: int, day: date) -> int:
        found = self._memory.get(name)
        if found is not None:
            expected = whole_years(_as_day(found), day)
            if abs(expected - age) <= 1 and expected >= 0:
                return expected
        self._memory.put(name, _as_bytes(_years_before(day, age)))
        return age


class EventDay(Step):
    """Finds the day of a record's event: its own, or that of its case from another file of the agency."""

    takes = frozenset({"record"})
    completes = frozenset({"day"})
    counts = frozenset({"newest_event"})

    def __init__(self, record_type: RecordType, cases: CaseDates | None = None) -> None:
        """Take `cases` if a file of the agency has its dates in another file."""
        self._happened = record_type.events[0].date if record_type.events else None
        self._case = None if cases is None or self._happened else case_field(record_type)
        self._cases = cases

    def __call__(self, work: Work, /) -> None:
        """Find the day; None if neither the record nor its case has one."""
        if self._happened is not None:
            work.day = work.record[self._happened]
        elif self._cases is not None and self._case is not None:
            work.day = self._cases.day(work.record[self._case])


class Recall(Step):
    """Stores the day of a case for later records, and replaces ages by steady ages."""

    takes = frozenset({"record", "day", "today"})
    completes = frozenset({"record"})

    def __init__(
        self, record_type: RecordType, ages: SteadyAges, cases: CaseDates | None = None
    ) -> None:
        """Take `cases` as `EventDay` does."""
        self._ages = ages
        self._cases = cases if record_type.events else None
        self._case = case_field(record_type)

    def __call__(self, work: Work, /) -> None:
        """Store the day of the case, and replace the ages of the record."""
        if self._cases is not None and self._case is not None:
            self._cases.learn(work.record[self._case], work.day)
        if self._ages:
            self._ages(work.record, work.day or work.today)


def case_field(record_type: RecordType) -> str | None:
    """Return the reference by which files of one case join; never one that belongs to a person."""
    return next((f.name for f in record_type.fields if f.join and not f.about), None)


def asks_for_dates(record_type: RecordType) -> str | None:
    """Return the join through which records without a date find their event; None if there is none."""
    if record_type.events:
        return None
    name = case_field(record_type)
    return None if name is None else record_type.field(name).join


def _known_by(record_type: RecordType, about: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the purpose and fields that identify a person: a reference, or else the record's identity."""
    for field in record_type.fields:
        if field.about == about and field.join:
            return field.join, (field.name,)
    return f"{record_type.dataset}:{about}", record_type.identity


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February in a common year
        return day.replace(year=day.year - years, day=28)


def _as_bytes(day: date) -> bytes:
    return day.toordinal().to_bytes(_DAY_BYTES)


def _as_day(value: bytes) -> date:
    return date.fromordinal(int.from_bytes(value))
