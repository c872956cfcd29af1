"""Show the progress of long work on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ops.screen import Screen

Shown = Callable[[int, int, str], None]
"""Takes the amount done, the total amount, and a note."""


@contextmanager
def progress_bar(console: Screen, title: str) -> Iterator[Shown]:
    """Show a progress bar until the work has ended; nothing if the screen is no terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    more = (TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False))
    hidden = not console.is_terminal
    with Progress(*columns, *more, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(title, total=None, note="")

        def shown(done: int, total: int, note: str) -> None:
            progress.update(task, completed=done, total=total, note=note)

        yield shown
