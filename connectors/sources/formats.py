"""Find a file's format, and open the table that reads it."""

from __future__ import annotations

from pathlib import Path

from connectors.mappings.mapping import FileFormat, Mapping
from connectors.mappings.values import folded
from connectors.sources.content import COMPRESSED
from connectors.sources.csv_file import CsvFile
from connectors.sources.json_lines_file import JsonLinesFile
from connectors.sources.table import Table
from connectors.sources.xlsx_file import XlsxFile

_WORKBOOKS = (".xlsx", ".xlsm", ".xls")  # the last so that its refusal says what it is
_JSON_LINES = (".jsonl", ".ndjson")


def format_of(path: Path, mapping: Mapping) -> FileFormat:
    """Return the format that the mapping declares, else the format of the file's suffix."""
    if mapping.format:
        return mapping.format
    suffix = path.suffix.lower()
    if suffix in COMPRESSED:
        suffix = path.with_suffix("").suffix.lower()
    if suffix in _WORKBOOKS:
        return "xlsx"
    return "json-lines" if suffix in _JSON_LINES else "csv"


def open_table(path: Path, mapping: Mapping) -> Table:
    """Open a file as its mapping says.

    Raises:
        SourceError: the file has another format, or is damaged.
    """
    match format_of(path, mapping):
        case "xlsx":
            return XlsxFile(path, mapping.sheet)
        case "json-lines":
            return JsonLinesFile(path, _titles_read(mapping))
    quote = None if mapping.quote == "none" else mapping.quote
    return CsvFile(path, mapping.delimiter, mapping.encoding, quote)


def _titles_read(mapping: Mapping) -> frozenset[str]:
    read = mapping.columns_read
    return frozenset(
        map(folded, (*read, *(a for title in read for a in mapping.aliases.get(title, ()))))
    )
