"""Emerging problems over days, on the real broker: an outage, a bulk upload, a restart, and the ends."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import pytest

from ops.embedded.stack import Stack
from schemas.london import LONDON, london_today
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.spate import (
    COUNCIL,
    EVALUATED_S,
    POLICE,
    Findings,
    Watched,
    history,
    postcodes,
    row,
    watched,
    with_emerging,
)
from tests.integration.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * EVALUATED_S)]

BEHIND = 30
"""The clock of the detector begins so many days behind: a broker refuses what is dated in the future."""
SILENT_DAYS = 10
DAYS = 230
DAY_S = 86_400
CASES = 8


def for_the_council(document: Any) -> None:
    """Have the council alone receive findings."""
    with_emerging(document)
    document["alerts"]["emerging"]["recipients"] = [{"party": COUNCIL}]


class Town:
    """A partnership whose detector has a clock of its own, and what the council has read."""

    def __init__(self, at_work: Watched, clock: Path) -> None:
        self.at_work = at_work
        self.council = Findings(at_work.site, COUNCIL)
        self._clock = clock
        self._begun_s = float(clock.read_text())
        self._supplied = 0

    def supply(self, name: str, rows: list[dict[str, str]]) -> None:
        """Supply a file, and wait until its records were released, counted as cases and evaluated."""
        self.at_work.supply(name, rows)
        self._supplied += len(rows)
        until(self._is_received, PATIENCE_S, "the receipts")
        until(lambda: self.cases() == self._supplied, EVALUATED_S, "the cases")
        self.at_work.await_evaluations()

    def _is_received(self) -> bool:
        return self.at_work.site.receipts(POLICE)["received"] == self._supplied

    def advance(self, days: float) -> None:
        """Set the clock of the detector to so many days after it began."""
        self._clock.write_text(str(self._begun_s + days * DAY_S))

    def next_of(self, problems: Collection[str]) -> set[tuple[str, str, str]]:
        """Wait for the next version of each problem: its problem, its status, and how it ended."""
        known = len(self.council.read())
        self.council.until(known + len(problems), "the next versions", EVALUATED_S)
        return {
            (each["problem"], each["status"], each["ended"]) for each in self.council.all[known:]
        }

    def count(self, metric: str, *labels: str) -> float:
        """Return what the detector has counted since it started."""
        return self.at_work.site.samples(self.at_work.port)[metric][labels]

    def cases(self) -> float:
        """Return how many records it has counted as cases."""
        return self.count("ipu_finding_records_total", "cases")


@pytest.fixture(scope="module")
def town(stack: Stack, site_of: MakeSite) -> Iterator[Town]:
    """A town whose police has been silent for ten days."""
    site = site_of(stack, "emergingdays", for_the_council)
    clock = site.folder / "clock"
    clock.write_text(str(noon(BEHIND) - time.time()))
    with watched(site, clock) as at_work:
        made = Town(at_work, clock)
        made.supply("history", history(before(DAYS, SILENT_DAYS)))
        yield made


def noon(days_ago: int) -> float:
    """Return the noon of a day before today, in seconds since 1970."""
    day = london_today() - timedelta(days_ago)
    return datetime.combine(day, time_of_day(12), LONDON).timestamp()


def before(first: int, end: int) -> range:
    """Return days so long before the first one of the detector, as days before now."""
    return range(first + BEHIND, end + BEHIND, -1)


def spate(name: str, day: int, place: str = STEADY) -> list[dict[str, str]]:
    """Return incidents at one place, so many days after the detector began."""
    return [row(f"{name}-{number}", BEHIND - day, place) for number in range(CASES)]


def by_place(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows as a system that sorts by place exports them: half of them looks like a cluster."""
    return sorted(rows, key=lambda each: each["location_postcode"])


def is_whole(read: Sequence[dict[str, Any]]) -> bool:
    """Return True if the newest finding is of the second problem, with all its cases."""
    return len(read) > 1 and read[-1]["observed"] == CASES


def test_a_silent_agency_and_its_return_with_all_days_at_once_raise_nothing(town: Town) -> None:
    town.supply("return", by_place(history(before(SILENT_DAYS, -1), "R")))
    assert town.council.read() == []


def test_a_month_in_one_file_raises_nothing(town: Town) -> None:
    town.supply("month", by_place(history(before(30, -1), "M")))
    assert town.council.read() == []


def test_a_finding_has_the_measured_alarms_a_year(town: Town) -> None:
    # It asks once an hour whether the history is long enough.
    town.advance(1 / 24)
    until(lambda: town.count("ipu_finding_alarms_measured_total") > 0, PATIENCE_S, "the replays")
    town.supply("spate", spate("S", 0))
    finding = town.council.until(1, "the finding")
    assert (finding["status"], finding["observed"]) == ("opened", CASES)
    assert finding["alarms_per_year"] is not None
    assert finding["replayed_years"] > 0
    assert "years of replays" in finding["words"]


def test_what_comes_while_the_detector_is_away_is_found_when_it_is_back(town: Town) -> None:
    (place,) = postcodes(61)[60:]
    assert town.at_work.detector is not None
    town.at_work.detector.kill()
    town.at_work.detector.wait(PATIENCE_S)
    town.at_work.supply("second", spate("E", 1, place))
    town.advance(1)
    town.at_work.detector = town.at_work.start()
    first = town.council.read()[0]["problem"]
    # Its records come in more than one batch: it may be opened before it has all of them.
    until(lambda: is_whole(town.council.read()), PATIENCE_S, "the second finding")
    opened, grown = town.council.all[1], town.council.all[-1]
    assert opened["status"] == "opened"
    assert opened["problem"] == grown["problem"] != first
    assert grown["areas"] == [place.split()[0]]


def test_a_problem_that_is_found_no_more_fades_and_is_closed(town: Town) -> None:
    problems = {each["problem"] for each in town.council.read()}
    assert len(problems) == 2
    town.advance(10)
    assert town.next_of(problems) == {(problem, "faded", "") for problem in problems}
    town.advance(19)
    assert town.next_of(problems) == {(problem, "closed", "quiet") for problem in problems}
    assert json.loads(town.council.all[-1]["geometry"])["type"] == "Polygon"
