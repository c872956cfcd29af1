"""The demo's duty desk waits for the change that it needs, and misses none."""

from __future__ import annotations

import pytest

from demo.alerts import DemoError, Desk
from tests.connectors.alerts.messages import ONE, TWO, ListFeed, received, withdrawn


def test_changes_that_arrive_together_are_taken_one_by_one() -> None:
    desk = Desk(
        ListFeed([received(ONE), received(TWO)], [received(ONE, version=2), withdrawn(ONE)])
    )
    assert desk.await_alert(lambda a: a.id == ONE, "the first").version == 1
    assert desk.await_alert(lambda a: a.id == TWO, "the second").version == 1
    assert desk.await_alert(lambda a: a.version == 2, "the update").id == ONE
    assert desk.await_change(lambda c: c.is_withdrawal, "the withdrawal").id == ONE


def test_a_change_that_does_not_come_ends_the_demo_and_says_which() -> None:
    desk = Desk(ListFeed([received(ONE)]), patience_s=0.01)
    with pytest.raises(DemoError, match="the withdrawal did not come"):
        desk.await_change(lambda c: c.is_withdrawal, "the withdrawal")
