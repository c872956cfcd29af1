"""A care home with 10,000 events makes no decision slow and no alert large."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detection.domestic.facts import Event
from detection.domestic.history import history
from detection.domestic.levels import levels
from detection.domestic.settings import MOST_COUNTED, MOST_DATES, MOST_LATER
from detection.domestic.times import position
from tests.detection.domestic.building import (
    AMBULANCE,
    DAY,
    POLICE,
    SETTINGS,
    digest,
    event_of,
    everything,
    fact,
    take_one,
)
from tests.detection.domestic.memory import DictMemory

EVENTS = 10_000
PER_DAY = 28


@pytest.fixture(scope="module")
def care_home() -> DictMemory:
    memory = DictMemory()
    for i in range(EVENTS):
        source = POLICE if i % 2 else AMBULANCE
        day = DAY - i // PER_DAY
        one = fact(
            f"e{i}", source, day, hour=i % PER_DAY * 0.8, home="home", victim="ann", suspect="bob"
        )
        memory.keep_event(Event(one.record, (one,)))
    return memory


def test_the_lookups_of_taking_a_new_record_are_bounded(care_home: DictMemory) -> None:
    care_home.lookups.clear()
    changes = take_one(fact("new", home="home", victim="ann", suspect="bob"), care_home)
    assert changes.is_crowded
    assert care_home.lookups["event"] < 500
    assert care_home.lookups["range"] < 500


def test_a_late_record_touches_a_bounded_number_of_events(care_home: DictMemory) -> None:
    changes = take_one(fact("late", day=DAY - 300, home="home", victim="ann"), care_home)
    assert len(changes.touched) < 2 * MOST_LATER
    assert changes.left_out > 0


def test_the_lookups_of_a_decision_are_bounded(care_home: DictMemory) -> None:
    newest = max(care_home.events.values(), key=position)
    care_home.lookups.clear()
    history(newest, care_home, SETTINGS, everything)
    levels(newest, care_home, SETTINGS)
    assert care_home.lookups["event"] < 1_000
    assert care_home.lookups["range"] < 50


def test_an_alert_tells_the_newest_dates_and_a_number_up_to_100(care_home: DictMemory) -> None:
    newest = max(care_home.events.values(), key=position)
    told = history(newest, care_home, SETTINGS, everything)
    for count in (told.household, told.victim, told.same_direction):
        assert (count.count, count.is_exact, len(count.days)) == (MOST_COUNTED, False, MOST_DATES)
    reason = levels(newest, care_home, SETTINGS)[0].reason
    assert reason.startswith(
        "100 or more events in 12 months at this household (the newest earlier events on "
    )
    assert len(reason) < 2_000


@pytest.mark.parametrize(
    ("events", "count", "is_exact"), [(99, 99, True), (100, 100, False), (130, 100, False)]
)
def test_counts_are_exact_below_100(events: int, count: int, is_exact: bool) -> None:
    memory = DictMemory()
    for i in range(events):
        one = fact(f"e{i}", day=DAY - 1 - i, home="home")
        memory.keep_event(Event(one.record, (one,)))
    take_one(fact("now", home="home"), memory)
    told = history(event_of("now", memory), memory, SETTINGS, everything).household
    assert (told.count, told.is_exact) == (count, is_exact)


def test_a_number_is_not_exact_if_not_all_events_were_looked_through(care_home: DictMemory) -> None:
    """A recipient that sees few of very many events is not told that there are no more of them."""
    newest = max(care_home.events.values(), key=position)
    own = replace(newest.facts[0], record=digest("own"), source=POLICE)
    event = Event(digest("zzz"), (own,))
    care_home.keep_event(event)
    one = history(event, care_home, SETTINGS, lambda source: source == POLICE)
    assert not one.household.is_exact
