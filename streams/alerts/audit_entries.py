"""The audit entries of the alerts agent: what went to whom, and orders. No entry has a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from streams.alerts.raising import AlertChange

REFERENCE_BYTES: Final = 16
"""Size of the reference of an alert in an entry: its id, then zeros."""

_Share = tuple[str, str, str | None, str | None]


class Prepared(NamedTuple):
    """A prepared request that was made or taken back: its supplier and recipient, and the id of its case."""

    supplier: str
    recipient: str
    case: str
    is_made: bool


def batch_entry(
    actor: str, told: Iterable[AlertChange], suppliers: Mapping[str, str],
    prepared: Iterable[Prepared], prepared_topic: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the entry of a batch, with a share for each recipient and kind of alert.

    `suppliers` has the supplier of each case under which an alert is personal.
    """
    shares: dict[tuple[_Share, str], list[bytes]] = {}
    for change in told:
        audience, content = change.told.audience, change.content
        case = content.case if content is not None else None
        what = "released" if content is not None else "taken-back"
        profile = None if content is None else change.state.kind
        share: _Share = (what, audience.topic, suppliers.get(case or ""), profile)
        shares.setdefault((share, audience.name), []).append(change.state.alert)
    for each in prepared:
        what = "released" if each.is_made else "taken-back"
        share = (what, prepared_topic, each.supplier, "prepared")
        shares.setdefault((share, each.supplier), []).append(bytes.fromhex(each.case))
    return {
        "actor": actor,
        "action": "alert",
        "subject": "",
        "outcome": "done",
        "shares": list(_shares(shares)),
    }


def order_entry(actor: str, kind: str, subject: str) -> dict[str, Any]:
    """Return the entry of an operator's order; `subject` is a digest of the order's digest."""
    return {"actor": actor, "action": "alert-order", "subject": subject, "outcome": kind}


def staff_entry(actor: str, number: int, *, is_staff: bool) -> dict[str, Any]:
    """Return the entry of a recipient's changes of its staff list: their number, and no digest.

    Who adds somebody sees which alerts disappear, and who removes somebody gets what was withheld.
    """
    outcome = "declared" if is_staff else "removed"
    return {
        "actor": actor, "action": "staff", "subject": "", "outcome": outcome,
        "counts": {"people": number},
    }  # fmt: skip


def _shares(shares: Mapping[tuple[_Share, str], list[bytes]]) -> Iterator[dict[str, Any]]:
    for ((what, topic, supplier, profile), recipient), ids in sorted(
        shares.items(), key=lambda item: tuple(str(part) for part in (*item[0][0], item[0][1]))
    ):
        yield {
            "what": what,
            "topic": topic,
            "agency": supplier,
            "profile": profile,
            "recipients": [recipient],
            "records": len(ids),
            "references": b"".join(alert.ljust(REFERENCE_BYTES, b"\0") for alert in sorted(ids)),
        }
