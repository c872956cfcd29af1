"""The words of a finding: a few short sentences with all its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10
from typing import Final

from detection.emerging.facts import Detection, Kind, PMethod, Problem, Status
from detection.emerging.removing import REMOVED

MOST_RECORDS: Final = 10
"""The most records that are named in words. The finding itself has all of them."""

_MOST_NAMES: Final = 3
_CENTURY_DAYS: Final = 36_525
_FOUND_BY: Final[dict[Kind, str]] = {
    "scan": "the scan in space and time",
    "near-repeat": "near repeats (Knox)",
    "farrington": "the weekly rate (Farrington Flexible)",
    "ears": "the weekly rate (EARS)",
}
_METHODS: Final[dict[PMethod, str]] = {
    "monte-carlo": "Monte Carlo",
    "gumbel": "Gumbel",
    "tail": "tail of the distribution",
}
_HAPPENED: Final[dict[Status, str]] = {
    "opened": "New",
    "grown": "Grown",
    "moved": "Grown and moved",
    "faded": "Faded, no longer found",
    "closed": "Closed",
}
_ENDS: Final = {
    "quiet": "no longer found",
    "merged": "part of a larger problem now",
    "corrected": "too few cases are left after corrections",
}


@dataclass(frozen=True, slots=True)
class SourceWords:
    """One supplier of the series, its counted cases and how complete and fresh its data are."""

    agency: str
    dataset: str
    cases: int
    newest_day: int | None = None
    completeness: float | None = None
    missing_days: int = 0


@dataclass(frozen=True, slots=True)
class Telling:
    """The parts of a text that the problem itself does not have.

    `radius_m` is the radius that is published. `recurrence_days` are of this series alone,
    `recurrence_all_days` of all `tests`. `alarms_per_year` is None until it was measured, in
    `replayed_years`. `records` are released ids. `areas` and `streets` have the most frequent first.
    """

    what: str
    areas: Sequence[str]
    streets: Sequence[str]
    radius_m: int
    tests: int
    recurrence_days: float
    recurrence_all_days: float
    sources: Sequence[SourceWords]
    records: Sequence[str]
    joined: int = 0
    alarms_per_year: float | None = None
    replayed_years: float = 0.0


def describe(problem: Problem, telling: Telling) -> str:
    """Return the finding in words: five or six sentences."""
    found = problem.detection
    if not found.cases:
        return (
            f"Closed, {_ENDS.get(problem.ended, problem.ended)}, for {problem.recipient}: "
            f"{telling.what}. Nothing is said of what is left."
        )
    sentences = [
        _what(problem, telling),
        _where(found, telling),
        _chance(found, problem.recipient, telling),
        _measured(telling),
        f"Data: {'; '.join(_source(source) for source in telling.sources) or 'unknown'}.",
        _records(found, telling),
    ]
    return " ".join(sentences)


def _what(problem: Problem, telling: Telling) -> str:
    found = problem.detection
    is_provisional = found.looked and problem.status not in ("faded", "closed")
    provisional = "Provisional until the next evaluation. " if is_provisional else ""
    end = _ENDS.get(problem.ended)
    happened = f"{_HAPPENED[problem.status]}{f', {end}' if end else ''}, for {problem.recipient}"
    return (
        f"{provisional}{happened}: {telling.what}, {many(found.observed, 'case')} "
        f"{_days(found.first_day, found.last_day)}, against {_figure(found.expected)} expected, "
        f"found by {_FOUND_BY[found.kind]}."
    )


def _where(found: Detection, telling: Telling) -> str:
    names = [", ".join(each[:_MOST_NAMES]) for each in (telling.areas, telling.streets) if each]
    place = f"{'; '.join(names)}; " if names else ""
    centre = f"easting {found.easting}, northing {found.northing}"
    return f"Place: {place}within {telling.radius_m:,} m of {centre}."


def _chance(found: Detection, recipient: str, telling: Telling) -> str:
    method = _METHODS[found.p.method]
    if found.p.replicates:
        method = f"{method}, {found.p.replicates:,} replicates"
    return (
        f"Chance alone gives one as strong in this series in {_interval(telling.recurrence_days)} "
        f"(p = {found.p.value:.2g}, {method}), and in all {telling.tests:,} series of {recipient} in "
        f"{_interval(telling.recurrence_all_days)}."
    )


def _measured(telling: Telling) -> str:
    if telling.alarms_per_year is None:
        return "The false alarms a year at this level are not measured yet."
    if not telling.alarms_per_year:
        years = _figure(telling.replayed_years)
        return f"No false alarm at this level or above was measured in {years} years of replays."
    return (
        f"False alarms a year at this level or above, measured in {_figure(telling.replayed_years)} "
        f"years of replays: {_figure(telling.alarms_per_year)}."
    )


def _source(source: SourceWords) -> str:
    newest = "unknown" if source.newest_day is None else _day(source.newest_day)
    share = source.completeness
    complete = (
        "completeness unknown" if share is None else f"{floor(100 * share)} % complete by now"
    )
    missing = (
        f", {many(source.missing_days, 'day')} without a supply" if source.missing_days else ""
    )
    return (
        f"{source.agency} ({source.dataset}), {many(source.cases, 'case')}, newest day {newest}, "
        f"{complete}{missing}"
    )


def _records(found: Detection, telling: Telling) -> str:
    named = ", ".join(telling.records[:MOST_RECORDS])
    more = len(telling.records) - MOST_RECORDS
    rest = f" and {more:,} more" if more > 0 else ""
    joined = f", {telling.joined:,} of them new" if telling.joined else ""
    parts = [f"{many(len(telling.records), 'record')}{joined}: {named}{rest}", _same(found)]
    removed = int(found.evidence.get(REMOVED, 0))
    if removed:
        parts.append(f"{many(removed, 'record')} taken back since, p and expected are from before")
    return f"{'; '.join(part for part in parts if part)}."


def _same(found: Detection) -> str:
    if not found.matches:
        return ""
    least = min(match.confidence for match in found.matches)
    events = many(len(found.matches), "event")
    return f"{events} of several agencies counted once, {floor(100 * least)} % sure or more"


def many(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural if need be: 1 event, 1,200 events."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _day(day: int) -> str:
    local = date(1970, 1, 1) + timedelta(days=day)
    return f"{local.day} {local:%B %Y}"


def _days(first: int, last: int) -> str:
    return f"on {_day(first)}" if first == last else f"since {_day(first)} (to {_day(last)})"


def _interval(days: float) -> str:
    """Return an interval in days. The tail of a distribution is not known beyond a century."""
    return f"{_figure(days)} days" if days <= _CENTURY_DAYS else "more than 100 years"


def _figure(number: float) -> str:
    """Return a number with two or three digits that count: 0.67, 1.3, 12.5, 24,400."""
    if number <= 0:
        return "0"
    places = 2 - floor(log10(number))
    rounded = round(number, places)
    text = f"{rounded:,.{max(0, places)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
