"""What stands of one agency's supplies, read as its own principal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.account import Account, check_access
from connectors.outcome import Outcome
from connectors.registry import known_schemas
from connectors.supply import ruling
from connectors.topic_reader import end_offsets, read_until
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """The record that rules of each supply, and what became of them by supply and dataset."""

    agency: str
    supplies: tuple[Record, ...] = ()
    outcomes: Mapping[tuple[str | None, str], Outcome] = field(default_factory=dict)

    def outcome_of(self, supply: Record) -> Outcome:
        """What became of one supply so far."""
        supply_id, dataset = supply["supply_id"], supply["dataset"]
        outcome = self.outcomes.get((supply_id, dataset)) or Outcome(supply_id)
        return replace(outcome, records=supply["records"])


def history_of(agency: str, supplies: Iterable[Record], receipts: Iterable[Record]) -> History:
    """Add up what was written; both in the order in which it was, and each read only once.

    Live feeds leave a receipt a batch for years, so only their sums are kept.
    """
    rules: dict[str, Record] = {}
    for supply in supplies:
        if supply.get("erases"):
            continue  # what was taken back says nothing of how complete or timely supplies are
        known = rules.get(supply["supply_id"])
        rules[supply["supply_id"]] = ruling(known, supply)
    outcomes: dict[tuple[str | None, str], Outcome] = {}
    for receipt in receipts:
        key = receipt["supply_id"], receipt["dataset"]
        outcomes[key] = (outcomes.get(key) or Outcome(key[0])).plus(receipt)
    return History(agency, tuple(rules.values()), outcomes)


def read_history(account: Account, catalogue: Catalogue) -> History:
    """Read an agency's supplies and receipts; errors as `connectors.account.check_access`."""
    names, agency = account.names, account.agency
    supplies, receipts = names.supplies(agency), names.receipts(agency)
    check_access(account, (supplies, receipts))
    known = known_schemas(account, catalogue)
    return history_of(
        agency,
        _values(account, known, supplies, catalogue.system["supply"]),
        _values(account, known, receipts, catalogue.system["receipt"]),
    )


def _values(
    account: Account, known: KnownSchemas, topic: str, schema: dict[str, Any]
) -> Iterator[Record]:
    for value in read_until(account, topic, end_offsets(account, topic)):
        try:
            yield known.decode(value, schema)
        except WireError:
            continue  # the agency's own topic may hold what others of its tools wrote
