"""What the date by which a protocol is to be reviewed means on a day."""

from __future__ import annotations

from datetime import date, timedelta

from isp.agreement.protocol import Protocol


def review_notice(protocol: Protocol, day: date) -> str | None:
    """What is to be said of the review on `day` (Europe/London); nothing while it is far off."""
    due, end = protocol.last_day("personal"), protocol.last_day("central")
    if day > end:
        return f"the protocol was to be reviewed by {due}; nothing is released any more"
    if day > due:
        return (
            f"the protocol was to be reviewed by {due}; personal information is released no more, "
            f"and nothing at all after {end}"
        )
    if day >= due - timedelta(days=protocol.review_warning_days):
        return (
            f"the protocol is to be reviewed by {due}, in {(due - day).days} days; after that "
            "personal information is released no more"
        )
    return None
