"""The live page follows the topic, and says when it is not connected."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest

from connectors.received import Received
from connectors.topic_feed import Link
from ops.desk.problem_page import ProblemPage
from ops.screen import Screen
from tests.connectors.alerts.messages import ListFeed
from tests.connectors.emerging.messages import DAY, NOW, ONE, TWO, received, taken_back

UP = Link(is_up=True, since=NOW)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 0.0


def page(*batches: list[Received], clock: Clock | None = None, link: Link = UP) -> ProblemPage:
    clock = clock or Clock()

    def now() -> datetime:
        return clock.now

    return ProblemPage(
        "council", ListFeed(*batches), lambda: link, timedelta(days=90), now, lambda: clock.seconds
    )


def shown(drawn: ProblemPage) -> str:
    paper = io.StringIO()
    Screen(file=paper, width=140).print(drawn.drawn())
    return paper.getvalue()


def test_what_arrives_is_shown_and_what_is_taken_back_disappears() -> None:
    live = page([received(ONE), received(TWO)], [taken_back(ONE)])
    assert "reading" in shown(live)
    live.advance()
    assert "open problems: 2, ended: 0" in shown(live)
    assert "reading" not in shown(live)
    live.advance()
    assert ONE not in shown(live)
    assert TWO in shown(live)


def test_a_lost_connection_is_said_with_its_time() -> None:
    live = page([received(ONE)], link=Link(is_up=False, since=NOW))
    live.advance()
    assert "NOT CONNECTED since 29 Nov 15:00: newer findings are not shown" in shown(live)


def test_a_problem_that_the_topic_does_not_retain_is_not_shown() -> None:
    clock = Clock()
    live = page([received(ONE)], [], clock=clock)
    live.advance()
    clock.now = NOW + 91 * DAY
    live.advance()
    assert ONE not in shown(live)


def test_ctrl_c_ends_the_page_and_gives_the_terminal_back(monkeypatch: pytest.MonkeyPatch) -> None:
    live = page([received(ONE)])
    paper = io.StringIO()

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProblemPage, "advance", lambda _self: interrupted())
    live.run(Screen(file=paper, width=140, force_terminal=True))
    assert paper.getvalue().endswith("\x1b[?25h\x1b[?1049l")
