"""Keys to which alerts and the keys of their cases are encrypted: X25519 in files of mode 0600, in base64."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.keys import private_files
from isp.keys.errors import SecretError
from schemas.exact_base64 import encoded

FOLDER = "alerts"
_CONFLICT = "conflict."


def alert_key_file(secrets: Path, party: str) -> Path:
    """Return the file with the private key of a recipient's terms, under the folder of secrets."""
    return secrets / FOLDER / f"{party}.key"


def conflict_key_file(secrets: Path, party: str) -> Path:
    """Return the file with the private key of a recipient's conflict officer. No other person may have it."""
    return secrets / FOLDER / f"{_CONFLICT}{party}.key"


def make_alert_key(file: Path) -> X25519PrivateKey:
    """Make a key and write it to a new file of mode 0600.

    Raises:
        SecretError: the file exists already; it is not changed.
    """
    key = X25519PrivateKey.generate()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not private_files.write_new(file, encoded(key.private_bytes_raw())):
        raise SecretError(f"{file} exists already; a key is never overwritten")
    return key


def load_alert_key(file: Path) -> X25519PrivateKey:
    """Read the key in a file.

    Raises:
        FileNotFoundError: there is no such file.
        SecretError: other users may read the file, or it holds no X25519 key.
    """
    text = private_files.read(file)
    try:
        return X25519PrivateKey.from_private_bytes(b64decode(text.strip(), validate=True))
    except ValueError:
        message = "the file holds no key for alerts; `ipu isp key --sealing` makes one"
        raise SecretError(f"{file}: {message}") from None


def sealing_key(private: X25519PrivateKey) -> str:
    """Return the public key of a private key, in base64 as in a protocol."""
    return encoded(private.public_key().public_bytes_raw())
