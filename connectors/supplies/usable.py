"""Check that a record of an agency's supplies can be listed: only the agency writes there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

_SUPPLY_ID = re.compile(r"[0-9a-f]{32}")


def fault_of(supply: Mapping[str, Any], agency: str, dataset: str) -> str | None:
    """Return the reason why a record cannot be listed as a supply of that dataset.

    None if it can.
    """
    holds = {
        "of-another-agency": supply["agency"] == agency,
        "of-another-dataset": supply["dataset"] == dataset,
        "not-a-supply-id": _SUPPLY_ID.fullmatch(supply["supply_id"]) is not None,
        "not-a-date": all(map(_is_date, _days(supply))),
        "not-a-count": all(count >= 0 for count in _counts(supply)),
        "not-a-share": all(0 <= share <= 1 for share in _shares(supply)),
    }
    return next((reason for reason, held in holds.items() if not held), None)


def _days(supply: Mapping[str, Any]) -> Iterable[str]:
    claims = supply["claims"] or {}
    ends = (of.get(end) for of in (supply, claims) for end in ("period_from", "period_to"))
    return supply["supplied_on"], *(day for day in ends if day is not None)


def _shares(supply: Mapping[str, Any]) -> Iterable[float]:
    claims = supply["claims"]
    return claims["completeness"].values() if claims else ()


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _counts(supply: Mapping[str, Any]) -> Iterable[int]:
    by_name = (*supply["filled"].values(), *supply["out_of_scope"].values())
    return supply["records"], supply["rows_read"], *by_name
