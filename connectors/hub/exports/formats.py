"""The formats of exports."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.hub.exports.export import Export


class Format(StrEnum):
    """A format that an export can have."""

    GEOPACKAGE = "geopackage"
    GEOPARQUET = "geoparquet"
    CSV = "csv"
    XLSX = "xlsx"

    @property
    def ending(self) -> str:
        """Return the ending of a file's name."""
        return _FORMATS[self][0]

    def write(self, file: Path, export: Export) -> None:
        """Write a file. Raises `HubError`: the format has no room for the rows."""
        _, module, name = _FORMATS[self]
        # A writer is imported when it is used: the command line lists the formats without their libraries.
        write: Any = getattr(import_module(f"connectors.hub.exports.{module}"), name)
        write(file, export)


_FORMATS: Final = {
    Format.GEOPACKAGE: (".gpkg", "geopackage", "write_geopackage"),
    Format.GEOPARQUET: (".parquet", "geoparquet", "write_geoparquet"),
    Format.CSV: (".zip", "csv_archive", "write_csv_archive"),
    Format.XLSX: (".xlsx", "workbook", "write_workbook"),
}
"""The ending of each format, and its writer as module and function."""
