"""What is disclosed is encrypted under a key of its case, and that key to the recipient alone.

Records by ChaCha20-Poly1305 (RFC 8439); the key of the case by HPKE (RFC 9180: X25519, HKDF-SHA256,
ChaCha20-Poly1305), so that it can lie in the recipient's inbox. Without the key what is left of a topic
that was deleted, on a disk or in a backup, says nothing.
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


class NotForThisKey(ValueError):
    """Something was not encrypted for the key at hand, or was changed since."""


def new_case_key() -> bytes:
    """The key of a new case."""
    return token_bytes(CASE_KEY_BYTES)


def to_recipient(case_key: bytes, sealing_key: bytes, case: str) -> bytes:
    """The key of a case, readable to whoever has the private half of `sealing_key` alone."""
    public = X25519PublicKey.from_public_bytes(sealing_key)
    return _SUITE.encrypt(case_key, public, _DOMAIN + case.encode())


def is_usable(sealing_key: bytes) -> bool:
    """Whether anything can be encrypted to a public key: some points of the curve give no secret."""
    try:
        to_recipient(bytes(CASE_KEY_BYTES), sealing_key, "")
    except ValueError:
        return False
    return True


def from_discloser(wrapped: bytes, private: X25519PrivateKey, case: str) -> bytes:
    """The key of a case, as its recipient.

    Raises:
        NotForThisKey: it was encrypted to another key, or for another case.
    """
    try:
        return _SUITE.decrypt(wrapped, private, _DOMAIN + case.encode())
    except (InvalidTag, ValueError):
        raise NotForThisKey(f"the key of case {case} was not encrypted to this key") from None


def public_half(private: X25519PrivateKey) -> str:
    """The public half of a recipient's key for one case, as its request has it."""
    return encoded(private.public_key().public_bytes_raw())


def sealed(case_key: bytes, name: bytes, text: bytes) -> dict[str, bytes]:
    """One record under the schema system/disclosed.avsc; it cannot be moved to another message's `name`."""
    nonce = token_bytes(_NONCE_BYTES)
    return {"nonce": nonce, "sealed": ChaCha20Poly1305(case_key).encrypt(nonce, text, name)}


def unsealed(case_key: bytes, name: bytes, message: dict[str, Any]) -> bytes:
    """The record of a message.

    Raises:
        NotForThisKey: it is not of this case, or was changed or moved.
    """
    try:
        cipher = ChaCha20Poly1305(case_key)
        return cipher.decrypt(message["nonce"], message["sealed"], name)
    except (InvalidTag, ValueError):
        raise NotForThisKey("a message is not of this case, or was changed") from None
