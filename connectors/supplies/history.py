"""Read the supplies and outcomes of one agency, as its own principal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple

from connectors.account import Account, check_access
from connectors.errors import ConnectorError
from connectors.outcome import Outcome
from connectors.publishing.supply import latest_of
from connectors.registry import known_schemas
from connectors.supplies.usable import fault_of
from connectors.topic_reader import end_offsets, read_until
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError

_AT_ONCE = 4
"""Number of topics of one agency that are read at the same time."""

Record = Mapping[str, Any]


class Unreadable(NamedTuple):
    """Records of an agency that could not be read, or a topic that could not be read to its end.

    `records` counts the records left out; it is None if the topic was not read to its end.
    `dataset` is None if all supplies of the agency are affected.
    """

    dataset: str | None
    reason: str
    records: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The valid record of each supply, and the outcomes by supply and dataset."""

    agency: str
    supplies: tuple[Record, ...] = ()
    outcomes: Mapping[tuple[str | None, str], Outcome] = field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()

    def is_unfinished(self, dataset: str) -> bool:
        """Return True if supplies of the dataset, or their receipts, could not be read to their end."""
        return any(u.records is None and u.dataset in (None, dataset) for u in self.unreadable)

    def outcome_of(self, supply: Record) -> Outcome:
        """Return the outcome of one supply so far."""
        supply_id, dataset = supply["supply_id"], supply["dataset"]
        outcome = self.outcomes.get((supply_id, dataset)) or Outcome(supply_id)
        return replace(outcome, records=supply["records"])


def history_of(
    agency: str,
    supplies: Iterable[Record],
    receipts: Iterable[Record],
    unreadable: Collection[Unreadable] = (),
) -> History:
    """Sum up supplies and receipts. Both are in the order of writing, and each is read only once.

    Live feeds write one receipt per batch for years, so only sums are kept. `unreadable` is read
    after both.
    """
    rules = _ruling(supplies)
    outcomes: dict[tuple[str | None, str], Outcome] = {}
    for receipt in receipts:
        key = receipt["supply_id"], receipt["dataset"]
        outcomes[key] = (outcomes.get(key) or Outcome(key[0])).plus(receipt)
    return History(agency, rules, outcomes, tuple(sorted(unreadable, key=str)))


def read_history(account: Account, datasets: Collection[str], catalogue: Catalogue) -> History:
    """Read an agency's supplies of each dataset, and its receipts.

    A record that is not a supply is listed in `unreadable`, and so is a topic that cannot be read
    to its end. The others are still read.
    """
    try:
        check_access(account, _topics(account, datasets))
        reader = _Reader(account, catalogue, known_schemas(account, catalogue), [])
    except ConnectorError as error:
        return History(account.agency, unreadable=(Unreadable(None, str(error)),))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        supplied = pool.map(lambda d: _ruling(reader.supplies(d)), sorted(datasets))
        supplies = chain.from_iterable(supplied)
        return history_of(account.agency, supplies, reader.receipts(), reader.unreadable)


def _topics(account: Account, datasets: Collection[str]) -> list[str]:
    names, agency = account.names, account.agency
    return [*(names.supplies(agency, d) for d in sorted(datasets)), names.receipts(agency)]


class _Reader(NamedTuple):
    """A reader of one agency's topics, which keeps a list of what could not be read."""

    account: Account
    catalogue: Catalogue
    known: KnownSchemas
    unreadable: list[Unreadable]

    def supplies(self, dataset: str) -> Iterator[Record]:
        """Yield the records about one dataset's supplies."""
        agency = self.account.agency
        topic, schema = (
            self.account.names.supplies(agency, dataset),
            self.catalogue.system["supply"],
        )
        return self._records(
            topic, schema, dataset, lambda record: fault_of(record, agency, dataset)
        )

    def receipts(self) -> Iterator[Record]:
        """Yield the receipts of the agency."""
        topic = self.account.names.receipts(self.account.agency)
        return self._records(topic, self.catalogue.system["receipt"], None, lambda _: None)

    def _records(
        self,
        topic: str,
        schema: dict[str, Any],
        dataset: str | None,
        fault: Callable[[Record], str | None],
    ) -> Iterator[Record]:
        left_out = Counter[str]()
        try:
            for record in self._decoded(topic, schema, left_out):
                reason = fault(record)
                if reason is None:
                    yield record
                else:
                    left_out[reason] += 1
        except ConnectorError as error:
            self.unreadable.append(Unreadable(dataset, str(error)))
        self.unreadable.extend(Unreadable(dataset, *found) for found in left_out.items())

    def _decoded(
        self, topic: str, schema: dict[str, Any], left_out: Counter[str]
    ) -> Iterator[Record]:
        for value in read_until(self.account, topic, end_offsets(self.account, topic)):
            try:
                record = self.known.decode(value, schema)
            except WireError as error:
                left_out[error.reason] += 1
            else:
                yield record


def _ruling(supplies: Iterable[Record]) -> tuple[Record, ...]:
    """Return the valid record of each supply, and none for erasures.

    Erased records say nothing about how complete or timely supplies are.
    """
    rules: dict[tuple[str, str], Record] = {}
    for supply in supplies:
        if not supply.get("erases"):
            key = supply["dataset"], supply["supply_id"]
            rules[key] = latest_of(rules.get(key), supply)
    return tuple(rules.values())
