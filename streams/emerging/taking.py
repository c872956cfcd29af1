"""The messages of a batch, taken into the state: cases come, change and go."""

from __future__ import annotations

from detection.emerging.facts import Case, CaseKey
from schemas.wire import WireError
from streams.emerging.evolving import Evolving
from streams.emerging.inputs import Inputs, refuse
from streams.emerging.memory import StateMemory
from streams.emerging.results import Batch
from streams.emerging.supplied import Supplied
from streams.messages import Intake

_TOMORROW = 1


class Taking:
    """Takes released records into the state."""

    def __init__(
        self, inputs: Inputs, memory: StateMemory, evolving: Evolving, supplied: Supplied
    ) -> None:
        self._inputs = inputs
        self._memory = memory
        self._evolving = evolving
        self._supplied = supplied

    def take(self, intake: Intake, batch: Batch) -> None:
        """Take a release or its tombstone; raise only `DependencyUnavailable`."""
        key = self._inputs.key_of(intake)
        if key is None or intake.unreadable is not None:
            refuse(intake, intake.unreadable or "no key", batch.counts)
            return
        try:
            case = self._inputs.case_of(intake)
        except WireError as error:
            refuse(intake, error.reason, batch.counts)
            return
        if case is not None and case.key != key:
            refuse(intake, "the key of another record", batch.counts)
            return
        if case is not None and case.day > batch.today + _TOMORROW:
            batch.counts["future"] += 1
            case = None
        if intake.value is None and self._memory.case(key) is None:
            # A case past its retention can still be told of.
            self._evolving.removed(key, batch)
        self._replace(key, case, batch)

    def _replace(self, key: CaseKey, case: Case | None, batch: Batch) -> None:
        before = self._memory.case(key)
        if case == before:
            batch.counts["without_case" if case is None else "unchanged"] += 1
            return
        if case is None:
            self._memory.remove_case(key)
            batch.counts["removed"] += 1
        elif self._memory.put_case(case):
            batch.counts["corrected" if before is not None else "cases"] += 1
            self._note_held(case, batch)
        else:
            batch.counts["too_old"] += 1
        if before is not None:
            self._evolving.changed(before, case, batch)

    def _note_held(self, case: Case, batch: Batch) -> None:
        if self._supplied.held(case.source):
            batch.counts["held"] += 1
            self._memory.put_held(case.source, is_held=True)
