"""Open a file's bytes, decompressed if it is gzip or xz."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zlib
from pathlib import Path
from typing import IO, cast

from connectors.errors import SourceError

DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""The errors of reading a compressed file that is incomplete or altered."""
COMPRESSED = (".gz", ".xz")
_BLOCK = 1 << 20


def content_digest(path: Path) -> bytes:
    """Return the SHA-256 of the decompressed content.

    Raises:
        SourceError: the file is damaged or cannot be opened.
    """
    digest = hashlib.sha256()
    with open_bytes(path) as raw, decompressed(path, raw) as content:
        try:
            while block := content.read(_BLOCK):
                digest.update(block)
        except DAMAGE as error:
            raise SourceError(f"{path}: the file is damaged: {error}") from None
    return digest.digest()


def open_bytes(path: Path) -> IO[bytes]:
    """Open the file without decompressing it.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


def decompressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Return the content of `raw`, decompressed as the suffix of `path` says."""
    match path.suffix.lower():
        case ".gz":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        case ".xz":
            return cast("IO[bytes]", lzma.LZMAFile(raw))
    return raw
