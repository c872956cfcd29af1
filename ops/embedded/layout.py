"""Name the paths of an embedded stack under its run directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isp.keys import private_files
from isp.keys.secrets_store import SecretStore


@dataclass(frozen=True)
class Layout:
    """Paths under one run directory.

    Its records and logs are personal data, so folders are private.
    """

    run_dir: Path

    @property
    def broker(self) -> Path:
        """Return the folder of the broker's configuration and data."""
        return self.run_dir / "broker"

    @property
    def registry(self) -> Path:
        """Return the folder of the schema registry's configuration and database."""
        return self.run_dir / "registry"

    @property
    def logs(self) -> Path:
        """Return the folder of both servers' logs."""
        return self.run_dir / "logs"

    @property
    def secrets(self) -> SecretStore:
        """Return the store of the principals' passwords."""
        return SecretStore(self.run_dir / "secrets")

    @property
    def stack_file(self) -> Path:
        """Return the file that describes the running stack."""
        return self.run_dir / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Return the file that a command locks while it starts or stops the stack."""
        return self.run_dir / "stack.lock"

    def make(self) -> None:
        """Create the folders with mode 0700.

        Raises:
            SecretError: every user can write to one, or the folder of secrets is a link.
        """
        private_files.make_folder(self.run_dir)
        for folder in (self.broker, self.registry, self.logs):
            private_files.make_folder(folder)
        private_files.make_secret_folder(self.secrets.folder)
