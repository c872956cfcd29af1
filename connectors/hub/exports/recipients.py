"""The keys to which an export is encrypted, in the format `age` (https://age-encryption.org/v1)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyrage

from connectors.hub.errors import HubError

_OPTION: Final = "--to-key"
_PUBLIC, _SECRET = "age1", "AGE-SECRET-KEY-"
_MOST_BYTES: Final = 65_536

Recipient = Any
"""A `pyrage.x25519.Recipient`, which has no type information."""


def recipients(given: str) -> tuple[Recipient, ...]:
    """Return the recipients of a key `age1…`, or of a file with one key in each line.

    Empty lines and comments (#) are left out, as `age --recipients-file` does.

    Raises:
        HubError: it is neither, or a key is faulty. The text never shows a secret key.
    """
    if given.startswith(_PUBLIC):
        return (_recipient(given, _OPTION),)
    if given.upper().startswith(_SECRET):
        raise HubError(_of_secret(_OPTION))
    found = tuple(_listed(Path(given)))
    if not found:
        raise HubError(f"{_OPTION}: {given} has no key; accepted: one age1… in each line")
    return found


def _listed(file: Path) -> Iterator[Recipient]:
    if not file.is_file():
        raise HubError(f"{_OPTION}: {file} is no file; accepted: age1…, or a file with such keys")
    if file.stat().st_size > _MOST_BYTES:
        raise HubError(
            f"{_OPTION}: {file} has more than {_MOST_BYTES:,} bytes; accepted: age1… lines"
        )
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line and not line.startswith("#"):
            yield _recipient(line, f"{_OPTION}: {file}, line {number}")


def _recipient(key: str, where: str) -> Recipient:
    if key.upper().startswith(_SECRET):
        raise HubError(_of_secret(where))
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        raise HubError(f"{where}: is no public key of age; accepted: age1…") from None


def _of_secret(where: str) -> str:
    return f"{where}: is a secret key; accepted: the public key age1… that belongs to it"
