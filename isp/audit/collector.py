"""Collection of the broker's record of reads into the audit, at regular intervals."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from isp.agreement.topics import Names, topics
from isp.audit.broker_log import access_of, entry_of, gap_share, loudest
from isp.audit.log_files import Lines, identity, new_lines
from isp.audit.recorder import Recorder

log = logging.getLogger(__name__)

REFUSALS = "refusals.log"
"""The log of refused operations, in the same folder as the log of allowed ones."""

_BETWEEN_LOOKS_SECONDS = 1.0
_SEPARATOR = ";"


class Collected(NamedTuple):
    """The number of the broker's decisions that were collected, and the number of gaps in the logs."""

    decisions: int = 0
    gaps: int = 0


class Collector(NamedTuple):
    """A reader of the authorizer's log files that writes to the chain of `recorder`."""

    files: tuple[Path, ...]
    recorder: Recorder

    def collect(self) -> Collected:
        """Write the decisions since the last entry to the audit.

        Raises:
            AuditError: an entry could not be written. The next call reads the same lines again.
        """
        _, kept = self.recorder.last()
        positions = _positions(kept, len(self.files))
        taken = Collected()
        for number, file in enumerate(self.files):
            more = True
            while more:
                read = new_lines(file, positions[number])
                positions[number], more = read.position, read.more
                decisions = self._record(file, read, _SEPARATOR.join(positions))
                taken = Collected(taken.decisions + decisions, taken.gaps + read.lost)
        return taken

    def _record(self, file: Path, read: Lines, position: str) -> int:
        protocol, catalogue = self.recorder.protocol, self.recorder.catalogue
        names = Names(protocol.prefix)
        found = [access_of(line, protocol.prefix) for line in read.lines]
        accesses = [access for access in found if access is not None]
        known = {topic.name: topic for topic in topics(protocol, catalogue)}
        entry: dict[str, Any] | None = entry_of(accesses, names.recorder, known, names)
        if read.lost:
            base = {"actor": names.recorder, "action": "read", "subject": ""}
            entry = {**base, **(entry or {}), "outcome": "gap"}
            entry["shares"] = [*entry.get("shares", ()), *_gap(file, read)]
        if entry is not None:
            self.recorder.write(entry, position)
        return len(accesses)


def log_files(file: Path) -> tuple[Path, ...]:
    """Return the two files of the authorizer's log; `file` is the log of allowed operations."""
    return file, file.with_name(REFUSALS)


def collect_for_ever(files: Sequence[Path], recorder: Recorder, every: float) -> NoReturn:
    """Collect once per `every` seconds, and when a file is rolled over, until the process is stopped.

    Errors as `Collector.collect`.
    """
    collector = Collector(tuple(files), recorder)
    while True:
        seen = [identity(file) for file in files]
        collector.collect()
        _wait(files, seen, every)


def _wait(files: Sequence[Path], seen: Sequence[int | None], seconds: float) -> None:
    """Wait until the time has passed or a log was rolled over, because old files are deleted soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and [identity(file) for file in files] == seen:
        time.sleep(min(_BETWEEN_LOOKS_SECONDS, seconds))


def _positions(kept: str, number: int) -> list[str]:
    """Return the position in each file; it is empty for a file that was never read."""
    found = kept.split(_SEPARATOR)[:number]
    return found + [""] * (number - len(found))


def _gap(file: Path, read: Lines) -> list[dict[str, Any]]:
    """Log a gap as an error; return the share with the principal that has the most lines in the rest."""
    found = loudest(read.lines)
    who = f"; in the rest {found.principal} has the most lines ({found.lines})" if found else ""
    log.error("%s: a part of the log was deleted before it was read%s", file.name, who)
    return [] if found is None else [gap_share(found)]
