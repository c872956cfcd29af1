"""Measure a supply and compare it with its supplier's claims (guidance 3.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.outcome import BY_NAME, COUNTS, Outcome
from schemas.record_type import RecordType

TOLERANCE = 0.02
"""Share by which completeness may be below the claim, because claims are rounded."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A supply with the sum of its receipts.

    `given` and `completeness` are shares from 0 to 1 by datafield: of the supplied records with any
    value, and of the accepted records with a usable value. `age_days` is the time from the newest
    event to the day of supply. `findings` name the claims that are not met.
    """

    supply: Mapping[str, Any]
    counts: Mapping[str, int]
    by_name: Mapping[str, Mapping[str, int]]
    given: Mapping[str, float]
    completeness: Mapping[str, float]
    newest_event: str | None
    age_days: int | None
    findings: tuple[str, ...]

    @property
    def settled(self) -> int:
        """Return the number of records with a known outcome."""
        return self.counts["accepted"] + self.counts["rejected"]

    @property
    def is_whole(self) -> bool:
        """Return True if every record was sent and has its outcome."""
        return bool(self.supply["complete"]) and self.settled >= self.supply["records"]

    @property
    def reject_share(self) -> float | None:
        """Return the share of settled records that were rejected; None if none is settled."""
        return self.counts["rejected"] / self.settled if self.settled else None


def measure(supply: Mapping[str, Any], outcome: Outcome, record_type: RecordType) -> Measured:
    """Compare the outcome of one supply with its claims."""
    counts = {name: getattr(outcome, name) for name in COUNTS}
    by_name = {name: dict(getattr(outcome, name)) for name in BY_NAME}
    newest = outcome.newest_event or None
    names = _measured_fields(supply, record_type)
    unjudged = Measured(
        supply,
        counts,
        by_name,
        given=_shares(names, supply["filled"], supply["records"]),
        completeness=_shares(names, by_name["filled"], counts["accepted"]),
        newest_event=newest,
        age_days=_age(supply["supplied_on"], newest),
        findings=(),
    )
    return _judged(unjudged)


def _measured_fields(supply: Mapping[str, Any], record_type: RecordType) -> tuple[str, ...]:
    """Return the guidance's own datafields, and others that were given or claimed."""
    claimed = (supply["claims"] or {}).get("completeness", {})
    told = {*supply["filled"], *claimed}
    return tuple(f.name for f in record_type.fields if not f.marked or f.name in told)


def _shares(names: Sequence[str], counts: Mapping[str, int], whole: int) -> Mapping[str, float]:
    # Without any count nothing was counted, because a record always has the fields its type requires.
    return {name: counts.get(name, 0) / whole for name in names} if whole and counts else {}


def _age(supplied_on: str, newest_event: str | None) -> int | None:
    if newest_event is None:
        return None
    return (date.fromisoformat(supplied_on) - date.fromisoformat(newest_event)).days


def _judged(measured: Measured) -> Measured:
    claims = measured.supply["claims"]
    if claims is None or not measured.supply["complete"]:
        return measured
    found = (
        *_records(measured.supply, claims),
        *_period(measured.supply, claims),
        *_completeness(measured, claims),
    )
    return Measured(
        measured.supply, measured.counts, measured.by_name, measured.given, measured.completeness,
        measured.newest_event, measured.age_days, found,
    )  # fmt: skip


def _records(supply: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[str]:
    claimed, records = claims["records"], supply["records"]
    if claimed is not None and claimed != records:
        out_of_scope = sum(supply["out_of_scope"].values())
        yield (
            f"records: {records:,} were supplied, {claimed:,} claimed; the file has "
            f"{supply['rows_read']:,} rows, {out_of_scope:,} of them out of scope"
        )


def _period(supply: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[str]:
    first, last = supply["period_from"], supply["period_to"]
    begin, end = claims["period_from"], claims["period_to"]
    if begin and first and first < begin:
        yield f"period: events from {first} on, before the claimed {begin}"
    if end and last and last > end:
        yield f"period: events up to {last}, after the claimed {end}"


def _completeness(measured: Measured, claims: Mapping[str, Any]) -> Iterator[str]:
    if not measured.is_whole:
        return  # records without an outcome may be the complete ones
    if measured.settled and not measured.counts["accepted"]:
        yield f"completeness: all {measured.settled:,} records were rejected, so no value is usable"
        return
    if not measured.completeness:
        return
    for name, claimed in sorted(claims["completeness"].items()):
        share = measured.completeness.get(name, 0.0)
        if share < claimed - TOLERANCE:
            yield f"{name}: {share:.1%} of accepted records usable, {claimed:.1%} claimed"
