"""Withdraw: what a profile was given of a record that it may not have any more is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sanitiser.policy import Policy
from sanitiser.state import State
from schemas.state import SEEN_BYTES
from streams.steps.sanitise import Release


class Withdrawer:
    """Remembers what the profiles that exclude rows were given, for corrections that exclude it.

    Nothing is written for a row that was excluded from the first: it would tell of the row.
    """

    def __init__(self, policies: Sequence[Policy], memory: State) -> None:
        """Take the policies of one record type; those that exclude nothing are left alone."""
        self._policies = [policy for policy in policies if policy.has_exclusion]
        self._memory = memory

    def __call__(
        self, agency: str, record: Mapping[str, Any], releases: Sequence[Release]
    ) -> list[tuple[str, str]]:
        """Profile and `record_id` of every release that is to be taken back."""
        told = {release.profile: release.record["record_id"] for release in releases}
        taken_back = []
        for policy in self._policies:
            name = told.get(policy.profile)
            if name is not None:
                self._memory.add_seen(_digest(name))
                continue
            name = policy.record_id(agency, record)
            if self._memory.has_seen(_digest(name)):
                taken_back.append((policy.profile, name))
        return taken_back


def _digest(record_id: str) -> bytes:
    return bytes.fromhex(record_id)[:SEEN_BYTES]
