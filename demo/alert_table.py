"""Print what the demo saw of one household's third incident, and what each line proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.alerts import ALSO, AlertSeen
from demo.generator.third_incident import CALLED_DAYS, FIRST_DAYS, REFERRED_DAYS
from demo.tables import empty_table
from ops.desk.content_text import content_lines

_COUNTED = 3


def alert_table(seen: AlertSeen) -> Table:
    """Return the table of the steps."""
    table = empty_table(
        "One household's third incident (invented people), and what each line proves"
    )
    table.add_column("step", no_wrap=True)
    table.add_column("what was seen", overflow="fold", ratio=5)
    table.add_column("what it proves", overflow="fold", ratio=4)
    for row in _rows(seen):
        table.add_row(*row)
    return table


def duty_desk(seen: AlertSeen) -> Panel:
    """Return the personal alert as the council's duty desk has it."""
    text = Text("\n".join(content_lines(_shown(seen.desk))))
    title = "The council's duty desk: the personal alert, decrypted"
    return Panel(text, title=title, title_align="left")


def _rows(seen: AlertSeen) -> Iterator[tuple[str, str, str]]:
    plain = seen.plain
    where = f"{plain.get('type')}, {plain.get('hour', 'no hour')}, {plain.get('area', 'no area')}"
    yield (
        "before",
        (
            f"police: an incident {FIRST_DAYS} days ago, a MARAC referral {REFERRED_DAYS} days ago; "
            f"{ALSO}: a call {CALLED_DAYS} days ago, whose case its officer approved"
        ),
        "the history comes from ordinary supplies of several agencies",
    )
    yield (
        "alerted",
        (
            f"{seen.plain_ms:,.0f} ms after the police published it, the council read: {where}; level "
            f"{plain.get('level')} ({'; '.join(plain.get('reasons', ())[:1])})"
        ),
        "an alert comes at once, with the level that the history gives",
    )
    yield (
        "not told",
        (
            f"{seen.searched} texts searched for (names, dates of birth, address, telephone, earlier "
            f"dates): {seen.found} found"
        ),
        "before an approval the alert identifies no person and no home",
    )
    yield (
        "approved",
        f"one signature of the police; {seen.approved_seconds:.1f} s later the alert was personal",
        "an officer decides on each sharing (guidance 2.4.2.5); one signature is enough",
    )
    yield (
        "read",
        _history(seen.desk),
        "records of police and ambulance are joined by keyed digests, without names",
    )
    yield (
        "acknowledged",
        f"by the duty officer; in the alert {seen.acknowledged_seconds:.1f} s later",
        "without it the liaison officer is told at the deadline",
    )
    yield (
        "denied to",
        f"{seen.denied} of {seen.asked} other partners, police included",
        "the broker refuses; it does not depend on any program",
    )
    yield (
        "withdrawn",
        f"{seen.withdrawn_ms:,.0f} ms after the police corrected it: not domestic",
        "a correction takes the alert back",
    )


def _history(desk: Mapping[str, Any]) -> str:
    past = desk.get("history", {})
    household = past.get("household", {})
    since = household.get("days_since_last")
    return (
        f"{desk.get('standing')}: {household.get('count', 0)} earlier events at the household, the last "
        f"{since} days before"
    )


def _shown(desk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with the first of the covered sources alone, if there are many."""
    covered = list(desk.get("covered", ()))
    if len(covered) <= _COUNTED:
        return dict(desk)
    return {**desk, "covered": [*covered[:_COUNTED], f"and {len(covered) - _COUNTED} more"]}
