"""Each format writes a file of its own kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.hub.exports.export import Export
from connectors.hub.exports.formats import Format

SIGNATURES = {
    Format.GEOPACKAGE: b"SQLite format 3\0",
    Format.GEOPARQUET: b"PAR1",
    Format.CSV: b"PK\x03\x04",
    Format.XLSX: b"PK\x03\x04",
}


@pytest.mark.parametrize("format_", Format)
def test_each_format_has_a_writer_and_an_ending(
    format_: Format, hostile: Export, tmp_path: Path
) -> None:
    file = tmp_path / f"export{format_.ending}"
    format_.write(file, hostile)
    assert file.read_bytes().startswith(SIGNATURES[format_])
