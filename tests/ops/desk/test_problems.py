"""Emerging problems are laid out so that an analyst sees what is strong, growing, provisional or over."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import RenderableType

from connectors.emerging.picture import Picture
from ops.desk.problem_page import tables
from ops.desk.problems import bars, details
from ops.screen import Screen
from tests.connectors.emerging.messages import (
    ONE,
    THREE,
    TWO,
    picture_of,
    received,
)


def printed(what: RenderableType, width: int = 120) -> str:
    paper = io.StringIO()
    Screen(file=paper, width=width).print(what)
    return paper.getvalue()


def of(picture: Picture, width: int = 120) -> list[str]:
    return [" ".join(line.split()) for line in printed(tables(picture), width).splitlines()]


GROWN = picture_of(
    received(observed=4), received(version=2, status="grown", observed=6, provisional=True)
)


def test_an_open_problem_says_what_where_since_how_many_how_sure_and_how_it_grew() -> None:
    text = " ".join(of(GROWN))
    for said in (
        ONE, "deliberate-fire", "27 Nov", "0.4", "▅█", "4 to 6", "0.0002", "scan",
        "1 in 714 days", "0.40 a year", "grown", "provisional",
    ):  # fmt: skip
        assert said in text


def test_an_ended_problem_says_how_it_ended() -> None:
    closed = received(version=2, status="closed", ended="corrected", observed=3)
    text = " ".join(of(picture_of(received(observed=4), closed)))
    assert "How the others ended" in text
    assert "corrected" in text
    assert "29 Nov 15:00" in text
    assert "Open problems" not in text


def test_alarms_that_were_not_measured_are_said_to_be_so() -> None:
    assert "not measured" in " ".join(of(picture_of(received(alarms_per_year=None))))


def test_replays_without_an_alarm_are_said_with_their_years_and_not_as_never() -> None:
    text = " ".join(of(picture_of(received(alarms_per_year=0.0, replayed_years=12.0))))
    assert "none in 12 years" in text
    assert "0.00 a year" not in text


def test_without_problems_the_page_says_so_and_unreadable_findings_are_counted() -> None:
    assert of(Picture()) == ["no emerging problems"]
    assert "cannot read: 1" in " ".join(of(Picture(unreadable={ONE})))


def test_what_and_where_are_there_at_80_columns() -> None:
    text = printed(tables(picture_of(
        received(ONE, provisional=True, alarms_per_year=None, recurrence_interval_all_days=1e9),
        received(TWO, status="closed", ended="corrected"),
    )), 80)  # fmt: skip
    for said in ("what and where", "deliberate-fire", "BA1", "27 Nov to 29 Nov", "1 in 100+ years",
                 "not measured", "observed", "expected"):  # fmt: skip
        assert said in text


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_an_id_is_never_broken_so_that_it_can_be_copied(width: int) -> None:
    picture = picture_of(
        received(ONE, status="moved", provisional=True, recurrence_interval_all_days=36_000.0),
        received(TWO, status="closed", ended="corrected"),
    )
    text = printed(tables(picture), width)
    assert ONE in text
    assert TWO in text
    assert "…" not in text


def test_no_text_from_others_controls_the_terminal() -> None:
    hostile = "[red]x\x1b[2J\u202e"
    (history,) = picture_of(received(what=hostile, streets=[hostile], words=hostile)).open()
    text = printed(tables(picture_of(received(what=hostile, streets=[hostile]))), 200)
    assert "[red]x\\u001b[2J\\u202e" in text
    assert "\x1b" not in text
    assert hostile in "\n".join(details(history))  # `say` makes it visible


def test_bars_are_as_high_as_the_counts() -> None:
    assert bars((4, 8)) == "▄█"
    assert bars((0, 0)) == "▁▁"
    assert bars(()) == ""


def test_details_name_both_p_values_and_which_was_used() -> None:
    text = "\n".join(details(GROWN.open()[0]))
    assert "Monte Carlo 0.001, Gumbel 0.0002, used: gumbel, 999 replicates" in text
    assert "once in 714 days over all 7 series, once in 5,000 days in this one" in text


def test_details_name_sources_shared_events_records_and_versions() -> None:
    same = [{"records": ["a" * 32, "b" * 32], "confidence": 0.97}]
    away = [{
        "agency": "fire", "dataset": "fire-incident", "cases": 6, "missing_days": 2,
        "newest_day": None, "completeness": None,
    }]  # fmt: skip
    (history,) = picture_of(received(THREE, same_events=same, sources=away)).open()
    text = "\n".join(details(history))
    assert f"one event, counted once: {'a' * 32}, {'b' * 32} (97% sure)" in text
    assert "newest day unknown, completeness unknown, days without a supply, taken out: 2" in text
    assert f"fire-incident {'a' * 32} (joined with this version)" in text
    assert "1 29 Nov 15:00 opened: 6 of 0.4 expected" in text


def test_a_tail_has_no_replicates() -> None:
    tail = received(
        kind="farrington", p_method="tail", p_monte_carlo=None, p_gumbel=None, replicates=0,
        since=date(2026, 11, 23), evidence={"upper_limit": 7.25},
    )  # fmt: skip
    text = "\n".join(details(picture_of(tail).open()[0]))
    assert "used: tail\n" in text
    assert "upper limit 7.25" in text
