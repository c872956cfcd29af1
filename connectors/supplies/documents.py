"""Return the answers of `ipu supplies` as plain values, for JSON and for tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from connectors.supplies.gaps import AgencyGaps
from connectors.supplies.history import History
from connectors.supplies.measure import Measured

_DIGITS = 4


def line(measured: Measured) -> dict[str, Any]:
    """Return one supply as a row of a list."""
    supply = measured.supply
    share = measured.reject_share
    return {
        "supply_id": supply["supply_id"],
        "agency": supply["agency"],
        "dataset": supply["dataset"],
        "supplied_on": supply["supplied_on"],
        "period_from": supply["period_from"],
        "period_to": supply["period_to"],
        "records": supply["records"],
        "complete": supply["complete"],
        "whole": measured.is_whole,
        "accepted": measured.counts["accepted"],
        "rejected": measured.counts["rejected"],
        "reject_share": None if share is None else round(share, _DIGITS),
        "age_days": measured.age_days,
        "findings": len(measured.findings),
    }


def whole(measured: Measured) -> dict[str, Any]:
    """Return one supply: its metadata, its outcome, and each measure with its claim."""
    return {
        "supply": dict(measured.supply),
        "outcome": {**measured.counts, **measured.by_name, "whole": measured.is_whole},
        "measured": {
            "given": _rounded(measured.given),
            "completeness": _rounded(measured.completeness),
            "newest_event": measured.newest_event,
            "age_days": measured.age_days,
            "reject_share": line(measured)["reject_share"],
        },
        "claimed": measured.supply["claims"],
        "findings": list(measured.findings),
    }


def gap_report(found: AgencyGaps) -> dict[str, Any]:
    """Return the gaps of one agency, with the post and contact of its liaison officer."""
    officer = found.liaison_officer
    return {
        "agency": found.agency,
        "name": found.name,
        "liaison_officer": officer.model_dump() if officer else None,
        "gaps": [asdict(gap) for gap in found.gaps],
    }


def unreadable(histories: Iterable[History]) -> list[dict[str, Any]]:
    """Return the unreadable records of each agency.

    `records` is None if a topic's end was not reached.
    """
    return [
        {"agency": history.agency, **found._asdict()}
        for history in histories
        for found in history.unreadable
    ]


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, _DIGITS) for name, share in shares.items()}
