"""Counts are stored when they are first counted, and a month is never counted again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors.hub.stored_counts import StoredCounts, countable
from isp.keys.errors import SecretError
from sanitiser.counts.periods import Span, month_label
from sanitiser.counts.table import Counts

TABLE = "central.police_incident"
DAY_MS = 86_400_000
NAMES = ("incident_type", "ward")


class Copy:
    """Counts each month as `number`, and notes which months it was asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: list[Span] = []

    def __call__(self, span: Span) -> Counts:
        self.asked.append(span)
        return {(m, ("noise", None)): self.number for m in range(span.first, span.last + 1)}


def stored(folder: Path, first: int, last: int) -> StoredCounts:
    return StoredCounts(folder, TABLE, Span(first, last))


def test_a_correction_changes_no_count_of_a_month_that_was_counted(tmp_path: Path) -> None:
    first, second = Copy(9), Copy(10)
    before = stored(tmp_path, 100, 102).of(NAMES, first)
    after = stored(tmp_path, 100, 102).of(NAMES, second)
    assert before == after
    assert second.asked == []


def test_a_month_that_has_settled_since_is_counted_alone(tmp_path: Path) -> None:
    stored(tmp_path, 100, 102).of(NAMES, Copy(9))
    later = Copy(10)
    found = stored(tmp_path, 100, 104).of(NAMES, later)
    assert later.asked == [Span(103, 104)]
    assert [found[month, ("noise", None)] for month in range(100, 105)] == [9, 9, 9, 10, 10]


def test_a_month_without_records_counts_as_counted(tmp_path: Path) -> None:
    assert stored(tmp_path, 100, 102).of(NAMES, lambda _: {}) == {}
    later = Copy(10)
    assert stored(tmp_path, 100, 102).of(NAMES, later) == {}
    assert later.asked == []


def test_the_counts_of_a_month_go_when_its_records_do(tmp_path: Path) -> None:
    stored(tmp_path, 100, 102).of(NAMES, Copy(9))
    later = stored(tmp_path, 102, 102).of(NAMES, Copy(10))
    assert later == {(102, ("noise", None)): 9}
    text = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert "100" not in text


def test_the_counts_of_another_question_go_as_well(tmp_path: Path) -> None:
    stored(tmp_path, 100, 102).of(("ward",), Copy(9))
    stored(tmp_path, 102, 102).of(NAMES, Copy(10))
    text = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert "100" not in text
    assert "101" not in text


def test_other_dimensions_and_tables_are_counted_on_their_own(tmp_path: Path) -> None:
    stored(tmp_path, 100, 100).of(NAMES, Copy(9))
    assert stored(tmp_path, 100, 100).of(("ward",), Copy(10)) == {(100, ("noise", None)): 10}
    other = StoredCounts(tmp_path, "second.police_incident", Span(100, 100))
    assert other.of(NAMES, Copy(11)) == {(100, ("noise", None)): 11}


def test_only_the_owner_may_read_the_stored_counts(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    counts = stored(folder, 100, 100)
    counts.of(NAMES, Copy(9))
    (file,) = folder.glob("*.json")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))
    file.chmod(0o644)
    with pytest.raises(SecretError, match="accepted: mode 0600"):
        counts.of(NAMES, Copy(9))


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 11, 28), "2026-09"),
        (date(2026, 11, 29), "2026-10"),
        (date(2026, 12, 28), "2026-10"),
        (date(2026, 12, 29), "2026-11"),
    ],
)
def test_a_month_can_be_counted_28_days_after_its_end(today: date, last: str) -> None:
    assert month_label(countable(today, 400 * DAY_MS).last) == last


def test_a_month_cannot_be_counted_once_records_of_it_may_be_deleted() -> None:
    months = countable(date(2026, 12, 31), 365 * DAY_MS)
    assert months.label == "2026-01 to 2026-11"
