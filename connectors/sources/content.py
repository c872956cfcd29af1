"""The bytes that a file holds, whether it is plain, gzip or xz."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zlib
from pathlib import Path
from typing import IO, cast

from connectors.errors import SourceError

DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""What reading a compressed file raises that was cut short or altered."""
COMPRESSED = (".gz", ".xz")
_BLOCK = 1 << 20


def content_digest(path: Path) -> bytes:
    """SHA-256 of what the file holds, whether or how it is compressed; `SourceError` if damaged."""
    digest = hashlib.sha256()
    with open_bytes(path) as raw, decompressed(path, raw) as content:
        try:
            while block := content.read(_BLOCK):
                digest.update(block)
        except DAMAGE as error:
            raise SourceError(f"{path}: the file is damaged: {error}") from None
    return digest.digest()


def open_bytes(path: Path) -> IO[bytes]:
    """The file as it lies on disk; `SourceError` where it cannot be opened."""
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


def decompressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """What `raw` holds; the suffix of `path` says how it is compressed."""
    match path.suffix.lower():
        case ".gz":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        case ".xz":
            return cast("IO[bytes]", lzma.LZMAFile(raw))
    return raw
