"""Takes the broker's record of reads into the audit, interval by interval."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ops.audit.broker_log import access_of, entry_of
from ops.audit.log_files import Lines, new_lines
from ops.audit.recorder import Recorder
from schemas.topics import Names, topics

log = logging.getLogger(__name__)


class Collector(NamedTuple):
    """Reads `file`, the authorizer's log, and writes to the chain of `recorder`."""

    file: Path
    recorder: Recorder

    def collect(self) -> int:
        """Take in what is new since the last entry; how many decisions of the broker that were.

        Raises:
            AuditError: the entry could not be written; the same lines are read again next time.
        """
        _, position = self.recorder.last()
        taken = 0
        more = True
        while more:
            read = new_lines(self.file, position)
            taken += self._record(read)
            position, more = read.position, read.more
        return taken

    def _record(self, read: Lines) -> int:
        protocol, catalogue = self.recorder.protocol, self.recorder.catalogue
        found = [access_of(line, protocol.prefix) for line in read.lines]
        accesses = [access for access in found if access is not None]
        known = {topic.name: topic for topic in topics(protocol, catalogue)}
        actor = Names(protocol.prefix).recorder
        entry: dict[str, Any] | None = entry_of(accesses, actor, known)
        if read.lost:
            log.error("%s: a part of it was deleted before it was read", self.file.name)
            entry = {"actor": actor, "action": "read", "subject": "", **(entry or {})}
            entry["outcome"] = "gap"
        if entry is not None:
            self.recorder.write(entry, read.position)
        return len(accesses)


def collect_for_ever(file: Path, recorder: Recorder, every: float) -> NoReturn:
    """Collect again every so many seconds, until the process is stopped. Errors as `Collector.collect`."""
    collector = Collector(file, recorder)
    while True:
        collector.collect()
        time.sleep(every)
