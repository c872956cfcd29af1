"""Texts of an export as people see them. Pure.

A character that nobody can see is written as its escape, as on the terminal: it could hide a part of a text,
change its reading order, or end a cell. Formats for people have such texts; GeoParquet has them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.plain_text import visible

BETWEEN: Final = ";"
"""What stands between the texts of a list."""

_NO_CHARACTERS: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""XML has no way to write these."""

_HIDDEN: Final = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{FFFE}\x{FFFF}]"


def shown(text: str) -> str:
    """Return a text with an escape for each character that a reader cannot see; line ends stay."""
    return visible(text, newlines=True).translate(_NO_CHARACTERS)


def shown_rows(rows: pa.Table) -> pa.Table:
    """Return rows whose texts are as people see them, and whose lists are one text each."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            rows = rows.set_column(place, field.name, _joined(rows.column(place)))
        if pa.types.is_string(rows.schema.field(place).type):
            rows = rows.set_column(place, field.name, _shown(rows.column(place)))
    return rows


def said(value: Any) -> str:
    """Return a value of metadata as one text."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return _listed(f"{name}: {said(of)}" for name, of in value.items())
        case list() | tuple():
            return _listed(map(said, value))
        case datetime() | date():
            return value.isoformat()
    return shown(str(value))


def _listed(texts: Iterable[str]) -> str:
    return f"{BETWEEN} ".join(texts)


def _joined(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join(lists, BETWEEN)


def _shown(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    hidden = pc.match_substring_regex(texts, _HIDDEN)
    if not pc.any(hidden).as_py():
        return texts
    values = [None if text is None else shown(text) for text in texts.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.string())])
