"""Each case and consent by its newest version, also where this release cannot read that version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from isp.cases.case import Case, ConsentRecord, read_stored


@dataclass(frozen=True, slots=True)
class Standing:
    """Cases by id and consents by key, as their newest versions have them.

    What cannot be read has an entry in the last two instead, with the time at which it was kept.
    An older version never takes its place: it may allow what the newest one ended.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    consents: dict[str, ConsentRecord] = field(default_factory=dict)
    unreadable_cases: dict[str, datetime] = field(default_factory=dict)
    unreadable_consents: dict[str, datetime] = field(default_factory=dict)

    def take(self, key: str, stood: Mapping[str, Any]) -> None:
        """Take in one version as the topic has it; it replaces every earlier one of the same key."""
        for kept in (self.cases, self.consents, self.unreadable_cases, self.unreadable_consents):
            kept.pop(key, None)
        record = read_stored(stood["kind"], stood["document"])
        if isinstance(record, Case):
            self.cases[key] = record
        elif record is not None:
            self.consents[key] = record
        elif stood["kind"] == "consent":
            self.unreadable_consents[key] = stood["at"]
        else:
            self.unreadable_cases[key] = stood["at"]


def unreadable_case(case: str) -> str:
    """Say that a case is there and cannot be read."""
    return f"case {case} cannot be read by this release; nothing is released for it"


def unreadable_consents(number: int) -> str:
    """Say that consents are there and cannot be read."""
    return f"consents that cannot be read by this release: {number}; they allow nothing"
