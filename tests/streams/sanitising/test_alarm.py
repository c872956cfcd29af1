"""The reject alarm: a share over a full window, for each supply agreement by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp.agreement.protocol import Protocol, RejectLimit
from streams.messages import Tally
from streams.sanitising.alarm import RejectAlarm, RejectWindow


def window() -> RejectWindow:
    return RejectWindow(RejectLimit(share=0.2, window=100))


def test_nothing_alarms_before_a_window_is_full() -> None:
    shares = window()
    assert [shares.add(33, 33) for _ in range(3)] == [False, False, False]
    assert shares.add(1, 0) is True


def test_the_limit_itself_does_not_alarm() -> None:
    assert window().add(100, 20) is False
    assert window().add(100, 21) is True


def test_the_alarm_ends_when_good_records_have_filled_the_window() -> None:
    shares = window()
    assert shares.add(100, 100) is True
    assert shares.add(50, 0) is True
    assert shares.add(50, 0) is False


def test_a_batch_larger_than_the_window_counts_whole() -> None:
    shares = window()
    assert shares.add(1_000, 150) is False
    assert shares.add(1_000, 250) is True


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=40))
def test_the_share_is_that_of_the_fewest_newest_batches_that_fill_the_window(
    batches: list[tuple[int, int]],
) -> None:
    shares = window()
    counted = [(received, min(received, rejected)) for received, rejected in batches]
    answers = [shares.add(*batch) for batch in counted]
    total = rejects = 0
    for received, rejected in reversed(counted):
        total, rejects = total + received, rejects + rejected
        if total >= 100:
            break
    assert answers[-1] is (total >= 100 and rejects > 0.2 * total)


@pytest.fixture
def alarm(protocol: Protocol) -> RejectAlarm:
    return RejectAlarm(protocol)


def tally(dataset: str, received: int, rejected: int, supply: str | None = None) -> Tally:
    return Tally("police", dataset, supply, received=received, rejected=rejected)


def test_each_dataset_has_a_window_of_its_own(alarm: RejectAlarm) -> None:
    assert alarm(tally("police-incident", 500, 500)) is True
    assert alarm(tally("police-crime-offence", 500, 0)) is False


def test_the_supplies_of_a_dataset_share_its_window(alarm: RejectAlarm) -> None:
    assert alarm(tally("police-incident", 499, 499, "a")) is False
    assert alarm(tally("police-incident", 1, 0, "b")) is True
