"""Encryption of records with a key per case, of that key to its recipient, and of alerts to an officer.

Records are encrypted by ChaCha20-Poly1305 (RFC 8439). The case key is encrypted by HPKE (RFC 9180: X25519,
HKDF-SHA256, ChaCha20-Poly1305), so that the recipient's inbox can hold it. After a topic is deleted, parts of
it may remain on a disk or in a backup. Without the key nobody can read them.
"""

from __future__ import annotations

from secrets import token_bytes
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from schemas.exact_base64 import encoded

CASE_KEY_BYTES = 32
_NONCE_BYTES = 12
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_DOMAIN = b"ipu case key 1 "
_OFFICER_DOMAIN = b"ipu conflict alert 1 "


class NotForThisKey(ValueError):
    """A message was not encrypted for this key, or was changed after its encryption."""


def new_case_key() -> bytes:
    """Return a new random key for a case."""
    return token_bytes(CASE_KEY_BYTES)


def to_recipient(case_key: bytes, sealing_key: bytes, case: str) -> bytes:
    """Return the key of a case, encrypted to `sealing_key`: only its private key can decrypt it."""
    public = X25519PublicKey.from_public_bytes(sealing_key)
    return _SUITE.encrypt(case_key, public, _DOMAIN + case.encode())


def is_usable(sealing_key: bytes) -> bool:
    """Return True if a public key can be used for encryption; some points of the curve give no secret."""
    try:
        to_recipient(bytes(CASE_KEY_BYTES), sealing_key, "")
    except ValueError:
        return False
    return True


def from_discloser(wrapped: bytes, private: X25519PrivateKey, case: str) -> bytes:
    """Decrypt the key of a case with the recipient's private key.

    Raises:
        NotForThisKey: it was encrypted to another key, or for another case.
    """
    try:
        return _SUITE.decrypt(wrapped, private, _DOMAIN + case.encode())
    except (InvalidTag, ValueError):
        raise NotForThisKey(f"the key of case {case} was not encrypted to this key") from None


def public_half(private: X25519PrivateKey) -> str:
    """Return the public key of a recipient's key pair for one case, in base64 as in its request."""
    return encoded(private.public_key().public_bytes_raw())


def alert_name(alert: str) -> bytes:
    """Return the name to which the content of a personal alert is bound, in `sealed` and `unsealed`."""
    return b"alert:" + alert.encode()


def sealed(case_key: bytes, name: bytes, text: bytes) -> dict[str, bytes]:
    """Encrypt one record for the schema system/disclosed.avsc; it is bound to the `name` of its message."""
    nonce = token_bytes(_NONCE_BYTES)
    return {"nonce": nonce, "sealed": ChaCha20Poly1305(case_key).encrypt(nonce, text, name)}


def unsealed(case_key: bytes, name: bytes, message: dict[str, Any]) -> bytes:
    """Decrypt the record of a message.

    Raises:
        NotForThisKey: the message belongs to another case, or was changed or moved.
    """
    try:
        cipher = ChaCha20Poly1305(case_key)
        return cipher.decrypt(message["nonce"], message["sealed"], name)
    except (InvalidTag, ValueError):
        raise NotForThisKey("a message belongs to another case, or was changed") from None


def to_officer(sealing_key: bytes, alert: str, text: bytes) -> dict[str, bytes]:
    """Encrypt the content of an alert to a conflict officer, for the schema system/alert.avsc.

    It is bound to the id of the alert. HPKE makes a new key for each text, so there is no nonce.
    """
    public = X25519PublicKey.from_public_bytes(sealing_key)
    return {"nonce": b"", "sealed": _SUITE.encrypt(text, public, _OFFICER_DOMAIN + alert.encode())}


def from_officer(private: X25519PrivateKey, alert: str, message: dict[str, Any]) -> bytes:
    """Decrypt the content of an alert with the private key of the conflict officer.

    Raises:
        NotForThisKey: it was encrypted to another key or for another alert, or was changed.
    """
    try:
        return _SUITE.decrypt(message["sealed"], private, _OFFICER_DOMAIN + alert.encode())
    except (InvalidTag, ValueError):
        raise NotForThisKey(f"alert {alert} was not encrypted to this key") from None
