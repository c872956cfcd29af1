"""References as keyed digests: they join the files of one profile and lead back nowhere without the key."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

KEY_BYTES = 32
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class ReferenceKey:
    """The secret under which one partnership's references are digested (keyed BLAKE2b, RFC 7693).

    A plain hash of a reference reverses by trying all references there can be, so the digest is keyed.
    """

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse a key too short to withstand search."""
        if not KEY_BYTES <= len(self.secret) <= blake2b.MAX_KEY_SIZE:
            longest = blake2b.MAX_KEY_SIZE
            raise ValueError(f"a reference key has {KEY_BYTES} to {longest} bytes")

    def for_purpose(self, *purpose: str) -> ReferenceKey:
        """A key of its own for one profile and join, so that two releases share no digest."""
        return ReferenceKey(_keyed(self.secret, purpose, KEY_BYTES).digest())

    def digest(self, *parts: str) -> str:
        """128 bits over `parts`, as 32 hexadecimal digits."""
        return _keyed(self.secret, parts, _DIGEST_BYTES).hexdigest()


def _keyed(secret: bytes, parts: tuple[str, ...], size: int) -> blake2b:
    # Parts with their lengths, so that ("ab", "c") and ("a", "bc") differ.
    message = "".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(message.encode("utf-8", "surrogatepass"), key=secret, digest_size=size)
