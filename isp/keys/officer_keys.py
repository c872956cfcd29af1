"""Officers' private keys: Ed25519 in files of mode 0600 (PKCS #8, PEM), with a passphrase if wanted."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from isp.keys import private_files
from isp.keys.errors import SecretError

_ENCRYPTED = "ENCRYPTED"


def make_key(file: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Make a key and write it to a new file of mode 0600.

    Raises:
        SecretError: the file exists already; it is not changed.
    """
    key = Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not private_files.write_new(file, text):
        raise SecretError(f"{file} exists already; a key is never overwritten")
    return key


def is_encrypted(file: Path) -> bool:
    """Return True if the key in the file needs a passphrase. Errors as `private_files.read`."""
    return _ENCRYPTED in private_files.read(file)


def load_key(file: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Read the key in a file.

    Raises:
        SecretError: other users may read the file, it holds no Ed25519 key, or the passphrase is wrong.
    """
    text = private_files.read(file)
    try:
        key = load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "the file holds no Ed25519 key in PEM, or the passphrase is wrong"
        raise SecretError(f"{file}: {message}; `ipu isp key` makes a key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SecretError(
            f"{file}: a key of another kind; accepted: Ed25519, made by `ipu isp key`"
        )
    return key
