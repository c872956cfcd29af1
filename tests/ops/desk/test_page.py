"""The live page: urgent first, content hidden until asked for, nothing lost, nothing acted on by mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.text import Text
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from connectors.alerts.picture import Alert
from connectors.errors import AlertError, UnavailableError
from connectors.received import Received
from connectors.topic_feed import Link
from isp.cases.errors import DisclosureError
from ops.desk.page import DeskPage, Sources
from tests.connectors.alerts.messages import (
    HOUR,
    NOW,
    ONE,
    THREE,
    TWO,
    ListFeed,
    content,
    received,
    withdrawn,
)

SECRET = "01632 960001"


@dataclass
class Desk:
    """The edges of the page: a feed, what it is given, and what it did."""

    feed: ListFeed
    now: datetime = NOW
    seconds: float = 0.0
    may_acknowledge: bool = True
    link: Link = field(default_factory=lambda: Link(True, NOW))
    opened: list[str] = field(default_factory=list)
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    failure: Exception | None = None
    words: Mapping[str, Any] = field(default_factory=content)

    def page(self) -> DeskPage:
        sources = Sources(
            self.feed,
            self.open,
            self.acknowledge if self.may_acknowledge else None,
            lambda: self.link,
            timedelta(days=28),
            lambda: self.now,
            lambda: self.seconds,
        )
        return DeskPage("council", sources)

    def open(self, alert: Alert) -> Mapping[str, Any]:
        if self.failure is not None:
            raise self.failure
        self.opened.append(alert.id)
        return self.words

    def acknowledge(self, alert: Alert) -> datetime:
        if self.failure is not None:
            raise self.failure
        self.acknowledged.append((alert.id, alert.version))
        return self.now


class View:
    """A person at the page, who sees and types."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot = pilot
        self.page = pilot.app

    @property
    def table(self) -> DataTable[Text]:
        return self.page.query_one("#alerts", DataTable)

    @property
    def rows(self) -> list[list[str]]:
        return [[str(cell) for cell in self.table.get_row_at(at)] for at in range(self.count)]

    @property
    def count(self) -> int:
        return self.table.row_count

    @property
    def ids(self) -> list[str]:
        return [row[3] for row in self.rows]

    @property
    def chosen(self) -> str | None:
        if self.table.cursor_type == "none":
            return None
        return self.ids[self.table.cursor_row]

    def text(self, name: str) -> str:
        return str(self.page.query_one(f"#{name}", Static).render())

    @property
    def content(self) -> str:
        shown = self.page.query_one("#content", VerticalScroll).display
        return self.text("text") if shown else ""

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                await self.pilot.pause(0.005)


def at_the_page(desk: Desk, steps: Callable[[View], Awaitable[None]]) -> DeskPage:
    """Run the page, and do the steps at it."""
    page = desk.page()

    async def run() -> None:
        async with page.run_test(size=(140, 40)) as pilot:
            await steps(View(pilot))

    asyncio.run(run())
    return page


def test_unacknowledged_and_urgent_alerts_are_first() -> None:
    feed = ListFeed(
        [received(ONE, rank=3), received(TWO, rank=0), received(THREE, acknowledged=NOW)]
    )

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 3)
        assert view.ids == [TWO, ONE, THREE]
        assert "3 alerts, 2 to acknowledge" in view.text("status")

    at_the_page(Desk(feed), steps)


def test_content_is_hidden_until_it_is_asked_for_and_hidden_again_by_the_same_key() -> None:
    desk = Desk(ListFeed([received()]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        assert desk.opened == []
        assert view.content == ""
        await view.press("enter")
        await view.until(lambda: SECRET in view.content)
        await view.press("enter")
        assert view.content == ""
        assert SECRET not in view.text("text")
        assert desk.opened == [ONE]

    at_the_page(desk, steps)


def test_content_is_hidden_by_itself_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.desk.page._TICK_S", 0.01)
    desk = Desk(ListFeed([received()]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("enter")
        await view.until(lambda: SECRET in view.content)
        desk.seconds = 59.0
        await view.pilot.pause(0.05)
        assert SECRET in view.content
        desk.seconds = 60.0
        await view.until(lambda: view.content == "")
        assert SECRET not in view.text("text")

    at_the_page(desk, steps)


@pytest.mark.parametrize("change", [withdrawn(), received(version=2)], ids=["withdrawn", "changed"])
def test_content_that_is_not_the_newest_any_more_is_hidden(change: Received) -> None:
    desk = Desk(ListFeed([received()]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("enter")
        await view.until(lambda: SECRET in view.content)
        desk.feed.put(change)
        await view.until(lambda: view.content == "")

    at_the_page(desk, steps)


def test_a_new_alert_does_not_change_which_one_is_chosen() -> None:
    desk = Desk(ListFeed([received(ONE), received(THREE, raised=NOW + HOUR)]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 2)
        assert view.chosen == ONE
        desk.feed.put(received(TWO, rank=0))
        await view.until(lambda: view.count == 3)
        assert view.ids[0] == TWO
        assert view.chosen == ONE
        await view.press("a")
        await view.until(lambda: desk.acknowledged == [(ONE, 1)])

    at_the_page(desk, steps)


def test_a_withdrawn_alert_disappears_with_a_note_and_no_key_acts_on_its_neighbour() -> None:
    desk = Desk(ListFeed([received(ONE), received(TWO, raised=NOW + HOUR)]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 2)
        desk.feed.put(withdrawn(ONE))
        await view.until(lambda: view.count == 1)
        assert f"alert {ONE} was withdrawn" in view.text("notes")
        assert view.chosen is None
        await view.press("a", "enter")
        assert desk.acknowledged == []
        assert desk.opened == []
        await view.press("down")
        assert view.chosen == TWO
        await view.press("a")
        await view.until(lambda: desk.acknowledged == [(TWO, 1)])

    at_the_page(desk, steps)


def test_an_alert_is_acknowledged_once_and_shown_so_before_the_answer_of_the_agent() -> None:
    desk = Desk(ListFeed([received(version=4)]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("a", "a")
        await view.until(lambda: view.rows[0][0].startswith("done"))
        await view.press("a")
        await view.until(lambda: "acknowledged already" in view.text("notes"))
        assert desk.acknowledged == [(ONE, 4)]
        assert "0 to acknowledge" in view.text("status")

    at_the_page(desk, steps)


def test_a_refused_acknowledgement_is_told_and_the_alert_waits_again() -> None:
    desk = Desk(ListFeed([received()]), failure=AlertError("banes.council: no answer"))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("a")
        await view.until(lambda: "no answer" in view.text("notes"))
        assert view.rows[0][0].startswith("within")

    at_the_page(desk, steps)


def test_a_conflict_officer_acknowledges_nothing() -> None:
    desk = Desk(ListFeed([received()]), may_acknowledge=False)

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("a")
        await view.until(lambda: "not acknowledged" in view.text("notes"))

    at_the_page(desk, steps)


def test_content_that_cannot_be_decrypted_is_told_and_nothing_is_shown() -> None:
    desk = Desk(ListFeed([received()]), failure=DisclosureError("case cc is closed"))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("enter")
        await view.until(lambda: "case cc is closed" in view.text("notes"))
        assert view.content == ""

    at_the_page(desk, steps)


def test_the_page_says_since_when_it_is_not_connected_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ops.desk.page._LOOK_EVERY_S", 0.01)
    desk = Desk(ListFeed([received(ONE)]))

    async def steps(view: View) -> None:
        await view.until(lambda: "connected since 29 Nov 15:00" in view.text("status"))
        desk.link = Link(False, NOW + HOUR)
        await view.until(lambda: "NOT CONNECTED since 29 Nov 16:00" in view.text("status"))
        desk.link = Link(True, NOW + 2 * HOUR)
        desk.feed.put(received(TWO))
        await view.until(
            lambda: view.count == 2 and "connected since 29 Nov 17" in view.text("status")
        )

    at_the_page(desk, steps)


def test_text_from_others_is_shown_as_it_is_and_controls_nothing() -> None:
    hostile = "[red]x[/red]\x1b[2J\u202e"
    unreadable = Received(TWO, None, NOW, is_readable=False)
    desk = Desk(ListFeed([received(level=hostile), unreadable]), words={"level": hostile})

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        assert view.rows[0][1] == "[red]x[/red]\\u001b[2J\\u202e"
        assert "1 that this release cannot read" in view.text("status")
        await view.press("enter")
        await view.until(lambda: view.content != "")
        assert "[red]x[/red]\\u001b[2J\\u202e" in view.content

    at_the_page(desk, steps)


def test_an_alert_that_is_not_retained_any_more_leaves_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ops.desk.page._TICK_S", 0.01)
    desk = Desk(ListFeed([received()]))

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        desk.now = NOW + timedelta(days=29)
        await view.until(lambda: view.count == 0)

    at_the_page(desk, steps)


def test_a_fault_of_the_program_ends_the_page_and_prints_no_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Faulty(dict[str, Any]):
        def keys(self) -> Any:
            secret = SECRET
            raise ZeroDivisionError(len(secret))

    desk = Desk(ListFeed([received()]), words=Faulty())

    async def steps(view: View) -> None:
        await view.until(lambda: view.count == 1)
        await view.press("enter")
        await view.until(lambda: view.page._exception is not None)

    with pytest.raises(Exception, match="ZeroDivisionError"):
        at_the_page(desk, steps)
    printed = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in printed
    assert SECRET not in printed


def test_the_page_ends_with_the_error_if_it_cannot_follow_any_more() -> None:
    class Refused(ListFeed):
        def advance(self, seconds: float) -> list[Received]:
            raise UnavailableError("banes.council: denied")

    async def steps(view: View) -> None:
        await view.until(lambda: not view.page.is_running or view.page.return_value is not None)

    page = at_the_page(Desk(Refused()), steps)
    assert str(page.return_value) == "banes.council: denied"


def test_q_ends_the_page() -> None:
    async def steps(view: View) -> None:
        await view.press("q")

    assert at_the_page(Desk(ListFeed([received()])), steps).return_value is None
