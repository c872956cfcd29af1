"""The suppliers with their datasets, and the receiving neighbours: of a protocol, and of the audit itself.

Releases stay in the audit when their supplier or the neighbour leaves the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from isp.agreement.protocol import Protocol
from isp.audit.entry import Entry

Supplied = tuple[str, str]
"""An agency and a dataset that it supplies."""


class Suppliers(NamedTuple):
    """Pairs of agency and dataset: those of the protocol, and those that have `left` it.

    `neighbours` are the short names of all neighbours, whether they have left or not.
    """

    supplied: tuple[Supplied, ...]
    left: tuple[Supplied, ...]
    neighbours: tuple[str, ...]

    @classmethod
    def of(cls, protocol: Protocol, entries: Iterable[Entry]) -> Suppliers:
        """Return the suppliers of the protocol, and the others whose records were released by the audit."""
        agreed = {(s.agency, s.dataset) for s in protocol.supplies}
        neighbours = {n.short_name for n in protocol.neighbours}
        released: set[Supplied] = set()
        for entry in entries:
            for share in (entry.content or {}).get("shares", ()):
                if share["references"] and share["agency"] and share["dataset"]:
                    released.add((share["agency"], share["dataset"]))
                if share["neighbour"]:
                    neighbours.add(share["neighbour"])
        left = sorted(released - agreed)
        return cls(tuple(sorted(agreed)), tuple(left), tuple(sorted(neighbours)))

    def of_these(self, agency: str | None, dataset: str | None) -> Suppliers:
        """Return only the pairs with this agency and this dataset; None matches any."""

        def wanted(supplied: Iterable[Supplied]) -> tuple[Supplied, ...]:
            return tuple(
                (of, named)
                for of, named in supplied
                if agency in (None, of) and dataset in (None, named)
            )

        return self._replace(supplied=wanted(self.supplied), left=wanted(self.left))
