"""Passwords of the principals, one private file each."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from isp.keys import private_files
from transport.registry_door import PRINCIPAL

RANDOM_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class SecretStore:
    """Passwords kept in ``folder`` (mode 0700), each in a file (0600) named after its principal."""

    folder: Path

    def password(self, principal: str) -> str:
        """Give the principal's password, 43 URL-safe characters, made at random on first use.

        Raises ``SecretError`` where the file may be read by others or holds nothing, and
        ``ValueError`` for a principal whose name could not be a file's.
        """
        path = self._path(principal)
        if not path.exists():
            private_files.make_folder(self.folder)
            private_files.write_new(path, secrets.token_urlsafe(RANDOM_BYTES))
        return private_files.read(path)

    def has(self, principal: str) -> bool:
        """Say whether the principal has a password already."""
        return self._path(principal).exists()

    def client_config(self, bootstrap: str, principal: str) -> dict[str, str]:
        """Give what a ``confluent_kafka`` client needs to connect as this principal."""
        return {
            "bootstrap.servers": bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": principal,
            "sasl.password": self.password(principal),
        }

    def registry_config(self, url: str) -> dict[str, str]:
        """Give what a ``SchemaRegistryClient`` needs to write to the registry."""
        return {"url": url, "basic.auth.user.info": f"{PRINCIPAL}:{self.password(PRINCIPAL)}"}

    def _path(self, principal: str) -> Path:
        if not NAME.fullmatch(principal):
            message = (
                f"{principal!r} cannot be a principal: a letter or digit first, then at most 127 "
                "letters, digits, dots, hyphens and underscores are accepted"
            )
            raise ValueError(message)
        return self.folder / principal
