"""The cases that are open now, from the messages of the topic of cases, for agents that release to them.

Closed by default: a case that this release cannot read, that is on hold, or whose time is over, is not open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from isp.agreement.protocol import Protocol
from isp.cases.case import Case, State
from isp.cases.letters import Subject
from isp.cases.rules import Rules
from isp.cases.standing import Standing
from schemas.catalogue import Catalogue
from schemas.london import london_time


class ActiveCase(NamedTuple):
    """An open case: its parties, the approved fields by dataset, its subjects, and its last day.

    The consent of the subjects `lacking` is missing: no record and no event about one of them is told, even
    if it is about another subject, too. `subjects` has all others. `review_by` is the time limit for the
    review of an urgent decision.
    """

    case: str
    recipient: str
    supplier: str
    fields: Mapping[str, tuple[str, ...]]
    subjects: tuple[Subject, ...]
    lacking: tuple[Subject, ...]
    until: date
    review_by: datetime | None


class OpenCases:
    """The present open cases under one protocol. Pure: the same messages give the same cases."""

    def __init__(self, protocol: Protocol, catalogue: Catalogue) -> None:
        self._protocol = protocol
        self._rules = Rules(protocol, catalogue)
        self._parties = {party.id for party in protocol.parties} - set(protocol.rekeyed)
        self._standing = Standing()
        self._opened: dict[str, Case] = {}

    def take(self, key: str, message: Mapping[str, Any] | None) -> None:
        """Take one message of the topic of cases (case.avsc), or None for a tombstone."""
        if message is None:
            self._standing.forget(key)
        else:
            self._standing.take(key, message)
        case = self._standing.cases.get(key)
        if case is not None and case.state is State.OPEN:
            self._opened[key] = case
        else:
            self._opened.pop(key, None)

    def open(self, now: datetime) -> Iterator[ActiveCase]:
        """Yield the cases that are open now."""
        for case in self._opened:
            active = self.active(case, now)
            if active is not None:
                yield active

    def active(self, case: str, now: datetime) -> ActiveCase | None:
        """Return one case if it is open now, or None."""
        found = self._opened.get(case)
        return self._active(found, now) if found is not None and self._is_open(found, now) else None

    def case(self, case: str) -> Case | None:
        """Return the newest version of a case in any state; None if it is unknown or cannot be read."""
        return self._standing.cases.get(case)

    def _is_open(self, case: Case, now: datetime) -> bool:
        day = london_time(now).date()
        if case.grant is None or case.asked is None or day > self._protocol.last_day("personal"):
            return False
        # A party that has left, or that was rekeyed: its cases are on hold.
        if not {case.recipient, case.supplier} <= self._parties:
            return False
        in_review = case.grant.review_by is None or now <= case.grant.review_by
        return day <= case.grant.until and in_review

    def _active(self, case: Case, now: datetime) -> ActiveCase:
        assert case.grant is not None
        assert case.asked is not None
        day, consents = london_time(now).date(), self._standing.consents.values()
        lacking = self._rules.lacking_consent(case, consents, day)
        subjects = tuple(s for s in case.asked.subjects if s not in lacking)
        grant, parties = case.grant, (case.recipient, case.supplier)
        return ActiveCase(
            case.case, *parties, grant.fields, subjects, lacking, grant.until, grant.review_by
        )
