"""The live page of emerging problems in a terminal, with rich. It only shows, and takes no keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.text import Text

from connectors.emerging.picture import Change, Picture
from connectors.topic_feed import Feed, Link
from ops.desk.problems import ended_table, open_table
from ops.desk.rows import clock
from ops.screen import Screen

_POLL_S = 0.5
_LOOK_EVERY_S = 2.0
_WIDE = 110
"""Screens of fewer columns have the narrow tables."""


@dataclass(slots=True)
class ProblemPage:
    """The page of one recipient. `link` asks whether the broker answers; `retention` is that of the topic."""

    party: str
    feed: Feed
    link: Callable[[], Link]
    retention: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic
    picture: Picture = field(default_factory=Picture)
    _link: Link | None = None
    _look_at: float = 0.0

    def run(self, screen: Screen) -> None:
        """Show the page until Ctrl-C. Errors as the feed."""
        with Live(self.drawn(), console=screen, screen=True, auto_refresh=False) as live:
            try:
                while True:
                    self.advance()
                    live.update(self.drawn(), refresh=True)
            except KeyboardInterrupt:
                return

    def advance(self) -> None:
        """Take what arrives within half a second, and ask for the broker when it is time."""
        for one in self.feed.advance(_POLL_S):
            self.picture.take(Change.of(one))
        self.picture.expire(self.now() - self.retention)
        if self.seconds() >= self._look_at:
            self._link, self._look_at = self.link(), self.seconds() + _LOOK_EVERY_S

    def drawn(self) -> RenderableType:
        """Return the page as it is now."""
        return Group(self._status(), tables(self.picture), Text("Ctrl-C ends", style="dim"))

    def _status(self) -> Text:
        open_, ended = len(self.picture.open()), len(self.picture.ended())
        said = [f"{self.party}: open problems: {open_}, ended: {ended}"]
        link = self._link
        if link is not None:
            since = clock(link.since)
            lost = f"NOT CONNECTED since {since}: newer findings are not shown"
            said.append(f"connected since {since}" if link.is_up else lost)
        if not self.feed.is_whole:
            said.append("reading")
        return Text(
            " | ".join(said), style="bold red" if link is not None and not link.is_up else "bold"
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of a picture, as wide as the screen. On a narrow one they have fewer columns."""

    picture: Picture

    def __rich_console__(self, _console: Any, options: ConsoleOptions) -> RenderResult:
        is_narrow = options.max_width < _WIDE
        if self.picture.open():
            yield open_table(self.picture, is_narrow=is_narrow)
        if self.picture.ended():
            yield ended_table(self.picture, is_narrow=is_narrow)


def tables(picture: Picture) -> RenderableType:
    """Return the tables of a picture, or a line that says that there is nothing."""
    parts: list[RenderableType] = []
    if picture.open() or picture.ended():
        parts.append(_Tables(picture))
    if unreadable := len(picture.unreadable):
        parts.append(f"findings that this release cannot read: {unreadable}")
    return Group(*(parts or ["no emerging problems"]))
