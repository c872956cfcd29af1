"""What the hub does beside its sink, in a thread of its own: no release waits for it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Beside:
    """Does some work over and over in one thread; a context manager, whose end waits for the work."""

    def __init__(self, *works: Callable[[], Any]) -> None:
        """Take the work: functions that return soon if there is nothing to do."""
        self._works = works
        self._pool = ThreadPoolExecutor(1, "beside")
        self._going: Future[None] | None = None

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def turn(self) -> None:
        """Begin all of the work, unless it is going on. Raises what the work has raised."""
        if self._going is not None:
            if not self._going.done():
                return
            self._going.result()
        self._going = self._pool.submit(self._work)

    def _work(self) -> None:
        for work in self._works:
            work()
