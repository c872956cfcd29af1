"""The rows of the benchmark of dated state are of the size and number that it says."""

from __future__ import annotations

from tests.benchmarks.incident_rows import KEPT_DAYS, TODAY, derive, incident_rows


def test_every_row_has_about_150_bytes_and_four_derived_keys_of_its_own() -> None:
    rows = list(incident_rows(1_000))
    assert {len(value) for _, value in rows} == {144}
    assert len({key for key, _ in rows}) == 1_000
    derived = [each for key, value in rows for each in derive(key, value[4:])]
    assert len(set(derived)) == len(derived) == 4_000
    assert {len(each) for each in derived if each[:1] in b"hv"} == {29}


def test_no_row_has_expired() -> None:
    days = {int.from_bytes(value[:4]) for _, value in incident_rows(1_000)}
    assert max(days) == TODAY
    assert min(days) == TODAY - KEPT_DAYS + 1
