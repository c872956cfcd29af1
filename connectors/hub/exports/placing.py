"""Put an exported file into its place: whole or not at all, and only after the audit has it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import pyrage

from connectors.hub.exports.recipients import Recipient

AGE: Final = ".age"
_LEFT_AFTER_S: Final = 86_400.0


def target(out: Path, *, is_encrypted: bool) -> Path:
    """Return the file that is written; the name of an encrypted one ends with .age."""
    if is_encrypted and out.suffix != AGE:
        return out.with_name(out.name + AGE)
    return out


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Make a folder of mode 0700 for a clear file, and remove it with all that is in it.

    What a killed export left in `folder` more than a day ago is removed too.
    """
    for left in folder.iterdir():
        # Another export may remove it meanwhile.
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _LEFT_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        yield Path(made)


def place(
    clear: Path, out: Path, recipients: Sequence[Recipient], audited: Callable[[str], None]
) -> str:
    """Put a file into its place, with mode 0600, encrypted if there are recipients; return its SHA-256.

    The SHA-256 (hexadecimal) is that of the clear file, which a recipient has after decryption. `audited` is
    called with it once the draft is written. The file is there only after that call.

    Raises:
        OSError: the folder of `out` cannot be written to.
    """
    with clear.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    # mkstemp makes the file with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    draft = Path(name)
    try:
        with clear.open("rb") as content, os.fdopen(descriptor, "wb") as stream:
            _transfer(content, stream, recipients)
            stream.flush()
            os.fsync(stream.fileno())
        audited(digest)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return digest


def _transfer(content: IO[bytes], stream: IO[bytes], recipients: Sequence[Recipient]) -> None:
    if recipients:
        pyrage.encrypt_io(content, stream, list(recipients))
    else:
        shutil.copyfileobj(content, stream)
