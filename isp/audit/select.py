"""Selection of the audit entries that answer an inquiry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from isp.agreement.topics import Names
from isp.audit.entry import Entry

DIGEST_BYTES = 16

Share = Mapping[str, Any]


class Inquiry(NamedTuple):
    """A question to the audit of one partnership; a field that is None matches any value.

    `records` are record ids of 16 bytes each. `recipient` is a party or any principal. The time of an entry
    must be at or after `begin`, and before `until`.
    """

    names: Names
    agency: str | None = None
    recipient: str | None = None
    dataset: str | None = None
    begin: datetime | None = None
    until: datetime | None = None
    records: Collection[bytes] | None = None
    case: str | None = None

    @property
    def names_a_share(self) -> bool:
        """Return True if only entries with a matching share answer the inquiry."""
        asked = (self.agency, self.recipient, self.records)
        return any(part is not None for part in asked)

    @property
    def _recipient(self) -> frozenset[str]:
        """Return all names of the recipient: some shares have the party id, shares of reads the principal.

        What a party's conflict officer was given and has read answers an inquiry about the party too.
        """
        assert self.recipient is not None
        party = self.names.party_of(self.recipient) or self.recipient
        officer = self.names.conflict_officer(party)
        of_officer = {officer, self.names.party_of(officer) or officer}
        return frozenset({self.recipient, party, self.names.principal(party), *of_officer})

    def _is_recipient(self, name: str) -> bool:
        """Return True for a name of the recipient, and for a login of one of its people (`party.login`)."""
        assert self.recipient is not None
        party = self.names.party_of(self.recipient) or self.recipient
        return name in self._recipient or name.startswith(f"{self.names.principal(party)}.")

    def holds(self, share: Share) -> bool:
        """Return True if a share matches the inquiry."""
        return (
            self.agency in (None, share["agency"])
            and self.dataset in (None, share["dataset"])
            and (self.recipient is None or any(map(self._is_recipient, share["recipients"])))
            and (self.records is None or not digests(share["references"]).isdisjoint(self.records))
        )

    def is_read_of_case(self, share: Share) -> bool:
        """Return True for a read of the case's topic, which comes from the broker's log."""
        return self.case is not None and share["topic"] == self.names.disclosed(self.case)


class Answer(NamedTuple):
    """An entry that answers an inquiry, with its matching shares."""

    entry: Entry
    content: Mapping[str, Any]
    shares: tuple[Share, ...]


def answers(entries: Iterable[Entry], inquiry: Inquiry) -> Iterator[Answer]:
    """Yield the entries that answer an inquiry, in their order."""
    for entry in entries:
        content = entry.content
        if content is None or not _is_within(content["at"], inquiry):
            continue
        is_of_case = inquiry.case in (None, content["case"])
        shares = tuple(
            share
            for share in content["shares"]
            if (is_of_case or inquiry.is_read_of_case(share)) and inquiry.holds(share)
        )
        if shares or (is_of_case and _is_asked(content, inquiry)):
            yield Answer(entry, content, shares)


def digests(references: bytes) -> set[bytes]:
    """Return the record ids of a share; `references` is their bytes, 16 each."""
    starts = range(0, len(references), DIGEST_BYTES)
    return {references[at : at + DIGEST_BYTES] for at in starts}


def _is_within(at: datetime, inquiry: Inquiry) -> bool:
    after = inquiry.begin is None or at >= inquiry.begin
    return after and (inquiry.until is None or at < inquiry.until)


def _is_asked(content: Mapping[str, Any], inquiry: Inquiry) -> bool:
    """Return True if an entry without matching shares answers the inquiry, such as a resolved digest."""
    if inquiry.records is not None:
        return content["subject"] in {record.hex() for record in inquiry.records}
    if content["shares"] or inquiry.names_a_share:
        return False
    return inquiry.dataset in (None, content["dataset"])
