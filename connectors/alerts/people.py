"""The digest of a person for lists of staff and for orders."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connectors.alerts.staff_list import PersonDigest
from isp.keys import private_files
from isp.keys.errors import SecretError
from sanitiser.incidents.digests import staff_digest
from sanitiser.people.names import identifying_name
from sanitiser.references import ReferenceKey


def inner_digest(key: ReferenceKey, today: date) -> PersonDigest:
    """Return the function from name and date of birth to the inner digest under the key of staff lists."""

    def digest(name: str, born: date) -> str | None:
        words = identifying_name(name, born, today)
        return None if words is None else staff_digest(key, words, born)

    return digest


def key_text(key: ReferenceKey) -> str:
    """Return the text of the file with the key of staff lists."""
    return key.secret.hex()


def read_key(file: Path) -> ReferenceKey:
    """Return the key of staff lists that a file has.

    Raises:
        SecretError: the file does not exist, other users may read it, or it has no key.
    """
    try:
        return ReferenceKey(bytes.fromhex(private_files.read(file)))
    except FileNotFoundError:
        raise SecretError(f"{file} does not exist; `ipu alerts staff-key` makes it") from None
    except ValueError:
        message = f"{file} has no key of staff lists; `ipu alerts staff-key` makes it"
        raise SecretError(message) from None
