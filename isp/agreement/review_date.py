"""The notice about the review date of a protocol."""

from __future__ import annotations

from datetime import date, timedelta

from isp.agreement.protocol import Protocol


def review_notice(protocol: Protocol, day: date) -> str | None:
    """Return the notice about the review on `day` (Europe/London), or None long before the review date."""
    due, end = protocol.last_day("personal"), protocol.last_day("central")
    if day > end:
        return f"the review of the protocol was due on {due}; no record is released any more"
    if day > due:
        return (
            f"the review of the protocol was due on {due}; personal information is no longer "
            f"released, and no record at all after {end}"
        )
    if day >= due - timedelta(days=protocol.review_warning_days):
        return (
            f"the review of the protocol is due on {due}, in {(due - day).days} days; after that "
            "personal information is no longer released"
        )
    return None
