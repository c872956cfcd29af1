"""References as keyed digests: they join the files of one profile and lead back nowhere without the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

KEY_BYTES = 32
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class ReferenceKey:
    """The secret under which one partnership's references are digested (keyed BLAKE2b, RFC 7693).

    A plain hash of a reference reverses by trying all references there can be, so the digest is keyed.
    """

    secret: bytes
    _begun: blake2b = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a key too short to withstand search."""
        if not KEY_BYTES <= len(self.secret) <= blake2b.MAX_KEY_SIZE:
            longest = blake2b.MAX_KEY_SIZE
            raise ValueError(f"a reference key has {KEY_BYTES} to {longest} bytes")
        # The key is taken in once; each digest goes on from there.
        object.__setattr__(self, "_begun", blake2b(key=self.secret, digest_size=_DIGEST_BYTES))

    def for_purpose(self, *purpose: str) -> ReferenceKey:
        """A key of its own for one profile and join, so that two releases share no digest."""
        derived = blake2b(_message(purpose), key=self.secret, digest_size=KEY_BYTES)
        return ReferenceKey(derived.digest())

    def begun(self, *parts: str) -> ReferenceKey:
        """Return a key that has taken in `parts`: its digests are those of this key with them before.

        It is for digests alone. Keys for other purposes are made from the key without parts.
        """
        key = ReferenceKey(self.secret)
        key._begun.update(_message(parts))
        return key

    def digest(self, *parts: str) -> str:
        """128 bits over `parts`, as 32 hexadecimal digits."""
        state = self._begun.copy()
        state.update(_message(parts))
        return state.hexdigest()


def _message(parts: tuple[str, ...]) -> bytes:
    # Parts with their lengths, so that ("ab", "c") and ("a", "bc") differ.
    if len(parts) == 1:
        return f"{len(parts[0])}:{parts[0]}".encode("utf-8", "surrogatepass")
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")
