"""The partnership's keys: files of mode 0600 in `keys/` of the folder of secrets. No program sends them.

A new epoch begins on a future day, so no released digest changes. Workers look for new epochs themselves. An
epoch must be longer than the time between records that are joined: offence, offender, victim, detection and
drug test of one case arrive within months, and trends are analysed over a year or two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from isp.keys import private_files
from isp.keys.errors import SecretError
from isp.keys.secrets_store import SecretStore
from sanitiser.key_ring import Epoch, KeyRing
from sanitiser.references import ReferenceKey

FOLDER = "keys"
EPOCHS_FILE = "epochs.json"
EPOCH_DAYS = 730
"""Lowest number of days from the beginning of one epoch to the beginning of the next."""
_MEMORY = "memory"


class Refused(SecretError):
    """A change of the keys is refused; the message has the reason and the accepted values."""


@dataclass(frozen=True, slots=True)
class KeptEpoch:
    """An epoch of the file of epochs; a retired epoch has no key any more."""

    number: int
    begins: date | None
    made: date
    retired: bool = False

    @property
    def secret(self) -> str:
        """Return the name of the key's file."""
        return f"reference-{self.number}"


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The keys under a folder of secrets."""

    secrets_folder: Path

    @property
    def folder(self) -> Path:
        """Return the folder of the keys."""
        return self.secrets_folder / FOLDER

    @property
    def file(self) -> Path:
        """Return the path of the list of epochs, which holds no key."""
        return self.folder / EPOCHS_FILE

    def make(self, today: date, *, new: bool = True) -> None:
        """Make the keys of the first epoch if there are none yet.

        `new` states that the system is new: no record was released under keys that were lost.

        Raises:
            SecretError: the keys are incomplete, or a system that is not new has no keys.
        """
        if self.file.exists():
            return
        left = [file.name for file in self.folder.glob("*")] if self.folder.is_dir() else []
        if left or not new:
            lost = self.file if left else self.folder
            message = f"{lost} is missing; restore it from your backup. If it is lost for ever, "
            message += (
                f"move the files of {self.folder} away and run `ipu keys make` for new keys: "
            )
            raise SecretError(message + "later releases then do not join with earlier ones")
        private_files.make_folder(self.folder)
        first = KeptEpoch(1, None, today)
        for name in (first.secret, _MEMORY):
            self._store.password(name)
        self._write([first])

    def ring(self) -> KeyRing:
        """Return all keys; a retired epoch has none.

        Raises:
            SecretError: a key or the list of epochs is missing, not valid, or may be read by other users.
        """
        epochs = [Epoch(e.number, e.begins, self._key_of(e)) for e in self.epochs()]
        try:
            return KeyRing(tuple(epochs), self._key(_MEMORY))
        except ValueError as error:
            raise SecretError(f"{self.file}: {error}; restore it from your backup") from None

    def epochs(self) -> list[KeptEpoch]:
        """Return the epochs, from the first on.

        Raises:
            SecretError: the list is missing or not valid.
        """
        if not self.file.exists():
            raise SecretError(
                f"{self.file} is missing; restore it from your backup, or run `ipu up`"
            )
        try:
            epochs = [_read(entry) for entry in json.loads(self.file.read_text(encoding="utf-8"))]
        except (ValueError, TypeError, KeyError):
            epochs = []
        if [e.number for e in epochs] != list(range(1, len(epochs) + 1)) or not epochs:
            raise SecretError(f"{self.file} is not a list of epochs; restore it from your backup")
        return epochs

    def rotate(self, begins: date, today: date, *, urgent: bool = False) -> KeptEpoch:
        """Plan a new epoch from a future day; `urgent` means that others may know the key in use.

        A planned epoch that has not begun gets the new day, because no release has its digests yet.

        Raises:
            Refused: the day is not in the future, or the epoch in use would be too short.
        """
        epochs = self.epochs()
        planned = epochs[-1].begins is not None and epochs[-1].begins > today
        kept = epochs[:-1] if planned else epochs
        since = kept[-1].begins or kept[-1].made
        earliest = max(today, since if urgent else since + timedelta(EPOCH_DAYS - 1))
        earliest += timedelta(1)
        if begins < earliest:
            message = f"a new epoch cannot begin on {begins}; accepted: {earliest} or later"
            raise Refused(message + ("" if urgent else ", or --urgent if others know the key"))
        new = KeptEpoch(kept[-1].number + 1, begins, today)
        self._store.password(new.secret)
        self._write([*kept, new])
        return new

    def retire(self, number: int, today: date, kept_days: int) -> None:
        """Delete the key of an epoch for ever, if no release of the epoch can exist any more.

        `kept_days` is the longest retention of releases. Records of events in the epoch may be supplied, and
        so released, until `EPOCH_DAYS` after its end.

        Raises:
            Refused: the epoch does not exist or has not ended, or releases of it may still exist.
        """
        epochs = self.epochs()
        found = next((e for e in epochs if e.number == number), None)
        ends = next((e.begins for e in epochs if e.number == number + 1), None)
        if found is None or ends is None or ends > today:
            begun = [e.number for e in epochs if e.begins is not None and e.begins <= today]
            past = ", ".join(str(number - 1) for number in begun) or "none"
            raise Refused(f"epoch {number} cannot be retired; epochs that have ended: {past}")
        allowed = ends + timedelta(EPOCH_DAYS + kept_days)
        if today < allowed:
            message = f"epoch {number} ends on {ends}; records of it may be supplied for "
            message += f"{EPOCH_DAYS} days more, and releases are kept {kept_days} days"
            raise Refused(f"{message}: it can be retired from {allowed} on")
        # Write the list first: a deleted key must not be read. A repeated call completes an interrupted one.
        self._write([replace(e, retired=True) if e.number == number else e for e in epochs])
        (self.folder / found.secret).unlink(missing_ok=True)

    @property
    def _store(self) -> SecretStore:
        return SecretStore(self.folder)

    def _key_of(self, epoch: KeptEpoch) -> ReferenceKey | None:
        return None if epoch.retired else self._key(epoch.secret)

    def _key(self, name: str) -> ReferenceKey:
        if not self._store.has(name):
            # A new key would change each digest, so later releases would not join with earlier ones.
            message = f"the key {self.folder / name} is missing; restore it from your backup"
            raise SecretError(message)
        try:
            return ReferenceKey(self._store.password(name).encode())
        except ValueError as error:
            raise SecretError(f"{self.folder / name}: {error}; restore it") from None

    def _write(self, epochs: Sequence[KeptEpoch]) -> None:
        entries = [
            {
                "number": e.number,
                "begins": e.begins and e.begins.isoformat(),
                "made": e.made.isoformat(),
                "retired": e.retired,
            }
            for e in epochs
        ]
        private_files.write(self.file, json.dumps(entries, indent=2) + "\n")


def _read(entry: dict[str, Any]) -> KeptEpoch:
    begins = entry["begins"]
    return KeptEpoch(
        int(entry["number"]),
        None if begins is None else date.fromisoformat(begins),
        date.fromisoformat(entry["made"]),
        bool(entry["retired"]),
    )
