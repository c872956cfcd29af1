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
    """Passwords in ``folder`` (mode 0700): one file (mode 0600) per principal, with its name."""

    folder: Path

    def password(self, principal: str) -> str:
        """Return the principal's password: 43 URL-safe characters, made at random at the first use.

        Raises:
            SecretError: other users may read the file, or it is empty.
            ValueError: the name of the principal cannot be the name of a file.
        """
        path = self._path(principal)
        if not path.exists():
            private_files.make_folder(self.folder)
            private_files.write_new(path, secrets.token_urlsafe(RANDOM_BYTES))
        return private_files.read(path)

    def has(self, principal: str) -> bool:
        """Return True if the principal has a password already."""
        return self._path(principal).exists()

    def forget(self, principal: str) -> None:
        """Delete the principal's password, so that a new one is made at the next use."""
        self._path(principal).unlink(missing_ok=True)

    def client_config(self, bootstrap: str, principal: str) -> dict[str, str]:
        """Return the settings with which a ``confluent_kafka`` client connects as this principal."""
        return {
            "bootstrap.servers": bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": principal,
            "sasl.password": self.password(principal),
        }

    def registry_config(self, url: str) -> dict[str, str]:
        """Return the settings with which a ``SchemaRegistryClient`` may write to the registry."""
        return {"url": url, "basic.auth.user.info": f"{PRINCIPAL}:{self.password(PRINCIPAL)}"}

    def _path(self, principal: str) -> Path:
        if not NAME.fullmatch(principal):
            message = (
                f"{principal!r} cannot be a principal; accepted: a letter or digit, then at most 127 "
                "letters, digits, dots, hyphens and underscores"
            )
            raise ValueError(message)
        return self.folder / principal
