"""The live page of a duty desk in a terminal, with Textual.

Content is hidden until it is asked for, and hidden again after a minute. Everything that comes from others is
shown as it is: no text is read as markup, and none can control the terminal.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from rich.traceback import Traceback
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key
from textual.widgets import DataTable, Footer, Static

from connectors.alerts.picture import Alert, Change, Picture
from connectors.received import Received
from connectors.topic_feed import Feed, Link
from ops.desk.content_text import content_lines
from ops.desk.rows import TITLES, Line, clock, line
from ops.exit_codes import exit_code
from schemas.plain_text import visible

HIDE_AFTER_S = 60.0
_POLL_S = 0.5
_LOOK_EVERY_S = 2.0
_TICK_S = 1.0
_NOTES = 3
_MOVES = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})


class Sources(NamedTuple):
    """The edges of the page.

    `content` returns the content of an alert. `acknowledge` acknowledges one and returns the time; it is
    None for those who do not acknowledge. `link` asks whether the broker answers. `retention` is that of
    the topic. `seconds` is a clock that never jumps.
    """

    feed: Feed
    content: Callable[[Alert], Mapping[str, Any]]
    acknowledge: Callable[[Alert], datetime] | None
    link: Callable[[], Link]
    retention: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic


class DeskPage(App[Exception]):
    """The page of one recipient. It ends with an error if the alerts cannot be followed any more."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #status { height: auto; padding: 0 1; background: $panel; }
    #alerts { height: 1fr; }
    #content { height: auto; max-height: 50%; padding: 0 1; border-top: solid $accent; display: none; }
    #notes { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "show_or_hide", "show or hide"),
        Binding("a", "acknowledge", "acknowledge"),
        Binding("q", "quit", "end"),
    ]

    def __init__(self, title: str, sources: Sources) -> None:
        """Take the name of the recipient, and the edges."""
        super().__init__()
        self._title = title
        self._from = sources
        self._picture = Picture()
        self._link: Link | None = None
        self._sent: dict[str, datetime] = {}
        self._shown: str | None = None
        self._hide_at = 0.0
        self._lines: list[Line] = []
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self._status = Static(id="status", markup=False)
        self._table = DataTable[Text](id="alerts", cursor_type="row", zebra_stripes=True)
        self._content = VerticalScroll(id="content")
        self._text = Static(id="text", markup=False)
        self._noted = Static(id="notes", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        yield self._status
        yield self._table
        with self._content:
            yield self._text
        yield self._noted
        yield Footer()

    def on_mount(self) -> None:
        """Begin to follow the alerts."""
        self._table.add_columns(*(Text(title) for title in TITLES))
        self._table.focus()
        self._draw()
        self.run_worker(self._follow(), group="feed")
        self.run_worker(self._look(), group="link")
        self.set_interval(_TICK_S, self._draw)

    def on_key(self, event: Key) -> None:
        """Choose an alert again after the chosen one has disappeared."""
        if event.key in _MOVES and self._table.cursor_type == "none":
            self._table.cursor_type = "row"
            event.stop()

    def on_data_table_row_selected(self, _event: DataTable.RowSelected) -> None:
        """Show or hide the content of the chosen alert."""
        self.action_show_or_hide()

    def action_show_or_hide(self) -> None:
        """Show the content of the chosen alert, or hide it if it is shown."""
        alert = self._chosen()
        if alert is None:
            return
        if self._shown == alert.id:
            self._hide()
        else:
            self._hide()
            self._shown = alert.id
            self._hide_at = self._from.seconds() + HIDE_AFTER_S
            self.run_worker(self._open(alert), group="content", exclusive=True)

    def action_acknowledge(self) -> None:
        """Acknowledge the chosen alert."""
        alert = self._chosen()
        if alert is None:
            return
        if self._from.acknowledge is None:
            self._note("a conflict officer's alerts are not acknowledged")
        elif alert.acknowledged or alert.id in self._sent:
            self._note(f"alert {alert.id} is acknowledged already")
        else:
            self.run_worker(self._acknowledge(alert, self._from.acknowledge), group="acknowledge")

    async def _follow(self) -> None:
        feed = self._from.feed
        try:
            while True:
                self._take(await asyncio.to_thread(feed.advance, _POLL_S))
        except Exception as error:
            if exit_code(error) is None:
                raise
            self.exit(error)

    async def _look(self) -> None:
        while True:
            self._link = await asyncio.to_thread(self._from.link)
            self._draw_status()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _open(self, alert: Alert) -> None:
        try:
            content = await asyncio.to_thread(self._from.content, alert)
        except Exception as error:
            self._hide()
            if exit_code(error) is None:
                raise
            self._note(str(error))
            return
        if self._shown == alert.id:
            heading = f"alert {alert.id}, version {alert.version}"
            self._text.update(_plain([heading, *content_lines(content)]))
            self._content.display = True
            self._hide_at = self._from.seconds() + HIDE_AFTER_S

    async def _acknowledge(self, alert: Alert, acknowledge: Callable[[Alert], datetime]) -> None:
        # Before the answer, so that a second key does not acknowledge twice.
        self._sent[alert.id] = self._from.now()
        try:
            self._sent[alert.id] = await asyncio.to_thread(acknowledge, alert)
        except Exception as error:
            del self._sent[alert.id]
            if exit_code(error) is None:
                raise
            self._note(str(error))
        else:
            self._note(f"alert {alert.id} was acknowledged")
        self._draw()

    def _take(self, received: Iterable[Received]) -> None:
        is_whole = self._from.feed.is_whole
        for change in (Change.of(one) for one in received):
            if self._picture.take(change) and is_whole:
                self._note(f"alert {change.id} was withdrawn, {clock(change.at)}")
            if self._shown == change.id:
                # What is shown is not the newest version any more.
                self._hide()
        self._draw()

    def _draw(self) -> None:
        now = self._from.now()
        self._picture.expire(now - self._from.retention)
        is_gone = self._shown is not None and self._shown not in self._picture.alerts
        if is_gone or self._from.seconds() >= self._hide_at:
            self._hide()
        self._draw_status()
        lines = [line(alert, now, self._sent) for alert in self._picture.ranked()]
        if lines != self._lines:
            self._fill(lines)

    def _fill(self, lines: list[Line]) -> None:
        chosen, table = self._chosen_id(), self._table
        self._lines = lines
        table.clear()
        for each in lines:
            cells = (Text(visible(cell), style=each.style, no_wrap=True) for cell in each.cells)
            table.add_row(*cells, key=each.alert)
        places = [place for place, each in enumerate(lines) if each.alert == chosen]
        if places:
            table.move_cursor(row=places[0])
        elif chosen is not None and lines:
            # Else the next key would act on another alert than the one that was chosen.
            table.cursor_type = "none"

    def _draw_status(self) -> None:
        alerts = self._picture.alerts.values()
        waiting = sum(a.acknowledged is None and a.id not in self._sent for a in alerts)
        said = [f"{self._title}: {len(alerts)} alerts, {waiting} to acknowledge"]
        link = self._link
        if link is not None:
            since = clock(link.since)
            said.append(
                f"connected since {since}"
                if link.is_up
                else f"NOT CONNECTED since {since}: newer alerts are not shown"
            )
        if not self._from.feed.is_whole:
            said.append("reading")
        if unreadable := len(self._picture.unreadable):
            said.append(f"{unreadable} that this release cannot read")
        style = "bold red" if link is not None and not link.is_up else ""
        self._status.update(_plain([" | ".join(said)], style))

    def _hide(self) -> None:
        self._shown = None
        self._text.update("")
        self._content.display = False

    def _chosen_id(self) -> str | None:
        row = self._table.cursor_row
        if self._table.cursor_type == "none" or not 0 <= row < len(self._lines):
            return None
        return self._lines[row].alert

    def _chosen(self) -> Alert | None:
        chosen = self._chosen_id()
        return None if chosen is None else self._picture.alerts.get(chosen)

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._noted.update(_plain(self._notes))

    def _fatal_error(self) -> None:
        """End after a fault of the program. Textual's own method prints local variables, such as content."""
        self._exit_renderables.append(Traceback(show_locals=False))
        self._close_messages_no_wait()


def _plain(lines: Iterable[str], style: str = "") -> Text:
    return Text("\n".join(map(visible, lines)), style=style)
