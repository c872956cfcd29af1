"""The newest version of each case and consent, including those that this release cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from isp.cases.case import Case, ConsentRecord, read_stored


@dataclass(frozen=True, slots=True)
class Standing:
    """Cases by id and consents by key, each in its newest version.

    A case or consent that cannot be read is in `unreadable_cases` or `unreadable_consents` instead, with the
    time at which it was stored. No older version replaces it, because that may allow what was ended later.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    consents: dict[str, ConsentRecord] = field(default_factory=dict)
    unreadable_cases: dict[str, datetime] = field(default_factory=dict)
    unreadable_consents: dict[str, datetime] = field(default_factory=dict)

    def take(self, key: str, stood: Mapping[str, Any]) -> None:
        """Add one version from the topic; it replaces each earlier version of the same key."""
        self.forget(key)
        record = read_stored(stood["kind"], stood["document"])
        if isinstance(record, Case):
            self.cases[key] = record
        elif record is not None:
            self.consents[key] = record
        elif stood["kind"] == "consent":
            self.unreadable_consents[key] = stood["at"]
        else:
            self.unreadable_cases[key] = stood["at"]

    def forget(self, key: str) -> None:
        """Forget each version of a case or consent."""
        for kept in (self.cases, self.consents, self.unreadable_cases, self.unreadable_consents):
            kept.pop(key, None)


def unreadable_case(case: str) -> str:
    """Return the message for a case that cannot be read."""
    return f"this release cannot read case {case}; no record is released to it"


def unreadable_consents(number: int) -> str:
    """Return the message for consents that cannot be read."""
    return f"consents that this release cannot read: {number}; they count as not given"
