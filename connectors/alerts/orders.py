"""The operator's orders to the alerts agent: kinds of addresses, and people to be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from connectors.alerts.table_rows import CellError, Cells, read_rows
from isp.agreement.topics import PARTNER_BATCH_BYTES, Topic
from sanitiser.address.household import household, property_reference
from sanitiser.incidents.digests import Digests
from sanitiser.people.names import identifying_name
from transport.sender import send

ERASE: Final = "erase_person"
PlaceKind = Literal["refuge", "communal", "ordinary"]
PLACE_KINDS: tuple[PlaceKind, ...] = ("refuge", "communal", "ordinary")

_ADDRESS, _POSTCODE, _UPRN, _KIND = "address", "postcode", "uprn", "kind"


class Order(NamedTuple):
    """One order, under a keyed digest of an address or a person."""

    kind: str
    digest: bytes

    @property
    def key(self) -> str:
        """Return the key of the message: a later order about the same address or person replaces it."""
        about = "person" if self.kind == ERASE else "place"
        return f"{about}:{self.digest.hex()}"


def read_places(path: Path, digests: Digests) -> list[Order]:
    """Return the orders of a CSV file with the columns address, postcode, kind and, if known, uprn.

    An address and its UPRN are two digests, so such a row gives two orders.

    Raises:
        SourceError: the file has a row that cannot be used, or no rows.
    """
    rows = read_rows(
        path, (_ADDRESS, _POSTCODE, _KIND), lambda cells: _orders(cells, digests), (_UPRN,)
    )
    return [order for orders in rows for order in orders]


def erasure(name: str, born: date, digests: Digests, today: date) -> Order | None:
    """Return the order to forget a person; None if name and date of birth identify nobody."""
    words = identifying_name(name, born, today)
    return None if words is None else Order(ERASE, digests.person(words, born))


def send_orders(
    client: Mapping[str, Any],
    topic: Topic,
    encode: Callable[[Any], bytes],
    orders: Iterable[Order],
) -> None:
    """Write orders and wait until the broker has them.

    Raises:
        SendError: the broker refused an order or did not answer; earlier ones may be written.
    """
    at = datetime.now(UTC)
    messages = [(order.key, encode({**order._asdict(), "at": at})) for order in orders]
    settings = {**client, "enable.idempotence": True, "batch.size": PARTNER_BATCH_BYTES}
    send(settings, topic.name, topic.marking, messages)


def _orders(cells: Cells, digests: Digests) -> list[Order]:
    kind = cells[_KIND].casefold()
    if kind not in PLACE_KINDS:
        raise CellError(_KIND, f"not a kind; accepted: {', '.join(PLACE_KINDS)}")
    home = household(cells[_ADDRESS], cells[_POSTCODE])
    if home is None:
        raise CellError(
            f"{_ADDRESS}, {_POSTCODE}",
            "they do not certainly name one home; accepted: house and street, and the postcode",
        )
    found = [Order(kind, digests.household(home))]
    if cells.get(_UPRN):
        uprn = property_reference(cells[_UPRN])
        if uprn is None:
            raise CellError(_UPRN, "not a UPRN; accepted: up to 12 digits")
        found.append(Order(kind, digests.property(uprn)))
    return found
