"""False alarms are measured from the history in the state, after everything else, every four weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.calibration import Calibration
from detection.emerging.catalogue import Catalogue
from detection.emerging.facts import Case, SeriesKey, Stream
from detection.emerging.replays import History
from detection.emerging.settings import Settings, Watch
from streams.emerging import calibrating
from streams.emerging.histories import Histories
from tests.streams.emerging.desk import Desk

STREAM, OTHER = Stream("police-incident", "central"), Stream("council-asb", "central")
SETTINGS = Settings(
    watches=(
        Watch("council", frozenset({STREAM, OTHER})),
        Watch("fire", frozenset({OTHER})),
    )
)
CASES = st.builds(
    Case,
    st.uuids().map(str),
    st.sampled_from([STREAM, OTHER]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["fight", "noise"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(20_000, 20_030),
)


def of_series(history: History) -> set[tuple[int, ...]]:
    """Return each case by place, day and the first case of its stratum."""
    first = {s: int(np.flatnonzero(history.stratum == s)[0]) for s in range(history.strata)}
    return {
        (*map(int, history.points[site]), int(day), first[int(stratum)], number)
        for number, (site, day, stratum) in enumerate(
            zip(history.site, history.day, history.stratum, strict=True)
        )
    }


@given(st.lists(CASES, max_size=30))
def test_the_histories_are_those_of_the_cases(cases: Sequence[Case]) -> None:
    made = Histories(Catalogue(SETTINGS), 0)
    for case in cases:
        made.add(case)
    for recipient, streams in (("council", {STREAM, OTHER}), ("fire", {OTHER})):
        keys = sorted({(c.type, (c.stream,)) for c in cases if c.stream in streams})
        found = made.of(recipient, SETTINGS.study_days)
        assert [(h.series.name, h.series.streams) for h in found] == keys
        for history, (name, own) in zip(found, keys, strict=True):
            members = [c for c in cases if (c.type, (c.stream,)) == (name, own)]
            expected = History.of(SeriesKey(name, own), members, SETTINGS.study_days)
            assert history.points.tolist() == expected.points.tolist()
            assert history.strata == expected.strata
            assert len(of_series(history)) == len(members)
            assert sorted(history.day.tolist()) == sorted(c.day for c in members)


def test_days_before_the_first_day_are_left_out() -> None:
    made = Histories(Catalogue(SETTINGS), 100)
    assert made.days() == 0
    for day in (99, 100, 109):
        made.add(Case("r", STREAM, "a", "fight", 0, 0, day))
    assert made.days() == 10


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have a measurement find two alarms in four years; the numbers of the series measured so far."""
    known: list[int] = []

    def measure(histories: Sequence[History], *_: object) -> Calibration:
        known.append(len(histories))
        return Calibration(4.0, {30: 8, 365: 2})

    monkeypatch.setattr(calibrating, "measure", measure)
    return known


def send_history(desk: Desk) -> None:
    for days in range(0, 230, 10):
        day = desk.today - timedelta(days)
        desk.send(desk.message(f"h{days}", incident_date=day, location_easting=370_000 + days))


def test_findings_carry_the_measured_alarms_a_year_once_there_is_enough_history(
    desk: Desk, measured: list[int]
) -> None:
    desk.later(hours=1)
    assert measured == []
    send_history(desk)
    for _ in range(20):
        desk.later(hours=1)
    assert len(measured) == len(desk.protocol.alerts.emerging.recipients)  # type: ignore[union-attr]
    desk.send(*(desk.message(record) for record in "abcd"))
    finding = desk.finding()
    assert (finding["alarms_per_year"], finding["replayed_years"]) == (0.5, 4.0)
    assert "not measured" not in finding["words"]


def test_a_measurement_that_fails_leaves_the_one_before(
    desk: Desk, measured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    send_history(desk)
    for _ in range(20):
        desk.later(hours=1)
    assert measured
    memory = desk.detector._parts.memory
    day = memory.calibrated_on("council")
    monkeypatch.setattr(calibrating, "measure", lambda *_: None)
    for _ in range(70):
        desk.later(hours=12)
    desk.restart()
    memory = desk.detector._parts.memory
    assert memory.calibrated_on("council") > day
    assert memory.measured("council", 365) == (0.5, 4.0)


def test_it_is_measured_again_after_four_weeks_and_not_before(
    desk: Desk, measured: list[int]
) -> None:
    send_history(desk)
    for _ in range(20):
        desk.later(hours=1)
    known = len(measured)
    for _ in range(20):
        desk.later(days=1)
    assert len(measured) == known
    desk.restart()
    for _ in range(30):
        desk.later(hours=12)
    assert len(measured) == 2 * known
