"""The finding that is published about a problem, from the records that its recipient receives anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detection.emerging.facts import Case, CaseKey, Detection, Problem, Source
from detection.emerging.levels import recurrence_all
from detection.emerging.settings import Settings
from detection.scan.p_values import recurrence_interval
from streams.emerging.circles import polygon, radius_of
from streams.emerging.evolving import Evolving
from streams.emerging.memory import StateMemory
from streams.emerging.results import Change
from streams.emerging.supplied import Supplied
from streams.emerging.telling import words_of

MOST_DAYS: Final = 1e12
"""No recurrence interval is longer: a p-value of 0 would give infinity, which JSON does not have."""

_MOST_NAMES: Final = 20
_ENUM: Final = str.maketrans("-", "_")


@dataclass(frozen=True, slots=True)
class Documents:
    """Makes the message of a finding. `suppliers` has the sources of each dataset."""

    memory: StateMemory
    evolving: Evolving
    supplied: Supplied
    settings: Settings
    suppliers: Mapping[str, Sequence[Source]]

    def message(self, change: Change, opened_ms: int, now_ms: int, today: int) -> dict[str, Any]:
        """Return the finding of a changed problem, without its place in the audit."""
        problem, found = change.problem, change.problem.detection
        cases = [case for key in sorted(found.cases) if (case := self.memory.case(key)) is not None]
        radius = radius_of(found)
        message = {
            "problem": problem.id.hex(),
            "version": problem.version,
            "status": problem.status,
            "kind": found.kind.translate(_ENUM),
            "provisional": found.looked,
            "made": now_ms,
            "opened": opened_ms,
            "what": found.series.name,
            "types": dict(Counter(f"{case.stream.dataset}/{case.type}" for case in cases)),
            "areas": _names(case.postcode.partition(" ")[0] for case in cases),
            "streets": _names(case.street for case in cases),
            "easting": found.easting,
            "northing": found.northing,
            "radius_m": radius,
            "geometry": polygon(found.easting, found.northing, radius),
            "since": found.first_day,
            "until": found.last_day,
            "observed": found.observed,
            "expected": found.expected,
            "statistic": found.statistic,
            "records": list(_records(found.cases, change.joined)),
            "same_events": [
                {"records": [key.record for key in match.cases], "confidence": match.confidence}
                for match in found.matches
            ],
            "sources": list(self._sources(found, cases, today)),
            "evidence": dict(found.evidence),
            "ended": problem.ended,
        } | self._significance(problem)
        return message | {"words": words_of(message, problem)}

    def _significance(self, problem: Problem) -> dict[str, Any]:
        found = problem.detection
        tests = self.memory.engine.tests(problem.recipient).get(found.kind, 0)
        days = self.evolving.days_of(found)
        strength = self.evolving.strength_of(problem)
        per_year, years = self.memory.measured(problem.recipient, strength)
        p = found.p
        return {
            "p": p.value,
            "p_method": p.method.translate(_ENUM),
            "p_monte_carlo": p.monte_carlo,
            "p_gumbel": p.gumbel,
            "replicates": p.replicates,
            "recurrence_interval_days": min(recurrence_interval(p.value, days), MOST_DAYS),
            "recurrence_interval_all_days": min(recurrence_all(p.value, tests, days), MOST_DAYS),
            "series_tested": tests,
            "alarms_per_year": per_year,
            "replayed_years": years,
        }

    def _sources(
        self, found: Detection, cases: Sequence[Case], today: int
    ) -> Iterable[dict[str, Any]]:
        """Yield each supplier of the series, with its counted cases and how complete its data are."""
        counted = Counter(case.source for case in cases)
        known = {
            s for stream in found.series.streams for s in self.suppliers.get(stream.dataset, ())
        }
        days = range(found.first_day, found.last_day + 1)
        supplies = self.supplied.supplies
        for source in sorted(known | counted.keys()):
            newest = supplies.newest_day(source)
            # Records that were sent outside any supply say nothing about the days of a supply.
            is_told = newest is not None or not counted[source]
            missing = supplies.missing_days(source, days[0], days[-1]) if is_told else 0
            yield {
                "agency": source.agency,
                "dataset": source.dataset,
                "cases": counted[source],
                "newest_day": newest,
                "completeness": supplies.completeness(source, days, today),
                "missing_days": missing,
            }


def _names(found: Iterable[str]) -> list[str]:
    """Return the names, the most frequent first."""
    counts = Counter(name for name in found if name)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [name for name, _ in ordered[:_MOST_NAMES]]


def _records(cases: Iterable[CaseKey], joined: frozenset[CaseKey]) -> Iterable[dict[str, Any]]:
    for key in sorted(cases):
        yield {
            "dataset": key.stream.dataset,
            "record_id": key.record,
            "joined": key in joined,
        }
