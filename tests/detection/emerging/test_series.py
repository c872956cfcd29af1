from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from detection.emerging.facts import Case, Source
from detection.emerging.series import Series
from detection.scan.counts import Counts
from detection.scan.scanning import scan_near
from detection.scan.zones import build_zones, limit_share
from tests.detection.emerging.towns import TODAY, Town, case, settings

SETTINGS = settings()

places = st.sampled_from([(375_000 + 150 * x, 165_000 + 150 * y) for x in range(6) for y in (0, 1)])
days = st.one_of(st.integers(TODAY - 9, TODAY), st.integers(TODAY - 90, TODAY + 3))
agencies = st.sampled_from(["police", "fire", "transport"])


@st.composite
def many_cases(draw: st.DrawFn) -> list[Case]:
    drawn = draw(st.lists(st.tuples(days, places, agencies), max_size=40))
    return [case(f"r{n}", day, at, agency=who) for n, (day, at, who) in enumerate(drawn)]


def filled(cases: list[Case], today: int = TODAY) -> Series:
    series = Series(SETTINGS, today)
    for each in cases:
        series.put(each)
    return series


def sums(series: Series, held: frozenset[Source] = frozenset()) -> tuple[object, ...]:
    """Return the counts in an order that does not depend on how sites and strata are numbered."""
    counts, points = series.counts(held)
    sites = sorted(
        (tuple(p), tuple(sorted(b[b > 0])), tuple(r))
        for p, b, r in zip(points.tolist(), counts.base, counts.recent.tolist(), strict=True)
    )
    used = counts.base.sum(axis=0) > 0
    strata = sorted(map(tuple, np.column_stack((counts.base.sum(axis=0), counts.by_lag))[used]))
    return tuple(sites), tuple(strata)


def recounted(cases: list[Case], today: int = TODAY) -> tuple[int, int]:
    lags = [today - each.day for each in cases]
    studied = [lag for lag in lags if 0 <= lag < SETTINGS.study_days]
    return len(studied), sum(lag < SETTINGS.window_days for lag in studied)


@given(many_cases(), st.randoms(use_true_random=False))
def test_any_order_of_cases_gives_the_same_counts(cases: list[Case], random: Random) -> None:
    other = random.sample(cases, len(cases))
    assert sums(filled(cases)) == sums(filled(other))


@given(many_cases())
def test_nothing_outside_the_study_period_is_counted(cases: list[Case]) -> None:
    counts, _ = filled(cases).counts()
    assert (counts.total, int(counts.recent.sum())) == recounted(cases)
    assert counts.by_lag.sum() == counts.recent.sum()


@given(many_cases(), many_cases())
def test_taking_a_case_out_undoes_its_counting(cases: list[Case], more: list[Case]) -> None:
    series = filled(cases)
    extra = [
        case(f"x{n}", e.day, (e.easting, e.northing), agency=e.agency) for n, e in enumerate(more)
    ]
    for each in extra:
        series.put(each)
    for each in extra[::-1]:
        series.remove(each)
    assert sums(series) == sums(filled(cases))


@given(many_cases(), st.integers(0, 100))
def test_the_next_days_change_counts_as_if_the_engine_began_on_them(
    cases: list[Case], later: int
) -> None:
    series = filled(cases, TODAY - 5)
    for day in range(TODAY - 5, TODAY + later + 1, 3):
        series.advance(day)
    assert sums(series) == sums(filled(cases, series.today))


def test_a_case_of_a_later_day_counts_once_its_day_comes() -> None:
    series = filled([case("r", TODAY + 2)])
    assert len(series) == 0
    series.advance(TODAY + 2)
    assert len(series) == 1


@given(many_cases())
def test_held_sources_are_in_no_count(cases: list[Case]) -> None:
    held = frozenset({Source("fire", "police-incident")})
    without = [each for each in cases if each.source not in held]
    assert sums(filled(cases), held) == sums(filled(without))


def best_by_recount(series: Series, at: tuple[int, int], held: frozenset[Source]) -> float:
    counts, points = series.counts(held)
    zones = limit_share(
        build_zones(points, SETTINGS.radius_m), counts.base.sum(axis=1), SETTINGS.share
    )
    (site,) = np.nonzero((points == at).all(axis=1))[0]
    found = scan_near(counts, zones, int(site))
    return found.llr if found else 0.0


def best_by_screen(
    series: Series, at: tuple[int, int], least: float, held: frozenset[Source]
) -> float:
    centres = series.centres(at, least, 2, held)
    circles = series.circles(at, centres, held)
    assert circles is not None
    found = scan_near(circles.counts, circles.zones, circles.site)
    return found.llr if found else 0.0


@given(many_cases(), st.floats(0.5, 6), st.booleans())
def test_the_screen_lets_through_every_circle_that_reaches_the_likelihood_ratio(
    cases: list[Case], least: float, is_held: bool
) -> None:
    held = frozenset({Source("fire", "police-incident")} if is_held else ())
    series = Series(SETTINGS, TODAY)
    for each in cases:
        series.put(each)
        is_counted = TODAY - SETTINGS.study_days < each.day <= TODAY and each.source not in held
        if is_counted:
            at = each.easting, each.northing
            exact = best_by_recount(series, at, held)
            if exact >= least:
                assert abs(best_by_screen(series, at, least, held) - exact) < 1e-9


def test_the_screen_is_exact_in_a_town_over_weeks_of_days() -> None:
    town = Town(sites=80)
    series = Series(SETTINGS, TODAY - 80)
    looked = 0
    for day in range(TODAY - 79, TODAY + 1):
        series.advance(day)
        for each in [*town.usual([day]), *town.usual([day - 2], 1.0, agency="fire")]:
            series.put(each)
            at = each.easting, each.northing
            exact = best_by_recount(series, at, frozenset())
            if day > TODAY - 10 and exact >= 2.5:
                looked += 1
                assert abs(best_by_screen(series, at, 2.5, frozenset()) - exact) < 1e-9
    assert looked > 10


def test_a_new_place_is_in_the_circles_of_its_neighbours_at_once() -> None:
    series = filled([case(f"r{n}", TODAY - 1 - n % 60) for n in range(300)])
    for n in range(4):
        series.put(case(f"new{n}", TODAY, (375_100 + 10 * n, 165_000)))
    at = (375_130, 165_000)
    centres = series.centres(at, 3.0, 4)
    circles = series.circles(at, centres)
    assert circles is not None
    found = scan_near(circles.counts, circles.zones, circles.site)
    assert found is not None
    assert found.observed == 4


def test_places_that_come_and_go_do_not_fill_the_memory() -> None:
    series = filled([case("stays")])
    for n in range(3_000):
        moved = case("moves", TODAY, (300_000 + 37 * n, 165_000))
        series.put(moved)
        series.remove(moved)
    assert len(series._tally.sites) < 1_000
    assert len(series) == 1


def test_circles_have_the_counts_of_the_whole_series() -> None:
    town = Town()
    series = filled(town.usual(range(TODAY - 69, TODAY + 1)))
    every, _ = series.counts()
    some = next(series.cases(TODAY - 6, TODAY))
    at = some.easting, some.northing
    circles = series.circles(at, series.centres(at, 0.1, 2))
    assert circles is not None
    assert_array_equal(circles.counts.by_lag, every.by_lag)
    assert circles.counts.total == every.total
    assert_array_equal(circles.counts.recent.sum(axis=0), every.recent.sum(axis=0))


def test_cases_are_in_order_of_days_and_keys() -> None:
    cases = Town().usual(range(TODAY - 20, TODAY))
    found = list(filled(cases[::-1]).cases(TODAY - 10, TODAY))
    assert all((a.day, a.key) < (b.day, b.key) for a, b in pairwise(found))


def test_counts_are_of_the_declared_shape() -> None:
    counts, points = filled([case("r")]).counts()
    assert isinstance(counts, Counts)
    assert (len(points), counts.recent.shape) == (1, (1, 7))
