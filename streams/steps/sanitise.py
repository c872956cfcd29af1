"""Sanitise: the forms of a record that may leave, one for each profile somebody is entitled to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sanitiser.places.location import Located
from sanitiser.policy import Policy


class Release(NamedTuple):
    """One depersonalised record for one profile."""

    profile: str
    record: dict[str, Any]


class Sanitiser:
    """Applies the policies of the entitled profiles to records of one type."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        """Take one compiled policy a profile."""
        self.policies = tuple(policies)
        self._ruled = tuple((p, p.row_rule if p.has_exclusion else None) for p in policies)
        self._with_texts = tuple(policy for policy in policies if policy.has_texts)
        self.profiles = tuple(policy.profile for policy in policies)

    def __call__(
        self,
        agency: str,
        record: dict[str, Any],
        locations: Mapping[str, Located],
        caveats: list[str],
        unread: Collection[str],
    ) -> list[Release]:
        """Return releases in the order of the policies; none where every profile excludes such a row.

        `unread` names the fields whose values could not be read with certainty.
        """
        return [
            Release(policy.profile, policy.release(agency, record, locations, caveats))
            for policy, rule in self._ruled
            if rule is None or rule(record, unread) is None
        ]

    def kept_out(self, record: dict[str, Any], unread: Collection[str]) -> list[str]:
        """Return why there is no release, for each profile that has none."""
        reasons = (policy.kept_out(record, unread) for policy in self.policies)
        return [reason for reason in reasons if reason is not None]

    def digests(self, agency: str, record: dict[str, Any]) -> dict[str, str]:
        """Each digest that a release of the record can bear, with the field that bears it."""
        return {
            digest: field
            for policy in self.policies
            for field, digest in policy.digests(agency, record).items()
        }

    def entitled(self, record: dict[str, Any], unread: Collection[str]) -> list[str]:
        """Return the profiles that may have such a row."""
        return [p.profile for p in self.policies if p.kept_out(record, unread) is None]

    def residues(self, record: dict[str, Any]) -> int:
        """How many texts of a record say more than any profile is told of them."""
        if not self._with_texts:
            return 0
        return len(set().union(*(policy.residues(record) for policy in self._with_texts)))
