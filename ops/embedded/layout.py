"""Where everything of an embedded stack lies under its run directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isp.keys import private_files
from isp.keys.secrets_store import SecretStore


@dataclass(frozen=True)
class Layout:
    """Paths under one run directory. Records and logs are personal data, so folders are private."""

    run_dir: Path

    @property
    def broker(self) -> Path:
        """The broker's configuration and data."""
        return self.run_dir / "broker"

    @property
    def registry(self) -> Path:
        """The schema registry's configuration and database."""
        return self.run_dir / "registry"

    @property
    def logs(self) -> Path:
        """Logs of both servers."""
        return self.run_dir / "logs"

    @property
    def secrets(self) -> SecretStore:
        """Passwords of the principals."""
        return SecretStore(self.run_dir / "secrets")

    @property
    def stack_file(self) -> Path:
        """The description of the running stack."""
        return self.run_dir / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Held by whoever starts or stops the stack."""
        return self.run_dir / "stack.lock"

    def make(self) -> None:
        """Create the folders, each of mode 0700.

        Raises:
            SecretError: one can be written to by every user, or the folder of secrets is a link.
        """
        private_files.make_folder(self.run_dir)
        for folder in (self.broker, self.registry, self.logs):
            private_files.make_folder(folder)
        private_files.make_secret_folder(self.secrets.folder)
