"""True counts of months, stored when they are first counted: a month is never counted again.

Otherwise somebody who asks again would see which counts change when one record is added, corrected or taken
back. The files have mode 0600 and no records. A month is deleted from them once its records are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from isp.keys import private_files
from sanitiser.counts.periods import Span, month_of
from sanitiser.counts.table import Counts

FOLDER: Final = "counts"
"""The name of the folder of stored counts, in the folder of the hub."""

SETTLED_DAYS: Final = 28
"""A month is counted so many days after its end at the earliest. Records that come later are not counted."""

_DIGITS: Final = 16


def countable(today: date, retention_ms: int) -> Span:
    """Return the months that can be counted: they are settled, and no record of them is deleted yet.

    The retention of releases is in milliseconds. If no month can be counted, the first comes after the last.
    """
    last = month_of(today - timedelta(SETTLED_DAYS)) - 1
    return Span(month_of(today - timedelta(milliseconds=retention_ms)) + 1, last)


class StoredCounts:
    """The counts of one table."""

    def __init__(self, folder: Path, table: str, months: Span) -> None:
        """Take the folder, a name of the table that no other has, and the months that can be counted now."""
        self._folder = private_files.make_folder(folder)
        self._table = table
        self._months = range(months.first, months.last + 1)

    def of(self, names: Sequence[str], count: Callable[[Span], Counts]) -> Counts:
        """Return the counts by some dimensions. `count` counts the months that are not stored yet.

        Raises:
            SecretError: other users may read the file.
        """
        file = self._folder / f"{self._table}.{_digest(names)}.json"
        for other in self._folder.glob(f"{self._table}.*.json"):
            self._prune(other)
        with FileLock(file.with_suffix(".lock"), mode=0o600):
            stored = json.loads(private_files.read(file)) if file.exists() else _NONE
            wanted = set(self._months)
            missing = wanted.difference(stored["months"])
            kept = [row for row in stored["counts"] if row[0] in wanted]
            if missing:
                kept += _rows(count(Span(min(missing), max(missing))), missing)
            if missing:
                text = json.dumps({"months": sorted(wanted), "counts": kept})
                private_files.write(file, text)
        return {(month, tuple(values)): number for month, values, number in kept}

    def _prune(self, file: Path) -> None:
        """Delete months whose records are deleted, in the counts of any question."""
        with FileLock(file.with_suffix(".lock"), mode=0o600):
            stored = json.loads(private_files.read(file))
            kept = [month for month in stored["months"] if month in self._months]
            if kept != stored["months"]:
                counts = [row for row in stored["counts"] if row[0] in self._months]
                private_files.write(file, json.dumps({"months": kept, "counts": counts}))


_NONE: Final[dict[str, Any]] = {"months": [], "counts": []}


def _rows(counts: Counts, months: set[int]) -> list[Any]:
    return [[m, values, number] for (m, values), number in counts.items() if m in months]


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:_DIGITS]
