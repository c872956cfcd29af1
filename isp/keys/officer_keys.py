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
        SecretError: there is such a file already; it is left as it is.
    """
    key = Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not private_files.write_new(file, text):
        raise SecretError(f"{file} is there already; a key is never written over")
    return key


def is_encrypted(file: Path) -> bool:
    """Whether the key in the file needs a passphrase. Errors as `private_files.read`."""
    return _ENCRYPTED in private_files.read(file)


def load_key(file: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """The key in a file.

    Raises:
        SecretError: the file is open to others or holds no such key, or the passphrase is wrong.
    """
    text = private_files.read(file)
    try:
        key = load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "no Ed25519 key in PEM, or the passphrase is not its own"
        raise SecretError(f"{file}: {message}; `ipu isp key` makes one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SecretError(
            f"{file}: a key of another kind; accepted: Ed25519, as `ipu isp key` makes"
        )
    return key
