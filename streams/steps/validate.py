"""Validate: read every value as its schema declares it, and find all problems at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from schemas.codes import CodeList
from schemas.london import steady_offset
from schemas.placeholders import MISSING, SPOILT, Placeholders, placeholders
from schemas.record_type import RECORD_REFERENCE, Field, RecordType
from streams.steps.problems import Problem
from streams.steps.step import Step, Work

EARLIEST = date(1900, 1, 1)
AHEAD = timedelta(days=50 * 365)
"""Furthest that a planned date may be in the future: a sentence can end decades from now."""
CLOCKS_APART = timedelta(minutes=10)
"""Most that a supplier's clock may be ahead of ours."""
LONGEST_TEXT = 20_000
BEYOND_ITS_CODE = "more-than-its-code"
_GIVEN_CHARACTERS = 200
# The library's readers accept more of ISO 8601: week dates, offsets, fractions.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_SPELLINGS_KNOWN = 4_096
_WHOLE = re.compile(r"([0-9]{1,9})(?:[.]0+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}(?:[.][0-9]{1,12})?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})

_REFERENCE = {
    MISSING: "a reference; the value given means that there is none",
    SPOILT: "the reference as in the system of origin; a spreadsheet has rounded this one",
}
_DATE_KNOWN = "a known date; systems write this one if they do not know the date"


class _Doubt(NamedTuple):
    """An uncertain reading: the reason, if it is not the field's own, and the value read."""

    reason: str | None = None
    value: Any = None


Reader = Callable[[Any], Any]
"""Returns the typed value of a given one, None if it is empty, or a `_Doubt`."""
_UNREADABLE = _Doubt()
_OUT_OF_RANGE = _Doubt("out-of-range")


class Validator(Step):
    """Reads records of one type into typed values (None: empty or unreadable) and problems."""

    takes = frozenset({"given", "now"})
    completes = frozenset({"record", "problems"})
    counts = frozenset({"filled"})

    def __init__(
        self,
        record_type: RecordType,
        code_lists: Mapping[str, CodeList],
        none: Placeholders | None = None,
    ) -> None:
        """Compile one reader for each field; `none` has the placeholders for references and dates."""
        self._none = none or placeholders()
        self._references = tuple(_references(record_type))
        self._births = frozenset(record_type.births)
        self._time_of = {e.date: e.time for e in record_type.events if e.time}
        self._readers = [(f.name, *_reader(f, code_lists)) for f in record_type.fields]
        self._dates = tuple((f.name, f.future) for f in record_type.fields if f.kind == "date")
        self._suspects = tuple(
            (name, self._none.suspects(births=name in self._births)) for name, _ in self._dates
        )
        self._ordered = record_type.ordered
        self._times = tuple((e.date, e.time) for e in record_type.events if e.time)
        self._untils = tuple((e.date, e.until) for e in record_type.events if e.until)
        self._required = record_type.required
        self._names_itself = record_type.has_record_reference

    def __call__(self, work: Work, /) -> None:
        """Read the record as given."""
        work.record, work.problems = self.read(work.given, work.now)

    def read(self, given: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], list[Problem]]:
        """Return typed values and every problem of `given`; `now` is local time in Europe/London."""
        record: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, read, reason, accepted in self._readers:
            value = given.get(name)
            if value is not None:
                typed = read(value)
                if typed.__class__ is _Doubt:
                    found = typed.reason or reason
                    problems.append(Problem(name, found, _shown(value), accepted))
                    typed = typed.value
                value = typed
            record[name] = value
        self._check_references(record, problems)
        self._check_placeholders(record, problems)
        self._check_dates(record, now.date(), problems)
        self._check_times(record, now, problems)
        self._check_order(record, problems)
        self._check_required(record, problems)
        return record, problems

    def _check_references(self, record: dict[str, Any], problems: list[Problem]) -> None:
        for name in self._references:
            value = record[name]
            reason = None if value is None else self._none.fault_of_reference(value)
            if reason is not None:
                problems.append(Problem(name, reason, _shown(value), _REFERENCE[reason]))
                record[name] = None

    def _check_placeholders(self, record: dict[str, Any], problems: list[Problem]) -> None:
        for name, suspects in self._suspects:
            day = record[name]
            if day not in suspects or not self._is_placeholder(name, day, record):
                continue
            problems.append(Problem(name, "placeholder-date", day.isoformat(), _DATE_KNOWN))
            record[name] = None
            clock = self._time_of.get(name)
            if clock and record[clock] is not None and self._none.is_zero_time(record[clock]):
                record[clock] = None  # a placeholder too

    def _is_placeholder(self, name: str, day: date, record: Mapping[str, Any]) -> bool:
        if name in self._births:
            return self._none.is_no_birth(day)
        clock = self._time_of.get(name)
        return self._none.is_no_event(day, record[clock] if clock else None)

    def _check_dates(self, record: dict[str, Any], today: date, problems: list[Problem]) -> None:
        horizon = today + AHEAD
        for name, may_lie_ahead in self._dates:
            value = record[name]
            latest = horizon if may_lie_ahead else today
            if value is not None and not EARLIEST <= value <= latest:
                reason = "in-the-future" if value > latest else "too-early"
                until = f"{AHEAD.days // 365} years from now" if may_lie_ahead else "today"
                accepted = f"a date from {EARLIEST} to {until}"
                problems.append(Problem(name, reason, value.isoformat(), accepted))
                record[name] = None

    def _check_times(self, record: dict[str, Any], now: datetime, problems: list[Problem]) -> None:
        today, latest = now.date(), now + CLOCKS_APART
        for date_field, time_field in self._times:
            at = record[time_field]
            if at is None or record[date_field] != today or datetime.combine(today, at) <= latest:
                continue
            problems.append(
                Problem(time_field, "in-the-future", at.isoformat(), "a time that has passed")
            )
            record[time_field] = None

    def _check_order(self, record: dict[str, Any], problems: list[Problem]) -> None:
        for from_date, from_time, to_date, to_time in self._ordered:
            started, at = record[from_date], record[from_time] if from_time else None
            ended, until = record[to_date], record[to_time] if to_time else None
            if not _in_order(started, at, ended, until):
                problems.append(_out_of_order(to_date, ended, from_date))
                record[to_date] = None
                if to_time:
                    record[to_time] = None
        for begin, until in self._untils:
            if not _in_order(record[begin], None, record[until], None):
                problems.append(_out_of_order(until, record[until], begin))
                record[until] = None

    def _check_required(self, record: dict[str, Any], problems: list[Problem]) -> None:
        found = {p.field for p in problems}
        problems += [
            Problem(name, "missing", None, "a value; it identifies or dates the record")
            for name in self._required
            if record[name] is None and name not in found
        ]
        if self._names_itself and not problems and self._is_bare(record):
            accepted = "a record with more than its reference"
            problems.append(Problem(RECORD_REFERENCE, "nothing-else", None, accepted))

    @staticmethod
    def _is_bare(record: Mapping[str, Any]) -> bool:
        # Fast: the first field of nearly every record has a value.
        return all(v is None for name, v in record.items() if name != RECORD_REFERENCE)


def _references(record_type: RecordType) -> Iterator[str]:
    """Yield the fields with a reference of the system of origin: of the record, its case or its person."""
    for field in record_type.fields:
        if field.kind == "text" and (field.join or field.name in record_type.identity):
            yield field.name


def _in_order(d1: date | None, t1: time | None, d2: date | None, t2: time | None) -> bool:
    if d1 is None or d2 is None or d1 < d2:
        return True
    # On the day on which the clocks go back, 01:50 can be earlier than 01:10.
    return d1 == d2 and (t1 is None or t2 is None or t1 <= t2 or steady_offset(d1) is None)


def _out_of_order(field: str, given: date, earlier: str) -> Problem:
    return Problem(
        field, "before-its-start", given.isoformat(), f"a date and time not before {earlier}"
    )


def _reader(  # noqa: PLR0911 - one return for each kind
    field: Field, code_lists: Mapping[str, CodeList]
) -> tuple[Reader, str, str]:
    """Return the field's reader, the reason for a value that it cannot read, and the values accepted."""
    if field.code_list:
        code_list = code_lists[field.code_list]
        return _code_reader(code_list), "unknown-code", code_list.accepted
    match field.kind:
        case "flag":
            return _read_flag, "not-a-flag", "true or false, yes or no"
        case "date":
            return _read_date, "not-a-date", "a date as YYYY-MM-DD"
        case "time":
            return _read_time, "not-a-time", "a time as HH:MM or HH:MM:SS; empty where unknown"
        case "count":
            read = _read_rounded if field.rounded else _read_count
            return _ranged(read, field), "not-a-count", f"a whole number {_range(field)}"
        case "number":
            return _ranged(_read_number, field), "not-a-number", f"a number {_range(field)}"
    return _read_text, "too-long", f"text of at most {LONGEST_TEXT} characters"


def _range(field: Field) -> str:
    unit = f" ({field.unit})" if field.unit else ""
    return f"from {field.minimum} to {field.maximum}{unit}"


def _read_text(value: Any) -> Any:
    if not isinstance(value, str):
        return str(value)
    if len(value) > LONGEST_TEXT:
        return _UNREADABLE
    return value.strip() or None


def _code_reader(code_list: CodeList) -> Reader:
    known: dict[str, str] = {}

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return _UNREADABLE
        code = known.get(value)
        if code is None:
            if not value.strip():
                return None
            spelt = code_list.read(value)
            if spelt is None:
                return _UNREADABLE
            if not spelt.certain:
                return _Doubt(BEYOND_ITS_CODE, spelt.code)
            code = spelt.code
            if len(known) < _SPELLINGS_KNOWN:
                known[value] = code
        return code

    return read


def _read_flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    if not text:
        return None
    return True if text in _TRUE else False if text in _FALSE else _UNREADABLE


def _read_date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else _UNREADABLE
    except ValueError:
        return _UNREADABLE


def _read_time(value: Any) -> Any:
    if isinstance(value, time):
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        return time.fromisoformat(text) if _TIME.fullmatch(text) else _UNREADABLE
    except ValueError:
        return _UNREADABLE


def _read_count(value: Any) -> Any:
    if isinstance(value, int):
        return value
    text = str(value).strip()
    if not text:
        return None
    whole = _WHOLE.fullmatch(text)
    return int(whole[1]) if whole else _UNREADABLE


def _read_rounded(value: Any) -> Any:
    number = _read_number(value)
    return round(number) if isinstance(number, float | int) else number


def _read_number(value: Any) -> Any:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value if math.isfinite(value) else _UNREADABLE
    text = str(value).strip()
    if not text:
        return None
    return float(text) if _DECIMAL.fullmatch(text) else _UNREADABLE


def _ranged(read: Reader, field: Field) -> Reader:
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum

    def ranged(value: Any) -> Any:
        number = read(value)
        if number is None or number.__class__ is _Doubt:
            return number
        return number if low <= number <= high else _OUT_OF_RANGE

    return ranged


def _shown(value: Any) -> str:
    return str(value)[:_GIVEN_CHARACTERS]
