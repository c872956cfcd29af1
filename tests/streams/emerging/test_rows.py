"""The rows of the detector's state are read as they were written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import (
    CaseKey,
    Detection,
    Match,
    Problem,
    PValue,
    SeriesKey,
    Source,
    Stream,
)
from streams.emerging import rows
from streams.emerging.case_rows import RowError
from streams.emerging.rows import Mark, NullRow, ProblemRow

TEXT = st.text(max_size=12)
NUMBER = st.floats(0, 1e6)
STREAMS = st.builds(Stream, TEXT, TEXT)
KEYS = st.builds(CaseKey, STREAMS, TEXT)
SERIES = st.builds(
    SeriesKey, TEXT, st.lists(STREAMS, min_size=1, max_size=3).map(tuple), st.booleans()
)
P = st.builds(
    PValue, NUMBER, st.sampled_from(["monte-carlo", "gumbel", "tail"]), st.none() | NUMBER,
    st.none() | NUMBER, st.integers(0, 9_999),
)  # fmt: skip
DETECTIONS = st.builds(
    Detection,
    kind=st.sampled_from(["scan", "near-repeat", "farrington", "ears"]),
    series=SERIES,
    easting=st.integers(0, 700_000),
    northing=st.integers(0, 1_300_000),
    radius_m=NUMBER,
    first_day=st.integers(0, 40_000),
    last_day=st.integers(0, 40_000),
    observed=st.integers(0, 1_000),
    expected=NUMBER,
    statistic=NUMBER,
    p=P,
    looked=st.booleans(),
    cases=st.frozensets(KEYS, max_size=4),
    matches=st.lists(
        st.builds(Match, st.lists(KEYS, max_size=3).map(tuple), NUMBER), max_size=2
    ).map(tuple),
    evidence=st.dictionaries(TEXT, NUMBER, max_size=3),
    area=TEXT,
)
PROBLEMS = st.builds(
    Problem, st.binary(min_size=8, max_size=8), TEXT, DETECTIONS,
    st.sampled_from(["opened", "grown", "moved", "faded", "closed"]), st.integers(0, 40_000),
    st.integers(0, 40_000), st.integers(1, 99), st.frozensets(KEYS, max_size=5), TEXT,
)  # fmt: skip


@given(PROBLEMS, st.integers(0, 2**45), st.none() | st.integers(0, 40_000))
def test_a_problem_is_read_as_it_was_written(
    problem: Problem, opened_ms: int, closed: int | None
) -> None:
    row = ProblemRow(problem, opened_ms, closed)
    assert ProblemRow.read(row.to_bytes()) == row


@given(SERIES, st.integers(0, 40_000), st.integers(0, 10**6), st.binary(), st.booleans())
def test_distributions_are_read_as_they_were_written(
    series: SeriesKey, day: int, cases: int, look: bytes, is_whole: bool
) -> None:
    row = NullRow(series, day, cases, look, is_whole)
    assert NullRow.read(row.to_bytes()) == row


@given(SERIES, st.builds(Source, TEXT, TEXT), st.binary())
def test_series_and_sources_are_read_as_they_were_written(
    series: SeriesKey, source: Source, kept: bytes
) -> None:
    assert rows.read_series(rows.series_bytes(series)) == series
    assert rows.read_source(rows.source_bytes(source)) == source
    assert rows.read_supplied(rows.supplied_bytes(source, kept)) == (source, kept)


@given(st.integers(0, 10**9), st.integers(0, 40_000))
def test_a_mark_is_read_as_it_was_written(minute: int, weekly: int) -> None:
    mark = Mark(minute, weekly)
    assert Mark.read(mark.to_bytes()) == mark


@given(st.binary(max_size=60))
@pytest.mark.parametrize(
    "read",
    [ProblemRow.read, NullRow.read, rows.read_series, rows.read_source, rows.read_supplied],
)
def test_a_row_of_another_release_is_told_and_nothing_else_is_raised(
    read: Callable[[bytes], object], row: bytes
) -> None:
    with suppress(RowError):
        read(row)


def test_no_two_kinds_of_rows_begin_alike() -> None:
    kinds = [
        rows.CASE, rows.PROBLEM, rows.NULL, rows.MARK, rows.WAITING, rows.HELD, rows.SUPPLIED,
        rows.CALIBRATION, b"t",
    ]  # fmt: skip
    assert len(set(kinds)) == len(kinds)
