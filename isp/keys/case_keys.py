"""The keys of open cases: one private file each, deleted with the case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isp.cases.sealing import new_case_key
from isp.keys import private_files

FOLDER = "cases"


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """Keys of open cases: one file of mode 0600 per case, in ``cases`` of the folder of secrets."""

    secrets: Path

    def make(self, case: str) -> bytes:
        """Return the key of a case; make a random one if there is none. Errors as `private_files.read`."""
        file = self._file(case)
        if not file.exists():
            private_files.make_folder(file.parent)
            private_files.write_new(file, new_case_key().hex())
        return self.read(case)

    def read(self, case: str) -> bytes:
        """Return the key of a case.

        Raises:
            SecretError: other users may read its file, or the file is empty.
            FileNotFoundError: the case has no key (any more).
        """
        return bytes.fromhex(private_files.read(self._file(case)))

    def destroy(self, case: str) -> None:
        """Delete the key of a case if it exists."""
        self._file(case).unlink(missing_ok=True)

    def _file(self, case: str) -> Path:
        return self.secrets / FOLDER / f"{case}.key"
