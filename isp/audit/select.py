"""Which entries of the audit an inquiry asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from isp.agreement.topics import Names
from isp.audit.entries import Entry

DIGEST_BYTES = 16

Share = Mapping[str, Any]


class Inquiry(NamedTuple):
    """A question to the audit of one partnership; None asks for any.

    `records` are record ids, 16 bytes each. `recipient` is a party, or any principal. `begin` and `until`
    bound when an act was done, the first included and the last not.
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
        """Whether it asks for shares alone: an act that has none then is no answer."""
        asked = (self.agency, self.recipient, self.records)
        return any(part is not None for part in asked)

    @property
    def _recipient(self) -> frozenset[str]:
        """The names of the recipient: shares have the id of a party, or what a principal read by itself."""
        assert self.recipient is not None
        party = self.names.party_of(self.recipient) or self.recipient
        return frozenset({self.recipient, party, self.names.principal(party)})

    def holds(self, share: Share) -> bool:
        """Whether a share is asked for."""
        return (
            self.agency in (None, share["agency"])
            and self.dataset in (None, share["dataset"])
            and (self.recipient is None or bool(self._recipient & {*share["recipients"]}))
            and (self.records is None or not digests(share["references"]).isdisjoint(self.records))
        )

    def is_read_of_case(self, share: Share) -> bool:
        """Return True for a reading of what was disclosed in the case, which the broker's log tells."""
        return self.case is not None and share["topic"] == self.names.disclosed(self.case)


class Answer(NamedTuple):
    """An entry that is asked for, with those of its shares that are."""

    entry: Entry
    content: Mapping[str, Any]
    shares: tuple[Share, ...]


def answers(entries: Iterable[Entry], inquiry: Inquiry) -> Iterator[Answer]:
    """The entries that an inquiry asks for, in their order."""
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
    """The record ids that stand in a share."""
    starts = range(0, len(references), DIGEST_BYTES)
    return {references[at : at + DIGEST_BYTES] for at in starts}


def _is_within(at: datetime, inquiry: Inquiry) -> bool:
    after = inquiry.begin is None or at >= inquiry.begin
    return after and (inquiry.until is None or at < inquiry.until)


def _is_asked(content: Mapping[str, Any], inquiry: Inquiry) -> bool:
    """Whether an act is asked for that shares nothing, such as a digest that was resolved."""
    if inquiry.records is not None:
        return content["subject"] in {record.hex() for record in inquiry.records}
    if content["shares"] or inquiry.names_a_share:
        return False
    return inquiry.dataset in (None, content["dataset"])
