"""How many records the next batch may have at most."""

from __future__ import annotations


class BatchLimit:
    """Begins small, doubles with each batch that is committed, and halves where one is too large.

    A process that starts after another has ended goes on in small steps: what one batch could not do is
    done in part, and what is behind it comes nearer each time.
    """

    def __init__(self, most: int, first: int = 1) -> None:
        """Take the largest number that a batch ever has, and that of the first one."""
        self._most = most
        self._records = first

    @property
    def records(self) -> int:
        """The most records that the next batch may have."""
        return self._records

    def grow(self) -> None:
        """Let the next batch be twice as large."""
        self._records = min(2 * self._records, self._most)

    def halve(self, records: int) -> None:
        """Let the next batch be half of one that had that many records."""
        self._records = max(1, records // 2)
