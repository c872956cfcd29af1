"""References as keyed digests: they join the files of one profile and lead back nowhere without the key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

KEY_BYTES = 32
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class ReferenceKey:
    """The secret under which one partnership's references are digested (HMAC-SHA-256, RFC 2104).

    A plain hash of a reference reverses by trying all references there can be, so the digest is keyed.
    """

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse a key too short to withstand search."""
        if len(self.secret) < KEY_BYTES:
            raise ValueError(f"a reference key has at least {KEY_BYTES} bytes")

    def for_purpose(self, *purpose: str) -> ReferenceKey:
        """A key of its own for one profile and join, so that two releases share no digest."""
        return ReferenceKey(hmac.digest(self.secret, _unambiguous(purpose), "sha256"))

    def digest(self, *parts: str) -> str:
        """128 bits of HMAC over `parts`, as 32 hexadecimal digits."""
        return hmac.digest(self.secret, _unambiguous(parts), "sha256")[:_DIGEST_BYTES].hex()


def _unambiguous(parts: tuple[str, ...]) -> bytes:
    """Parts with their lengths, so that ("ab", "c") and ("a", "bc") differ."""
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")
