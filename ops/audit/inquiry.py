"""Whose records an inquiry of the audit is about: a record id, a reference, a person or a household.

A subject's own request must not be answered "nobody" because the search could not look. So where a record
type is not known by one reference its originals are searched, and the answer says where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from connectors.mapping import Mapping as Columns
from ops.audit.errors import AuditError
from ops.embedded.stack import Stack
from ops.resolve.candidates import Candidate
from ops.resolve.names import is_known_by_one_reference, policies_of, record_ids
from ops.resolve.originals import Originals
from ops.resolve.search import Matches, bears, ids_about
from ops.system import keys_of
from sanitiser.key_ring import KeyRing
from schemas.catalogue import Catalogue
from schemas.letters import Subject
from schemas.protocol import Protocol
from schemas.record_type import RecordType
from streams.disclosures.subjects import can_tell_of, matcher

Supplied = tuple[str, str]
"""An agency and a dataset that it supplies."""


class Found(NamedTuple):
    """The record ids that an inquiry is about.

    `searched` are the datasets of which only those originals were searched that `where` still holds. Of
    what happened before the day `keyless` some can have no name any more: the key of its time was deleted.
    """

    records: frozenset[bytes]
    searched: tuple[str, ...] = ()
    where: str = "intake"
    keyless: date | None = None


class Search(NamedTuple):
    """Where to search: the originals of these agencies and datasets, or one file of an agency."""

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue
    supplied: Sequence[Supplied]
    now: datetime
    file: Path | None = None
    columns: Columns | None = None
    progress: Callable[[int], None] = lambda _: None

    def of_reference(self, reference: str) -> Found:
        """Return the records that have a reference of their own, or of their case.

        Raises:
            ReadError: the intake could not be read to its end.
            SourceError: the file is not what its mapping says.
        """
        exact, by_more = self._by_identity()
        keys = keys_of(self.stack).ring()
        known = record_ids(keys, self.protocol, self.catalogue, exact, reference)
        found = self._about(bears(reference), self.supplied if self.file is not None else by_more)
        return found._replace(records=found.records | known, keyless=keyless_before(keys))

    def of_subject(self, subject: Subject) -> Found:
        """Return the records that are about a person or a household; errors as `of_reference`.

        Raises:
            AuditError: no record of what is to be searched could tell.
        """
        telling = [s for s in self.supplied if can_tell_of(subject, self._record_type(s))]
        if not telling:
            datasets = ", ".join(sorted({dataset for _, dataset in self.supplied}))
            raise AuditError(
                f"{datasets}: no record there tells of a subject who is given so; ask by the supplier's "
                "--reference, or give a name with the date of birth, an address with the postcode, or a "
                "person's own reference"
            )
        found = self._about(lambda record_type: matcher(subject, record_type), telling)
        return found._replace(keyless=keyless_before(keys_of(self.stack).ring()))

    def _record_type(self, supplied: Supplied) -> RecordType:
        return self.catalogue.record_type(supplied[1])

    def _by_identity(self) -> tuple[list[Supplied], list[Supplied]]:
        """Part what is supplied: known by one reference, and known by more."""
        known = [
            (agency, dataset)
            for agency, dataset in self.supplied
            if is_known_by_one_reference(self.catalogue.record_type(dataset))
        ]
        return known, [s for s in self.supplied if s not in known]

    def _about(self, about: Callable[[RecordType], Matches], searched: Sequence[Supplied]) -> Found:
        if not searched:
            return Found(frozenset())
        originals = Originals.of(self.stack, self.protocol, self.catalogue)
        keys = keys_of(self.stack).ring()
        policies = partial(policies_of, keys, self.protocol, self.catalogue)
        candidates, where = self._candidates(originals, searched)
        records = ids_about(about, candidates, self.now, keys.lasting, policies, self.progress)
        return Found(records, tuple(sorted({dataset for _, dataset in searched})), where)

    def _candidates(
        self, originals: Originals, searched: Sequence[Supplied]
    ) -> tuple[Iterable[Candidate], str]:
        if self.file is None or self.columns is None:
            return originals.in_topics(searched), "intake"
        ((agency, _),) = self.supplied
        return originals.in_file(self.file, self.columns, agency), "the file"


def keyless_before(keys: KeyRing) -> date | None:
    """The day on which the last epoch ended whose key was deleted."""
    ended = (later.begins for epoch, later in pairwise(keys.epochs) if epoch.key is None)
    return max(filter(None, ended), default=None)
