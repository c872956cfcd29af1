"""Return a cell of a workbook as the text that a CSV file would have."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl.styles.numbers import is_datetime

_EXACT = 2**53
"""Spreadsheets keep whole numbers below this one exactly."""
_LAST_SECOND = 86_399
_CARRIAGE_RETURN = "_x000D_"  # as Excel writes it in XML


def cell_text(cell: Any) -> str:
    """Return the text of an openpyxl cell.

    Dates and times are ISO 8601, to the second. A midnight whose cell format shows no time is a
    date only. Whole numbers have no ``.0``. Flags are true or false. The text is empty if the cell
    is empty or shows an error.
    """
    value = cell.value
    if isinstance(value, str):
        return "" if cell.data_type == "e" else value.replace(_CARRIAGE_RETURN, "\r")
    if isinstance(value, datetime):
        return _instant(value, cell.number_format)
    return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            whole = value.is_integer() and abs(value) < _EXACT
            return str(int(value)) if whole else repr(value)
        case date():
            return value.isoformat()
        case time() | timedelta():
            return _clock(_seconds(value))
    return str(value)


def _instant(value: datetime, number_format: str | None) -> str:
    # A spreadsheet stores a fraction of a day, which is rarely an exact number of seconds.
    value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    shows_time = number_format is not None and is_datetime(number_format) in {"datetime", "time"}
    if value.time() == time() and not shows_time:
        return value.date().isoformat()
    return value.isoformat()


def _seconds(value: time | timedelta) -> int:
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    seconds = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return min(round(seconds), _LAST_SECOND)


def _clock(seconds: int) -> str:
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
