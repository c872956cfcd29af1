"""The keys of open cases: one private file each, deleted with the case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isp.cases.sealing import new_case_key
from isp.keys import private_files

FOLDER = "cases"


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """Keys under ``cases`` in the folder of secrets, each in a file of mode 0600 named after its case."""

    secrets: Path

    def make(self, case: str) -> bytes:
        """The key of a case, made at random where there is none. Errors as `private_files.read`."""
        file = self._file(case)
        if not file.exists():
            private_files.make_folder(file.parent)
            private_files.write_new(file, new_case_key().hex())
        return self.read(case)

    def read(self, case: str) -> bytes:
        """The key of a case.

        Raises:
            SecretError: its file may be read by others, or holds nothing.
            FileNotFoundError: there is none (any more).
        """
        return bytes.fromhex(private_files.read(self._file(case)))

    def destroy(self, case: str) -> None:
        """Delete the key of a case; nothing where there is none."""
        self._file(case).unlink(missing_ok=True)

    def _file(self, case: str) -> Path:
        return self.secrets / FOLDER / f"{case}.key"
