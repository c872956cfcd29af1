"""Counts the outcomes of records, for receipts, metrics and the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sanitiser.places.location import Located
from schemas.record_type import RecordType
from streams.messages import Tally
from streams.steps.problems import Problem
from streams.steps.step import Work

EPOCH_BY_SUPPLY = "epoch-by-supply"
TAKEN_BACK_FROM = "taken-back-from-"


class Counting:
    """Counts the records of one type by the results of the steps alone."""

    def __init__(self, record_type: RecordType) -> None:
        """Collect the flags by which a profile excludes rows, and the fields that can be filled."""
        self._flags = frozenset(rule.flag for rule in record_type.excluded.values())
        self._fields = tuple(f.name for f in record_type.fields)
        # A type without events has only the day of its case, which is not an event of its own.
        self._has_events = bool(record_type.events)

    def __call__(self, work: Work, tally: Tally) -> None:
        """Count one record as released, held, rejected or erased."""
        if work.faults:
            self.rejected(work.faults, tally)
            return
        tally.received += 1
        if work.intake is not None and work.intake.erases:
            tally.erased += 1
            _count_rows(work.rows_withheld, tally)
        else:
            self._accepted(work, tally)

    def rejected(self, faults: Sequence[Problem], tally: Tally) -> None:
        """Count a record that is rejected for these faults."""
        tally.received += 1
        tally.rejected += 1
        tally.faults.update([fault.code for fault in faults])

    def _accepted(self, work: Work, tally: Tally) -> None:
        record, caveats = work.record, work.caveats
        tally.accepted += 1
        tally.observed += work.observed is not None and work.observed.has_facts
        tally.filled.update([name for name in self._fields if record[name] is not None])
        if caveats:
            tally.cleaned += 1
            tally.caveats.update(caveats)
            if self._flags:
                self._count_flags(caveats, tally)
        if work.by_supply:
            tally.caveats[EPOCH_BY_SUPPLY] += 1
        _count_places(work.locations.values(), tally)
        if work.withheld:
            tally.withheld.update(work.withheld)
        if work.combinations:
            tally.combinations.update(work.combinations)
        if work.rows_withheld or work.taken_back:
            gone = [f"{TAKEN_BACK_FROM}{profile}" for _, profile, _ in work.taken_back]
            _count_rows([*work.rows_withheld, *gone], tally)
        for release in work.releases:
            tally.released[release.profile] += 1
        if not work.releases:
            tally.held += 1
            tally.of_rows.held += work.excluded
        if self._has_events and work.day is not None:
            tally.newest_event = max(tally.newest_event, work.day.isoformat())

    def _count_flags(self, caveats: Sequence[str], tally: Tally) -> None:
        found = [caveat for caveat in caveats if caveat.partition(":")[0] in self._flags]
        if found:
            tally.of_rows.caveats.update(found)
            tally.of_rows.cleaned += len(found) == len(caveats)


def _count_rows(reasons: Sequence[str], tally: Tally) -> None:
    """Count reasons that reveal which rows a profile excludes, for the supplier's receipt only."""
    tally.withheld.update(reasons)
    tally.of_rows.withheld.update(reasons)


def _count_places(places: Iterable[Located], tally: Tally) -> None:
    for located in places:
        tally.geocoded[located.method] += 1
        for reason in located.withheld:
            tally.withheld[reason] += 1
