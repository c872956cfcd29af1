"""Find the record ids of an inquiry of the audit: by record id, reference, person or household.

A person who asks for their own records must not be answered "nobody" because the search could not
look. So, where one reference does not identify a record of a type, the originals are searched, and
the answer names the datasets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from connectors.mappings.mapping import Mapping as Columns
from isp.agreement.protocol import Protocol
from isp.audit.errors import AuditError
from isp.audit.suppliers import Supplied, Suppliers
from isp.cases.letters import Subject
from isp.cases.subjects import can_tell_of, matcher
from ops.embedded.stack import Stack
from ops.resolve.candidates import Candidate
from ops.resolve.names import is_known_by_one_reference, policies_of, record_ids
from ops.resolve.originals import Originals
from ops.resolve.search import Matches, bears, ids_about
from ops.system import keys_of
from sanitiser.key_ring import KeyRing
from schemas.catalogue import Catalogue
from schemas.record_type import RecordType


class Found(NamedTuple):
    """The record ids of an inquiry.

    `searched` are the datasets whose originals were searched; only originals that `where` still has
    were found. Records from before the day `keyless` may be missing, because the key of that time
    was deleted. `unsearched` are suppliers that have left the protocol and may have supplied such
    records.
    """

    records: frozenset[bytes]
    searched: tuple[str, ...] = ()
    where: str = "intake"
    keyless: date | None = None
    unsearched: tuple[Supplied, ...] = ()


class Search(NamedTuple):
    """A search of the originals of these agencies and datasets, or of one file of an agency.

    The originals of suppliers that have left the protocol cannot be read. Their records are found
    if the reference alone identifies them.
    """

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue
    suppliers: Suppliers
    now: datetime
    file: Path | None = None
    columns: Columns | None = None
    progress: Callable[[int], None] = lambda _: None

    def of_reference(self, reference: str) -> Found:
        """Return the records that have a reference of their own, or of their case.

        Raises:
            ReadError: the intake could not be read to its end.
            SourceError: the file does not match its mapping.
        """
        supplied, left, neighbours = self.suppliers
        keys = keys_of(self.stack).ring()
        exact = [s for s in (*supplied, *left) if self._is_exact(s)]
        known = record_ids(keys, neighbours, self.catalogue, exact, reference)
        searched = [s for s in supplied if self.file is not None or not self._is_exact(s)]
        found = self._about(bears(reference), searched, keys)
        return found._replace(
            records=found.records | known,
            keyless=keyless_before(keys),
            unsearched=tuple(s for s in left if not self._is_exact(s)),
        )

    def of_subject(self, subject: Subject) -> Found:
        """Return the records about a person or a household.

        Raises the errors of `of_reference` too.

        Raises:
            AuditError: no searched record type has the fields to recognise this subject.
        """
        supplied, left, _ = self.suppliers
        telling = [s for s in supplied if self._can_tell_of(subject, s)]
        unsearched = tuple(s for s in left if self._can_tell_of(subject, s))
        if not telling and not unsearched:
            datasets = ", ".join(sorted({dataset for _, dataset in (*supplied, *left)}))
            raise AuditError(
                f"{datasets}: these records lack the fields that you gave; ask by the supplier's "
                "--reference, or give a name with the date of birth, an address with the postcode, or a "
                "person's own reference"
            )
        keys = keys_of(self.stack).ring()
        found = self._about(lambda record_type: matcher(subject, record_type), telling, keys)
        return found._replace(keyless=keyless_before(keys), unsearched=unsearched)

    def _is_exact(self, supplied: Supplied) -> bool:
        """Return True if a reference alone identifies the records.

        False if the dataset is unknown here.
        """
        record_type = self.catalogue.record_types.get(supplied[1])
        return record_type is not None and is_known_by_one_reference(record_type)

    def _can_tell_of(self, subject: Subject, supplied: Supplied) -> bool:
        """Return True if the records can identify the subject.

        True also if the dataset is unknown.
        """
        record_type = self.catalogue.record_types.get(supplied[1])
        return record_type is None or can_tell_of(subject, record_type)

    def _about(
        self,
        about: Callable[[RecordType], Matches],
        searched: Sequence[Supplied],
        keys: KeyRing,
    ) -> Found:
        if not searched:
            return Found(frozenset())
        originals = Originals.of(self.stack, self.protocol, self.catalogue)
        policies = partial(policies_of, keys, self.suppliers.neighbours, self.catalogue)
        candidates, where = self._candidates(originals, searched)
        records = ids_about(about, candidates, self.now, keys.lasting, policies, self.progress)
        return Found(records, tuple(sorted({dataset for _, dataset in searched})), where)

    def _candidates(
        self, originals: Originals, searched: Sequence[Supplied]
    ) -> tuple[Iterable[Candidate], str]:
        if self.file is None or self.columns is None:
            return originals.in_topics(searched), "intake"
        ((agency, _),) = searched
        return originals.in_file(self.file, self.columns, agency), "the file"


def keyless_before(keys: KeyRing) -> date | None:
    """Return the day on which the last epoch with a deleted key ended, or None."""
    ended = (later.begins for epoch, later in pairwise(keys.epochs) if epoch.key is None)
    return max(filter(None, ended), default=None)
