"""The list of protected places in an encrypted file, and its key in a private file beside the other keys.

ChaCha20-Poly1305 (RFC 8439) with a random nonce for each write. The content is padded, so that the size of
the file does not show the number of places.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from filelock import FileLock, Timeout

from isp.keys import private_files
from isp.keys.errors import SecretError
from sanitiser.protected.listed import ProtectedList
from schemas.exact_base64 import encoded

LIST_FILE: Final = "protected-places"
FOLDER: Final = "protected"
KEY_FILE: Final = "places.key"

_KIND: Final = b"ipu protected places 1"
"""What is authenticated with the content. Part of the stored format: never change it."""
_NONCE_BYTES: Final = 12
_PADDED: Final = 16_384
_LOCK_SECONDS: Final = 10.0

Change = Callable[[ProtectedList], ProtectedList]


@dataclass(frozen=True, slots=True)
class ProtectedStore:
    """The files of a list: the encrypted list, and its key. Both have mode 0600."""

    file: Path
    key_file: Path

    @classmethod
    def of(cls, data: Path, secrets: Path) -> ProtectedStore:
        """Return the files of a deployment with these folders of data and secrets."""
        return cls(data / LIST_FILE, secrets / FOLDER / KEY_FILE)

    def read(self) -> ProtectedList | None:
        """Return the list; None if the partnership has none, which is neither a list nor a key.

        Raises:
            SecretError: one of the two is missing, may be read by other users, or does not fit the other.
        """
        if not self.file.exists() and not self.key_file.exists():
            return None
        if not self.key_file.exists():
            message = f"{self.file} needs its key, and {self.key_file} is missing; restore it from "
            message += "your backup, or name another file of the key (`--protected-key`)"
            raise SecretError(message)
        if not self.file.exists():
            message = (
                f"{self.file} is missing, but its key {self.key_file} exists; restore it from "
            )
            message += "your backup. Without it protected places would be released. If the first "
            message += f"`ipu reference protected add` was interrupted, delete {self.key_file}"
            raise SecretError(message)
        return self._decrypted(private_files.read(self.file))

    def change(self, change: Change) -> ProtectedList:
        """Change the list, or begin one, and return it as it is now. Errors as `read`."""
        for folder in (self.key_file.parent.parent, self.key_file.parent):
            private_files.make_secret_folder(folder)
        lock = self.key_file.with_suffix(".lock")
        try:
            with FileLock(lock, timeout=_LOCK_SECONDS, mode=private_files.PRIVATE_FILE):
                before = self.read() or ProtectedList()
                after = change(before)
                if after != before:
                    self._write(after)
        except Timeout:
            message = "another command changes the list of protected places; nothing was changed"
            raise SecretError(f"{message}. Wait until it ends, and try again") from None
        return after

    def _write(self, listed: ProtectedList) -> None:
        if not self.key_file.exists():
            key = ChaCha20Poly1305.generate_key()
            private_files.write_new(self.key_file, encoded(key))
        plain = json.dumps(listed.document(), separators=(",", ":")).encode()
        plain += b" " * (-len(plain) % _PADDED)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _KIND)
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.write(self.file, encoded(sealed) + "\n")

    def _decrypted(self, text: str) -> ProtectedList:
        try:
            sealed = b64decode(text, validate=True)
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _KIND)
            return ProtectedList.of_document(json.loads(plain))
        except (InvalidTag, ValueError):
            message = (
                f"{self.file} cannot be decrypted with {self.key_file}: another key, or damaged"
            )
            raise SecretError(f"{message}; restore both from your backup") from None

    @property
    def _cipher(self) -> ChaCha20Poly1305:
        try:
            return ChaCha20Poly1305(b64decode(private_files.read(self.key_file), validate=True))
        except ValueError:
            raise SecretError(
                f"{self.key_file} holds no key; restore it from your backup"
            ) from None
