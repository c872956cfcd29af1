"""Recall: what an earlier record says of this one's case or person.

A file of offenders has no dates; their ages count at the offence, which the crime reference joins.
And ages of one person at dates that lie close together would tell when the birthday is, so every age
after the first follows from the first.
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
    """The day of an event, by the reference that the files of one case share."""

    def __init__(self, join: str, agency: str, key: ReferenceKey, memory: State) -> None:
        """Take the join and agency: equal references of others are different cases."""
        self._key = key.for_purpose("memory", "case", join, agency)
        self._memory = memory

    def learn(self, reference: str | None, day: date | None) -> None:
        """Remember when it happened."""
        if reference is not None and day is not None:
            self._memory.put(self._name(reference), _as_bytes(day))

    def day(self, reference: str | None) -> date | None:
        """Return the day of the event; None if no file of the case has said it."""
        found = None if reference is None else self._memory.get(self._name(reference))
        return None if found is None else _as_day(found)

    def _name(self, reference: str) -> bytes:
        return b"d" + bytes.fromhex(self._key.digest(reference))


class SteadyAges:
    """Keeps the ages of one person apart by the years between, whatever the birthday is.

    The first age is the true one. A later one is what somebody of that age has become on the new
    day, at most a year off; so all of them together say no more of the birthday than the first.
    An age that is further off is a correction, and counts as a first one.
    """

    def __init__(
        self, record_type: RecordType, agency: str, key: ReferenceKey, memory: State
    ) -> None:
        """Compile whose ages there are, and by which fields each person is known."""
        self._key = key.for_purpose("memory", "age")
        self._agency = agency
        self._memory = memory
        self._ages = []
        if PERSONAL not in record_type.profiles:
            self._ages = [
                (f.name, *_known_by(record_type, f.about)) for f in record_type.fields if f.born
            ]

    def __bool__(self) -> bool:
        """Return True if such records have ages."""
        return bool(self._ages)

    def __call__(self, record: dict[str, Any], day: date) -> None:
        """Put the steady age in place of each that the record has on `day`."""
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
    """Finds the day of a record's event: its own, or that of its case by another file of the agency."""

    takes = frozenset({"record"})
    completes = frozenset({"day"})
    counts = frozenset({"newest_event"})

    def __init__(self, record_type: RecordType, cases: CaseDates | None = None) -> None:
        """Take `cases` where a file of the agency's has its dates in another of its files."""
        self._happened = record_type.events[0].date if record_type.events else None
        self._case = None if cases is None or self._happened else case_field(record_type)
        self._cases = cases

    def __call__(self, work: Work, /) -> None:
        """Find the day; None where neither the record nor its case says it."""
        if self._happened is not None:
            work.day = work.record[self._happened]
        elif self._cases is not None and self._case is not None:
            work.day = self._cases.day(work.record[self._case])


class Recall(Step):
    """Remembers what later records of the case ask for, and puts steady ages in place of those worked out."""

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
        """Remember the day of the case; ages of a person follow from the first."""
        if self._cases is not None and self._case is not None:
            self._cases.learn(work.record[self._case], work.day)
        if self._ages:
            self._ages(work.record, work.day or work.today)


def case_field(record_type: RecordType) -> str | None:
    """Return the reference by which files of one case join; it is no person's own."""
    return next((f.name for f in record_type.fields if f.join and not f.about), None)


def asks_for_dates(record_type: RecordType) -> str | None:
    """Return the join through which records without a date find their event; None if there is none."""
    if record_type.events:
        return None
    name = case_field(record_type)
    return None if name is None else record_type.field(name).join


def _known_by(record_type: RecordType, about: str | None) -> tuple[str, tuple[str, ...]]:
    """Return what names the person across records: the reference, else the record's own identity."""
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
