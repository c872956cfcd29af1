"""The lines of a duty desk's page: one for each alert, without its content. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.alerts.picture import Alert
from schemas.london import london_time

TITLES = ("to do", "level", "age", "alert", "notes")
"""The columns. All but the last are so narrow that an id is never broken, so that it can be copied."""

OVERDUE, OPEN, DONE = "bold red", "yellow", "dim"
"""Styles of an alert that is overdue, one that is not acknowledged yet, and one that is."""


class Line(NamedTuple):
    """The cells of an alert in the order of `TITLES`, and their style."""

    alert: str
    cells: tuple[str, ...]
    style: str


def line(alert: Alert, now: datetime, sent: Mapping[str, datetime]) -> Line:
    """Return the line of an alert. `sent` are the acknowledgements made here, by alert."""
    acknowledged = alert.acknowledged or sent.get(alert.id)
    is_overdue = acknowledged is None and alert.due < now
    notes = [
        "personal" if alert.is_personal else "",
        "supplied late" if alert.late else "",
        f"escalated to {alert.escalated}" if alert.escalated else "",
        f"version {alert.version}" if alert.version > 1 else "",
    ]
    cells = (
        _to_do(alert.due, acknowledged, now),
        alert.level,
        duration(now - alert.raised),
        alert.id,
        ", ".join(filter(None, notes)),
    )
    style = DONE if acknowledged else OVERDUE if is_overdue else OPEN
    return Line(alert.id, cells, style)


def clock(at: datetime) -> str:
    """Return an instant as date and time in Europe/London."""
    return f"{london_time(at):%d %b %H:%M}"


def duration(time: timedelta) -> str:
    """Return a duration in whole minutes, hours or days, never negative."""
    minutes = max(int(time.total_seconds()) // 60, 0)
    hours, days = minutes // 60, minutes // 1440
    if days > 1:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60:02} min" if hours else f"{minutes} min"


def _to_do(due: datetime, acknowledged: datetime | None, now: datetime) -> str:
    if acknowledged is not None:
        return f"done {clock(acknowledged)}"
    if due < now:
        return f"OVERDUE {duration(now - due)}"
    return f"within {duration(due - now)}"
