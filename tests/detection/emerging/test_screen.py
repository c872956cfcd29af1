"""The screen: whether it was made with the first case or from all cases at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Case
from detection.emerging.series import Series
from tests.detection.emerging.test_series import SETTINGS, many_cases
from tests.detection.emerging.towns import TODAY

NOWHERE = (0, 0)


def centres_of(cases: list[Case], first_look: int, days: int, least: float) -> list[list[int]]:
    """Return the centres at each case after all were put, if the screen was made before one of them."""
    series = Series(SETTINGS, TODAY - days)
    for number, each in enumerate(cases):
        if number == first_look:
            series.centres(NOWHERE, least, 2)
        series.put(each)
    series.advance(TODAY)
    return [series.centres((each.easting, each.northing), least, 2).tolist() for each in cases]


@given(many_cases(), st.integers(0, 30), st.integers(0, 10), st.floats(0.5, 6))
def test_a_screen_made_late_lets_through_the_same_circles(
    cases: list[Case], first_look: int, days: int, least: float
) -> None:
    early = centres_of(cases, 0, days, least)
    assert centres_of(cases, first_look, days, least) == early


def test_a_screen_of_no_case_lets_nothing_through() -> None:
    assert Series(SETTINGS, TODAY).centres(NOWHERE, 1.0, 2).tolist() == []
