from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanitiser.counts.noise import MOST, Cell
from sanitiser.counts.periods import MONTHS_IN, Period, Span
from sanitiser.counts.table import LEAST_SHOWN, CountTable, QuestionError, Row, shown
from tests.sanitiser.counts.planted import FIRST, TABLE, YEAR, District, question, records

SOME = records(a_month=60)
FEW = st.lists(st.sampled_from(SOME), max_size=120)
TIMES = st.sampled_from([*MONTHS_IN])
NAMES = st.sampled_from(["type", "ward", "domestic", "weekday"])


def cell(table: CountTable, row: str, column: str) -> int | None:
    found = next(each for each in table.rows if each.label == row)
    return found.counts[table.columns.index(column)]


@given(FEW, NAMES, TIMES)
@settings(max_examples=30)
def test_each_count_is_the_true_one_within_its_change_and_rounding(
    held: list[dict[str, Any]], rows: str, columns: str
) -> None:
    district = District(held)
    table = district.counter.answer(question(rows, columns))
    for row in table.rows:
        for period, count in zip(YEAR.each(columns), row.counts, strict=True):
            true = district.true(period, {rows: row.label})
            assert count is None or abs(count - true) <= MOST + 2


@given(FEW, NAMES)
@settings(max_examples=30)
def test_no_table_names_a_value_of_which_it_shows_no_count(
    held: list[dict[str, Any]], rows: str
) -> None:
    for table in (
        District(held).counter.answer(question(rows, "month")),
        District(held).counter.answer(question("month", rows)),
    ):
        named = table.rows if table.columns[:1] == ("2025-01",) else _turned(table)
        assert all(any(n is not None for n in (*row.counts, row.total)) for row in named)


def _turned(table: CountTable) -> list[Row]:
    counts = [tuple(row.counts[at] for row in table.rows) for at in range(len(table.columns))]
    return [
        Row(label, counts[at], table.totals.counts[at]) for at, label in enumerate(table.columns)
    ]


def test_a_cell_has_the_same_count_in_every_table() -> None:
    counter = District(records(a_month=600)).counter
    by_ward = counter.answer(question("ward", "quarter", only={"type": "type 0"}))
    by_type = counter.answer(question("quarter", "type", only={"ward": "7"}))
    turned = counter.answer(question("type", "quarter", only={"ward": "7"}))
    alone = counter.answer(question("ward", span=Span(FIRST, FIRST + 2), only={"type": "type 0"}))
    found = {
        cell(by_ward, "7", "2025-Q1"),
        cell(by_type, "2025-Q1", "type 0"),
        cell(turned, "type 0", "2025-Q1"),
        next(row.total for row in alone.rows if row.label == "7"),
    }
    assert len(found) == 1
    assert found != {None}


def test_totals_are_changed_on_their_own() -> None:
    district = District(records(a_month=600))
    table = district.counter.answer(question("ward", "month"))
    year = Period("year", FIRST)
    assert table.totals.total == district.seen(year, {})
    assert table.totals.counts[0] == district.seen(Period("month", FIRST), {})
    row = next(row for row in table.rows if row.label == "7")
    assert row.total == district.seen(year, {"ward": "7"})


@pytest.mark.parametrize("periods", [1, 2, 5, 12])
def test_a_count_of_nothing_is_never_shown_for_one_period_and_less_than_its_limit_for_none(
    periods: int,
) -> None:
    limit = LEAST_SHOWN * periods**0.5
    assert shown(MOST, 1) is None
    for changed in range(-20, 60):
        given = shown(changed, periods)
        assert (given is None) == (changed < limit)
        assert given is None or (given % 5 == 0 and abs(given - changed) <= 2)


def test_a_span_that_is_no_calendar_period_is_the_sum_of_those_that_make_it_up() -> None:
    district = District(records(a_month=600))
    span = Span(FIRST + 1, FIRST + 11)
    table = district.counter.answer(question("ward", span=span))
    values = {"ward": "7"}
    changed = sum(
        district.true(part, values) + district.noise.of(Cell(TABLE, part, values))
        for part in span.parts()
    )
    row = next(row for row in table.rows if row.label == "7")
    assert row.total == shown(changed, 5)


def test_what_is_not_known_has_a_row_of_its_own_at_the_end() -> None:
    held = [{**record, "ward": None} for record in SOME]
    table = District([*SOME, *held]).counter.answer(question("ward", "year"))
    assert table.rows[-1].label == "not known"
    assert table.rows[-1].counts[0] is not None


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"rows": "ward", "columns": "ward"}, "each dimension can be used once"),
        ({"rows": "ward", "only": {"ward": "7"}}, "each dimension can be used once"),
        ({"rows": "month", "columns": "year"}, "accepted: one unit of time"),
        (
            {"rows": "ward", "columns": "type", "only": {"weekday": "1"}},
            "accepted: one unit of time and 2 other dimensions",
        ),
        (
            {"rows": "month", "only": {"ward": "7", "type": "a", "weekday": "1"}},
            "accepted: one unit of time and 2 other dimensions",
        ),
    ],
)
def test_a_question_with_more_than_a_period_and_two_values_is_refused(
    asked: Mapping[str, Any], refusal: str
) -> None:
    with pytest.raises(QuestionError, match=refusal):
        question(**asked)
