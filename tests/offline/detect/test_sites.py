"""Events are counted at the sites of their points, once each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offline.detect.days import day_of
from offline.detect.reading import Event
from offline.detect.sites import STRATA, Period, Strata, counts_of, sites_of

TODAY = day_of("2026-03-30") or 0

events = st.lists(
    st.builds(
        Event,
        line=st.just(1),
        id=st.sampled_from("ABC"),
        easting=st.sampled_from([0.0, 1.0, 2.0]),
        northing=st.just(0.0),
        day=st.integers(TODAY - 40, TODAY + 5),
        cases=st.integers(0, 3),
        agency=st.sampled_from(["police", "council"]),
    ),
    min_size=1,
)


def event(name: str, easting: float, cases: int = 1) -> Event:
    return Event(1, name, float(easting), 0.0, TODAY, cases)


@given(events, st.sampled_from(STRATA), st.integers(1, 9))
def test_each_event_of_the_period_is_counted_once(
    rows: list[Event], strata: Strata, window: int
) -> None:
    period = Period(TODAY - 30, TODAY)
    counts = counts_of(rows, sites_of(rows, of_records=False), period, window, strata)
    inside = [e for e in rows if e.day is not None and period.first <= e.day <= period.last]
    late = [e for e in inside if (e.day or 0) > TODAY - window]
    assert counts.total == sum(e.cases for e in inside)
    assert counts.recent.sum() == counts.by_lag.sum() == sum(e.cases for e in late)
    assert np.array_equal(counts.recent.sum(axis=0), counts.by_lag.sum(axis=0))
    assert (counts.recent.sum(axis=1) <= counts.base.sum(axis=1)).all()


def test_a_repeated_id_with_one_point_names_its_site() -> None:
    sites = sites_of([event("A", 1), event("A", 1), event("B", 2)], of_records=False)
    assert (sites.names, sites.ids_are_sites) == ((("A",), ("B",)), True)


def test_an_id_for_each_point_names_its_site() -> None:
    sites = sites_of([event("A", 1), event("B", 2)], of_records=False)
    assert sites.names == (("A",), ("B",))


def test_sites_with_one_point_are_one_site_with_all_their_ids() -> None:
    sites = sites_of([event("A", 1), event("B", 1), event("A", 1)], of_records=False)
    assert (sites.names, len(sites.points)) == ((("A", "B"),), 1)


def test_ids_of_records_leave_the_point_to_name_the_site() -> None:
    rows = [event("A", 1), event("B", 1), event("C", 2.5)]
    sites = sites_of(rows, of_records=False)
    assert (sites.names, sites.ids_are_sites) == ((("1,0",), ("2.5,0",)), False)


def test_an_id_with_two_points_is_none_of_a_site() -> None:
    assert not sites_of([event("A", 1), event("A", 2)], of_records=False).ids_are_sites
