"""Cells become values: typed where they can be read in the mapping's style, else as they stand.

A cell that cannot be read goes on as its text. The pipeline then finds the fault, once, and tells
the supplier what was given and what is accepted.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from connectors.mapping import Column
from schemas.record_type import Field

Reader = Callable[[str], Any]

_COUNT = re.compile(r"[+-]?\d{1,10}\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
_SPREADSHEET_WHOLE = re.compile(r"(\d+)\.0+\Z", re.ASCII)
_INT32 = 2**31
_TRUTHY = ("true", "t", "yes", "y", "1")
_FALSY = ("false", "f", "no", "n", "0")
_REMEMBERED = 4_096


def folded(text: str) -> str:
    """Text by which two spellings are the same: case and spacing do not count."""
    return " ".join(text.casefold().split())


def reader_for(field: Field, column: Column) -> Reader:
    """The function from a cell that is not empty to the value sent."""
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
    """The function from a month to its first and last day; text that is none goes as the first."""

    @lru_cache(_REMEMBERED)
    def read(cell: str) -> tuple[Any, Any]:
        try:
            first = datetime.strptime(cell.strip(), style).date().replace(day=1)
        except ValueError:
            return cell, None
        return first, first.replace(day=monthrange(first.year, first.month)[1])

    return read


def _date_reader(style: str | None) -> Reader:
    @lru_cache(_REMEMBERED)
    def read(cell: str) -> date | str:
        try:
            text = cell.strip()
            if style is None:
                return date.fromisoformat(text) if len(text) == len("2009-01-31") else cell
            return datetime.strptime(text, style).date()
        except ValueError:
            return cell

    return read


def _time_reader(style: str | None) -> Reader:
    @lru_cache(_REMEMBERED)
    def read(cell: str) -> time | str:
        for form in (style,) if style else ("%H:%M:%S", "%H:%M"):
            try:
                return datetime.strptime(cell.strip(), form).time()
            except ValueError:
                continue
        return cell

    return read


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
