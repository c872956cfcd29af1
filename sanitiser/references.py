"""Digest references with a key: they join files of one profile, and cannot be reversed without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

KEY_BYTES = 32
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class ReferenceKey:
    """The secret key of one partnership's digests of references (keyed BLAKE2b, RFC 7693).

    A plain hash could be reversed by trying all possible references, so the digest needs a key.
    """

    secret: bytes
    _begun: blake2b = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a key of the wrong length.

        Raises:
            ValueError: the key is too short to withstand search, or longer than BLAKE2b allows.
        """
        if not KEY_BYTES <= len(self.secret) <= blake2b.MAX_KEY_SIZE:
            longest = blake2b.MAX_KEY_SIZE
            raise ValueError(f"a reference key has {KEY_BYTES} to {longest} bytes")
        # The key is processed once; each digest continues from this state.
        object.__setattr__(self, "_begun", blake2b(key=self.secret, digest_size=_DIGEST_BYTES))

    def for_purpose(self, *purpose: str) -> ReferenceKey:
        """Return a separate key for one profile and join, so that two releases share no digest."""
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
        """Return a digest of 128 bits over `parts`, as 32 hexadecimal digits."""
        state = self._begun.copy()
        state.update(_message(parts))
        return state.hexdigest()


def _message(parts: tuple[str, ...]) -> bytes:
    # Each part follows its length, so that ("ab", "c") and ("a", "bc") differ.
    if len(parts) == 1:
        return f"{len(parts[0])}:{parts[0]}".encode("utf-8", "surrogatepass")
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")
