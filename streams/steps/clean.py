"""Clean: a problem in an optional field is a caveat and empties it; in a required field it is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sanitiser.people.ages import whole_years
from schemas.derive import utc_field_name
from schemas.london import LONDON, steady_offset
from schemas.record_type import CHILD, RecordType
from streams.steps.problems import Problem
from streams.steps.step import Step, Work

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)
_NOTHING: frozenset[str] = frozenset()


class Cleaned(NamedTuple):
    """A record with its problems as caveats and faults; it can be used if there is no fault.

    `unread` names the fields whose values could not be read with certainty.
    """

    record: dict[str, Any]
    caveats: list[str]
    faults: list[Problem]
    unread: frozenset[str]


class Cleaner(Step):
    """Cleans validated records of one type ("incompleteness should not prevent supply")."""

    takes = frozenset({"record", "problems", "today", "day"})
    completes = frozenset({"record", "caveats", "faults", "unread"})
    counts = frozenset({"accepted", "cleaned", "rejected", "caveats", "faults"})

    def __init__(self, record_type: RecordType) -> None:
        """Collect the required fields, and the times that get an instant."""
        self._required = frozenset(record_type.required)
        self._times = tuple(
            (e.date, e.time, utc_field_name(e.time)) for e in record_type.events if e.time
        )
        self._ages = tuple((f.name, f.born, f.maximum) for f in record_type.fields if f.born)
        self._happened = record_type.events[0].date if record_type.events else None
        several = record_type.births_of_several
        self._births_of_several = tuple((b, record_type.field(b).about == CHILD) for b in several)
        self._births = tuple(b for b in record_type.births if b not in several)
        self._day = _day_of(record_type)
        self._dates = [
            f.name
            for f in record_type.fields
            if f.kind == "date" and f.name not in record_type.births
        ]
        self._domestic = [rule for rule in record_type.excluded.values() if rule.codes]

    def __call__(self, work: Work, /) -> None:
        """Clean the record; ages are those on the day of the event."""
        work.caveats, work.faults, work.unread = self._clean(
            work.record, work.problems, work.today, work.day
        )

    def clean(
        self,
        record: dict[str, Any],
        problems: Iterable[Problem],
        today: date,
        elsewhere: date | None = None,
    ) -> Cleaned:
        """Separate faults from caveats, add instants and ages, and set a flag that the record's code implies.

        `today` is the date in Europe/London, used for an age if the day of the event is not known.
        `elsewhere` is the day of the event from another file of the same case.
        """
        return Cleaned(record, *self._clean(record, tuple(problems), today, elsewhere))

    def _clean(
        self,
        record: dict[str, Any],
        problems: Sequence[Problem],
        today: date,
        elsewhere: date | None,
    ) -> tuple[list[str], list[Problem], frozenset[str]]:
        """Return caveats, faults, and the fields that could not be read."""
        caveats: list[str] = []
        faults: list[Problem] = []
        unread = _NOTHING
        if problems:
            unread = frozenset([p.field for p in problems])
            faults = [p for p in problems if p.field in self._required]
            caveats = [p.code for p in problems if p.field not in self._required]
        faults += self._before_birth(record)
        caveats += self._born_later(record)
        for rule in self._domestic:
            field = rule.telling(record)
            if field is not None and record[rule.flag] is not True:
                record[rule.flag] = True
                caveats.append(f"{rule.flag}:set-from-{field}")
        for date_field, time_field, name in self._times:
            day, at = record[date_field], record[time_field]
            record[name] = None
            if day is not None and at is not None:
                record[name] = utc_milliseconds(day, at)
                if record[name] is None:
                    caveats.append(f"{time_field}:clock-change")
        for age, born, oldest in self._ages:
            if record[born] is not None:
                self._work_out(record, age, born, oldest, today, elsewhere, caveats)
        return caveats, faults, unread

    def _before_birth(self, record: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield a fault for each date on or before a date of birth: one of the two is wrong."""
        for born in self._births:
            birth = record[born]
            if birth is None:
                continue
            for name in self._dates:
                day = record[name]
                if day is not None and day <= birth:
                    yield Problem(name, "not-after-birth", day.isoformat(), f"a date after {born}")

    def _born_later(self, record: dict[str, Any]) -> Iterator[str]:
        """Empty each date of birth that the day of the event contradicts, and yield its caveat.

        The record is about several people, so their dates of birth do not make the event doubtful. A child
        may be born on the day of the event, and after the risk was assessed.
        """
        day = record[self._day] if self._day else None
        for born, is_child in self._births_of_several:
            birth = record[born]
            if day is None or birth is None or birth < day or (is_child and birth == day):
                continue
            record[born] = None
            yield f"{born}:not-before-{self._day}"

    def _work_out(
        self,
        record: dict[str, Any],
        age: str,
        born: str,
        oldest: float | None,
        today: date,
        elsewhere: date | None,
        caveats: list[str],
    ) -> None:
        """Set the age at the event, or else at the supply, unless an age was given."""
        happened = record[self._happened] if self._happened else elsewhere
        years = whole_years(record[born], happened or today)
        if not 0 <= years <= (oldest or years):
            caveats.append(f"{age}:contradicts-{born}")
        elif record[age] is None:
            record[age] = years
            caveats.append(f"{age}:from-{born}-at-{'event' if happened else 'supply'}")
        elif abs(record[age] - years) > 1:
            caveats.append(f"{age}:contradicts-{born}")


def _day_of(record_type: RecordType) -> str | None:
    """Return the field with the day of the event or referral, or None."""
    if record_type.events:
        return record_type.events[0].date
    return record_type.domestic.day if record_type.domestic else None


def utc_milliseconds(day: date, at: time) -> int | None:
    """Return a local time in milliseconds since 1970 UTC; None if a clock change makes it ambiguous."""
    offset = steady_offset(day)
    if offset is None:
        return _on_a_clock_change(day, at)
    clock_ms = ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + at.microsecond // 1000
    return (day.toordinal() - _EPOCH_DAY) * _DAY_MS + clock_ms - offset // _MILLISECOND


def _on_a_clock_change(day: date, at: time) -> int | None:
    early, late = (
        datetime.combine(day, at.replace(fold=fold), LONDON).astimezone(UTC) for fold in (0, 1)
    )
    return round(early.timestamp() * 1000) if early == late else None
