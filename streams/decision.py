"""Decides the outcome of one record.

The steps are, in this order: validate → event day → clean → recall → geocode → protect → region → entitle →
guard → sanitise → generalise → observe → withdraw. A record goes through each step once. A record with a
fault stops after clean. A record that its supplier erases goes through the first three steps, is observed,
and is then erased. Only records of datasets that domestic alerts use are observed (`Terms.observed`).
Without a list of protected places there is no step protect.

Pure: no bytes, no topics, no clock of its own. The worker and the offline commands use the same steps. Only
the worker decodes and routes (`streams.sanitising.pipeline`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.record_type import RecordType
from streams.steps.problems import Problem
from streams.steps.sanitise import Policies
from streams.steps.step import Scope, Step, Work, run

log = logging.getLogger(__name__)

UNPROCESSABLE = Problem(
    "", "unprocessable", None, "a record that the processor can handle; report this one"
)


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one agency's dataset: first `reading`, then `releasing` or `erasing`.

    All faults are known after `reading`, and a record with a fault goes no further. `policies` has the
    policies of each region and epoch.
    """

    agency: str
    record_type: RecordType
    reading: tuple[Step, ...]
    releasing: tuple[Step, ...]
    erasing: tuple[Step, ...]
    policies: Mapping[Scope, Policies]

    def take(self, work: Work) -> None:
        """Take the work on one record through the steps.

        Some steps change the state, so take each record only once.
        """
        run(self.reading, work)
        if not work.faults:
            if work.intake is not None and work.intake.erases:
                self.erase(work)
            else:
                run(self.releasing, work)

    def erase(self, work: Work) -> None:
        """Take back every release of a record that was read."""
        run(self.erasing, work)

    def undo(self) -> None:
        """Undo the changes of state by the last record, whose outputs cannot be made."""
        for step in (*self.releasing, *self.erasing):
            step.undo()

    def decide(self, given: Mapping[str, Any], now: datetime) -> Work:
        """Return the work on a record after all steps; `now` is local time in Europe/London."""
        work = Work(now, given)
        self.take(work)
        return work

    def read(self, given: Mapping[str, Any], now: datetime) -> Work:
        """Return the work on a record after the steps of `reading`; `now` is as for `decide`."""
        work = Work(now, given)
        run(self.reading, work)
        return work


def unprocessable(error: Exception, where: str) -> Problem:
    """Return the fault of a record for which a step raised an exception.

    Log the place in the code, never the exception's text: it can quote the record.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    log.error("%s at %s on %s; record rejected as unprocessable", type(error).__name__, at, where)
    return UNPROCESSABLE
