"""Findings, and the messages of their topic."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.emerging.finding import Finding
from connectors.emerging.picture import Change, Picture
from connectors.received import Received

NOW = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO, THREE = "3f0a51c2d4e69b78", "81c2d4e69b783f0a", "aac2d4e69b783f00"
RING = [[-2.36, 51.38], [-2.35, 51.38], [-2.35, 51.39], [-2.36, 51.38]]


def message(problem: str = ONE, **changes: Any) -> dict[str, Any]:
    """Return a decoded message of a problem, with changes."""
    usual = {
        "problem": problem, "version": 1, "status": "opened", "kind": "scan", "provisional": False,
        "made": NOW, "opened": NOW, "words": "Six deliberate fires near Walcot Street, 0.4 expected.",
        "what": "deliberate-fire", "types": {"fire-incident/deliberate-fire": 6}, "areas": ["BA1"],
        "streets": ["Walcot Street", "London Road"], "easting": 375_000, "northing": 165_000,
        "radius_m": 250, "geometry": json.dumps({"type": "Polygon", "coordinates": [RING]}),
        "since": date(2026, 11, 27), "until": date(2026, 11, 29), "observed": 6, "expected": 0.4,
        "statistic": 11.2, "p": 0.0002, "p_method": "gumbel", "p_monte_carlo": 0.001,
        "p_gumbel": 0.0002, "replicates": 999, "recurrence_interval_days": 5_000.0,
        "recurrence_interval_all_days": 714.0, "series_tested": 7, "alarms_per_year": 0.4,
        "replayed_years": 100.0, "evidence": {}, "ended": "", "same_events": [],
        "records": [{"dataset": "fire-incident", "record_id": "a" * 32, "joined": True}],
        "sources": [{
            "agency": "fire", "dataset": "fire-incident", "cases": 6, "missing_days": 0,
            "newest_day": date(2026, 11, 29), "completeness": 0.9,
        }],
        "audit_chain": "banes.detector.detect.0", "audit_sequence": 3, "audit_hash": "ab" * 32,
    }  # fmt: skip
    return usual | changes


def finding(problem: str = ONE, **changes: Any) -> Finding:
    """Return a finding, with changes of its message."""
    return Finding.of(message(problem, **changes))


def received(problem: str = ONE, at: datetime = NOW, **changes: Any) -> Received:
    """Return a message of the topic of findings."""
    return Received(problem, message(problem, **changes), at)


def taken_back(problem: str = ONE, at: datetime = NOW) -> Received:
    """Return the message that takes a finding back."""
    return Received(problem, None, at)


def picture_of(*messages: Received) -> Picture:
    """Return the picture after these messages."""
    picture = Picture()
    for one in messages:
        picture.take(Change.of(one))
    return picture
