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
    """The record ids that an inquiry is about.

    `searched` are the datasets of which only those originals were searched that `where` still holds. Of
    what happened before the day `keyless` some can have no name any more: the key of its time was deleted.
    `unsearched` are suppliers that have left the protocol, of whose records some can be meant.
    """

    records: frozenset[bytes]
    searched: tuple[str, ...] = ()
    where: str = "intake"
    keyless: date | None = None
    unsearched: tuple[Supplied, ...] = ()


class Search(NamedTuple):
    """Where to search: the originals of these agencies and datasets, or one file of an agency.

    Originals of those that have left the protocol cannot be read by it. What their reference alone
    identifies is found all the same.
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
            SourceError: the file is not what its mapping says.
        """
        supplied, left, neighbours = self.suppliers
        keys = keys_of(self.stack).ring()
        exact = [s for s in (*supplied, *left) if self._is_exact(s)]
        known = record_ids(keys, neighbours, self.catalogue, exact, reference)
        searched = [s for s in supplied if self.file is not None or not self._is_exact(s)]
        found = self._about(bears(reference), searched)
        return found._replace(
            records=found.records | known,
            keyless=keyless_before(keys),
            unsearched=tuple(s for s in left if not self._is_exact(s)),
        )

    def of_subject(self, subject: Subject) -> Found:
        """Return the records that are about a person or a household; errors as `of_reference`.

        Raises:
            AuditError: no record of what is to be searched could tell.
        """
        supplied, left, _ = self.suppliers
        telling = [s for s in supplied if self._can_tell_of(subject, s)]
        unsearched = tuple(s for s in left if self._can_tell_of(subject, s))
        if not telling and not unsearched:
            datasets = ", ".join(sorted({dataset for _, dataset in (*supplied, *left)}))
            raise AuditError(
                f"{datasets}: no record there tells of a subject who is given so; ask by the supplier's "
                "--reference, or give a name with the date of birth, an address with the postcode, or a "
                "person's own reference"
            )
        found = self._about(lambda record_type: matcher(subject, record_type), telling)
        keyless = keyless_before(keys_of(self.stack).ring())
        return found._replace(keyless=keyless, unsearched=unsearched)

    def _is_exact(self, supplied: Supplied) -> bool:
        """Return whether a reference alone identifies the records; False for what is not known here."""
        record_type = self.catalogue.record_types.get(supplied[1])
        return record_type is not None and is_known_by_one_reference(record_type)

    def _can_tell_of(self, subject: Subject, supplied: Supplied) -> bool:
        """Return whether the records can tell; True for what is not known here."""
        record_type = self.catalogue.record_types.get(supplied[1])
        return record_type is None or can_tell_of(subject, record_type)

    def _about(self, about: Callable[[RecordType], Matches], searched: Sequence[Supplied]) -> Found:
        if not searched:
            return Found(frozenset())
        originals = Originals.of(self.stack, self.protocol, self.catalogue)
        keys = keys_of(self.stack).ring()
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
    """The day on which the last epoch ended whose key was deleted."""
    ended = (later.begins for epoch, later in pairwise(keys.epochs) if epoch.key is None)
    return max(filter(None, ended), default=None)
