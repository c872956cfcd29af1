"""The digests of the subjects of cases, which are compared with those of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from isp.agreement.protocol import Protocol
from isp.cases.letters import Subject
from sanitiser.address.household import household
from sanitiser.incidents.digests import Digests
from sanitiser.people.names import identifying_name
from schemas.catalogue import Catalogue

Form = Literal["person", "household"]


class SubjectDigests:
    """Computes the digests of subjects under the keys of one partnership."""

    def __init__(self, digests: Digests, protocol: Protocol, catalogue: Catalogue) -> None:
        """Collect the kinds of references of people that each agency supplies."""
        self._digests = digests
        self._joins: dict[str, frozenset[str]] = {}
        for supply in protocol.supplies:
            fields = catalogue.record_type(supply.dataset).fields
            kinds = frozenset(field.join for field in fields if field.join and field.about)
            known = self._joins.get(supply.agency, frozenset())
            self._joins[supply.agency] = known | kinds

    def of(self, subject: Subject, supplier: str, today: date) -> Iterator[tuple[Form, bytes]]:
        """Yield the digests by which an event about a subject of a supplier's case is found.

        There are none if name or address do not certainly identify one person or home.
        """
        if subject.reference is not None:
            for kind in sorted(self._joins.get(supplier, frozenset())):
                yield "person", self._digests.reference(supplier, kind, subject.reference.strip())
        elif subject.name is not None:
            name = identifying_name(subject.name, subject.date_of_birth, today)
            if name is not None and subject.date_of_birth is not None:
                yield "person", self._digests.person(name, subject.date_of_birth)
        else:
            home = household(subject.address, subject.postcode)
            if home is not None:
                yield "household", self._digests.household(home)
