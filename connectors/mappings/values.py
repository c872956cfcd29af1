"""Convert cells to values, typed if the mapping's style can read them, else unchanged.

A cell that cannot be read keeps its text. The pipeline then finds the fault, once, and reports to
the supplier what was given and what is accepted.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from connectors.mappings.mapping import ISO, Column
from connectors.mappings.styles import Style
from schemas.london import london_time
from schemas.record_type import Field

Reader = Callable[[str], Any]

_COUNT = re.compile(r"[+-]?\d{1,10}\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)([T ]00:00(:00)?)?\Z", re.ASCII)
_ISO_TIME = re.compile(r"\d\d:\d\d(:\d\d)?\Z", re.ASCII)
_ISO_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)? ?(Z|[+-]\d\d(:?\d\d)?)?)?\Z", re.ASCII
)
_SPREADSHEET_WHOLE = re.compile(r"(\d+)\.0+\Z", re.ASCII)
_INT32 = 2**31
_TRUTHY = ("true", "t", "yes", "y", "1")
_FALSY = ("false", "f", "no", "n", "0")
_REMEMBERED = 4_096


def folded(text: str) -> str:
    """Return the text in lower case and with single spaces, to compare spellings."""
    return " ".join(text.casefold().split())


def reader_for(field: Field, column: Column) -> Reader:
    """Return the function that converts a non-empty cell to the value sent."""
    match field.kind:
        case "date":
            return _date_reader(column.date)
        case "time":
            return _time_reader(column.time)
        case "flag":
            return _flag_reader(column.truthy or _TRUTHY, column.falsy or _FALSY)
        case "count" | "number":
            return _read_count if field.kind == "count" else _read_number
    if column.values:
        return _coded_reader(column.values)
    return _read_whole if column.whole_number else str


def month_reader(style: str) -> Callable[[str], tuple[Any, Any]]:
    """Return the function from a month to its first and last day.

    Other text is returned as the first.
    """
    form = Style(style)

    @lru_cache(_REMEMBERED)
    def read(cell: str) -> tuple[Any, Any]:
        try:
            first = form.read(cell).date().replace(day=1)
        except ValueError:
            # A spreadsheet turns a month into the date of its first day.
            day = _iso_date(cell)
            if day is None or day.day != 1:
                return cell, None
            first = day
        return first, first.replace(day=monthrange(first.year, first.month)[1])

    return read


def timestamp_reader(style: str, midnight: str = "known") -> Callable[[str], tuple[Any, Any]]:
    """Return the function from a timestamp to date and time in Europe/London.

    Other text is returned as the date. A timestamp without an offset from UTC is local already. An
    ISO date has no time, and neither has midnight if `midnight` is "unknown".
    """
    form = None if style == ISO else Style(style)

    @lru_cache(_REMEMBERED)
    def read(cell: str) -> tuple[Any, Any]:
        text = cell.strip()
        try:
            given = form.read(text) if form else _iso_instant(text)
        except ValueError:
            given = _iso_instant(text)
        if given is None:
            return cell, None
        if not isinstance(given, datetime):
            return given, None
        try:
            local = london_time(given) if given.tzinfo else given
        except OverflowError:
            return cell, None
        at = local.time().replace(microsecond=0)
        return local.date(), None if at == time() and midnight == "unknown" else at

    return read


def _iso_instant(text: str) -> datetime | date | None:
    found = _ISO_INSTANT.match(text)
    try:
        if found and found.group(1):
            day, clock = text[:10], text[11:].replace(" ", "")
            return datetime.fromisoformat(f"{day}T{clock}")
        return date.fromisoformat(text) if found else None
    except ValueError:
        return None


def _iso_date(cell: str) -> date | None:
    found = _ISO_DATE.match(cell.strip())
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def _date_reader(style: str | None) -> Reader:
    form = Style(style) if style else None

    @lru_cache(_REMEMBERED)
    def read(cell: str) -> date | str:
        if form is not None:
            try:
                return form.read(cell).date()
            except ValueError:
                pass  # a spreadsheet's own date cells are ISO 8601 in any style
        day = _iso_date(cell)
        return cell if day is None else day

    return read


def _time_reader(style: str | None) -> Reader:
    forms = [Style(each) for each in ((style,) if style else ("%H:%M:%S", "%H:%M"))]

    @lru_cache(_REMEMBERED)
    def read(cell: str) -> time | str:
        for form in forms:
            try:
                return form.read(cell).time()
            except ValueError:
                continue
        if _ISO_TIME.match(cell.strip()):
            return _iso_time(cell)
        return cell

    return read


def _iso_time(cell: str) -> time | str:
    try:
        return time.fromisoformat(cell.strip())
    except ValueError:
        return cell


def _flag_reader(truthy: tuple[str, ...], falsy: tuple[str, ...]) -> Reader:
    known = {folded(word): False for word in falsy} | {folded(word): True for word in truthy}

    def read(cell: str) -> bool | str:
        return known.get(folded(cell), cell)

    return read


def _coded_reader(values: dict[str, str]) -> Reader:
    codes = {folded(spelling): code for spelling, code in values.items()}

    def read(cell: str) -> str:
        return codes.get(folded(cell), cell)

    return read


def _read_count(cell: str) -> int | str:
    text = cell.strip()
    if _COUNT.match(text) and -_INT32 <= int(text) < _INT32:
        return int(text)
    return cell


def _read_number(cell: str) -> float | str:
    text = cell.strip()
    return float(text) if _NUMBER.match(text) else cell


def _read_whole(cell: str) -> str:
    whole = _SPREADSHEET_WHOLE.match(cell.strip())
    return whole.group(1) if whole else cell
