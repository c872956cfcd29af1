"""Sanitise: make the releases of a record, one for each entitled profile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sanitiser.places.location import Located
from sanitiser.policy import Policy
from schemas.record_type import PERSONAL
from streams.steps.step import Scope, Step, Work

TEXT_RESIDUE = "text-beyond-its-codes"
PERSONAL_OVERDUE = f"protocol-review-overdue-{PERSONAL}"


class Release(NamedTuple):
    """One depersonalised record for one profile."""

    profile: str
    record: dict[str, Any]


class Policies:
    """The policies of the entitled profiles for records of one type, in one scope."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        """Take one compiled policy a profile."""
        self.each = tuple(policies)
        self.profiles = tuple(policy.profile for policy in policies)
        self._ruled = tuple((p, p.row_rule if p.has_exclusion else None) for p in policies)
        self._with_texts = tuple(policy for policy in policies if policy.has_texts)

    def releases(
        self,
        agency: str,
        record: dict[str, Any],
        locations: Mapping[str, Located],
        caveats: list[str],
        unread: Collection[str],
    ) -> list[Release]:
        """Return the releases in the order of the policies; none if every profile excludes the row.

        `unread` names the fields whose values could not be read with certainty.
        """
        return [
            Release(policy.profile, policy.release(agency, record, locations, caveats))
            for policy, rule in self._ruled
            if rule is None or rule(record, unread) is None
        ]

    def kept_out(self, record: dict[str, Any], unread: Collection[str]) -> list[str]:
        """Return the reason for each profile that excludes the row."""
        reasons = [rule(record, unread) for _, rule in self._ruled if rule is not None]
        return [reason for reason in reasons if reason is not None]

    def digests(self, agency: str, record: dict[str, Any]) -> dict[str, str]:
        """Return each digest that a release of the record can contain, with its field."""
        return {
            digest: field
            for policy in self.each
            for field, digest in policy.digests(agency, record).items()
        }

    def entitled(self, record: dict[str, Any], unread: Collection[str]) -> list[str]:
        """Return the profiles that do not exclude the row."""
        return [p.profile for p in self.each if p.kept_out(record, unread) is None]

    def residues(self, record: dict[str, Any]) -> int:
        """Return the number of texts that say more than any profile receives of them."""
        if not self._with_texts:
            return 0
        return len(set().union(*(policy.residues(record) for policy in self._with_texts)))


class Sanitiser(Step):
    """Makes the releases of one agency's records. Each is built from nothing, field by field.

    After the day of `personal_until` there is no personal release.
    """

    takes = frozenset(
        {"scope", "record", "locations", "caveats", "unread", "today", "withheld", "rows_withheld"}
    )
    completes = frozenset({"releases", "withheld", "rows_withheld", "staying", "excluded"})
    counts = frozenset({"released", "withheld", "held"})

    def __init__(
        self, agency: str, policies: Mapping[Scope, Policies], personal_until: date = date.max
    ) -> None:
        """Take the policies of each scope."""
        self._agency = agency
        self._policies = policies
        self._personal_until = personal_until

    def __call__(self, work: Work, /) -> None:
        """Make the releases. While the review is overdue, an earlier personal release is `staying`."""
        if work.scope is None:
            return
        policies, record = self._policies[work.scope], work.record
        releases = policies.releases(
            self._agency, record, work.locations, work.caveats, work.unread
        )
        if len(releases) < len(policies.profiles):
            work.rows_withheld += policies.kept_out(record, work.unread)
        if releases:
            residues = policies.residues(record)
            if residues:
                work.withheld += [TEXT_RESIDUE] * residues
            if work.today > self._personal_until:
                releases = self._without_personal(releases, work)
        work.releases = releases
        if not releases:
            work.excluded = self._is_wanted(policies, work.today)

    @staticmethod
    def _without_personal(releases: list[Release], work: Work) -> list[Release]:
        kept = [release for release in releases if release.profile != PERSONAL]
        if len(kept) < len(releases):
            work.withheld.append(PERSONAL_OVERDUE)
            work.staying = (PERSONAL,)
        return kept

    def _is_wanted(self, policies: Policies, today: date) -> bool:
        """Return True if some profile is entitled now to rows that it does not exclude."""
        return any(p != PERSONAL or today <= self._personal_until for p in policies.profiles)
