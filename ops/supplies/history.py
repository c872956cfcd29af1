"""What stands of one agency's supplies, read as its own principal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.account import Account, check_access
from connectors.registry import Registry
from connectors.topic_reader import end_offsets, read_until
from schemas.catalogue import Catalogue
from schemas.wire import WireError

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """Supplies and receipts of one agency in the order in which they were written."""

    agency: str
    supplies: tuple[Record, ...] = ()
    receipts: tuple[Record, ...] = ()

    @property
    def newest(self) -> tuple[Record, ...]:
        """The record that rules of each supply, in the order in which supplies began."""
        ruling: dict[str, Record] = {}
        for supply in self.supplies:
            known = ruling.get(supply["supply_id"])
            if known is None or _progress(supply) >= _progress(known):
                ruling[supply["supply_id"]] = supply
        return tuple(ruling.values())

    def receipts_of(self, supply_id: str) -> tuple[Record, ...]:
        """The receipts of one supply."""
        return tuple(r for r in self.receipts if r["supply_id"] == supply_id)


def read_history(account: Account, catalogue: Catalogue) -> History:
    """Read an agency's supplies and receipts; errors as `connectors.account.check_access`."""
    names, agency = account.names, account.agency
    supplies, receipts = names.supplies(agency), names.receipts(agency)
    check_access(account, (supplies, receipts))
    return History(
        agency,
        tuple(_values(account, supplies, catalogue.system["supply"])),
        tuple(_values(account, receipts, catalogue.system["receipt"])),
    )


def _progress(supply: Record) -> tuple[int, bool]:
    return supply["rows_read"], supply["complete"]


def _values(account: Account, topic: str, schema: dict[str, Any]) -> Iterator[Record]:
    registry = Registry(account.registry_url)
    for value in read_until(account, topic, end_offsets(account, topic)):
        try:
            yield registry.decode(value, schema)
        except WireError:
            continue  # the agency's own topic may hold what others of its tools wrote
