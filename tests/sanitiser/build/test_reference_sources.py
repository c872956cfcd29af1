"""A file that cannot be read, also if that shows only in its middle, is an error that names it."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from sanitiser.build.reference_sources import BadReference, open_text
from sanitiser.build.street_build import build_streets

TEXT = "name,easting,northing\n" + "Café Lane,375000,170000\n" * 2_000


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("latin.csv", TEXT.encode("latin-1"), "not text in UTF-8"),
        ("utf16.csv", TEXT.encode("utf-16"), "not text in UTF-8"),
        ("book.xlsx", b"PK\x03\x04\xff\xfe", "not text in UTF-8"),
        ("no.csv.gz", TEXT.encode(), "cannot be read"),
        ("half.csv.gz", gzip.compress(TEXT.encode())[:-40], "damaged or incomplete"),
        ("no.csv.xz", TEXT.encode(), "damaged or incomplete"),
        ("half.csv.xz", lzma.compress(TEXT.encode())[:-40], "damaged or incomplete"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(BadReference, match=told) as raised:
        build_streets(tmp_path / "streets", [file])
    assert str(file) in str(raised.value)
    with pytest.raises(BadReference, match=told), open_text(file) as stream:
        stream.read()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="No such file"), open_text(tmp_path / "none.csv"):
        pass
