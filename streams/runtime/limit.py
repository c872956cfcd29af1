"""The maximum number of records of the next batch."""

from __future__ import annotations


class BatchLimit:
    """A limit that starts small, doubles with each committed batch, and halves when a batch is too large.

    So a process that starts after a crash makes progress even if a large batch caused the crash.
    """

    def __init__(self, most: int, first: int = 1) -> None:
        """Take the maximum of any batch, and that of the first batch."""
        self._most = most
        self._records = first

    @property
    def records(self) -> int:
        """Return the maximum number of records of the next batch."""
        return self._records

    def grow(self) -> None:
        """Double the limit."""
        self._records = min(2 * self._records, self._most)

    def halve(self, records: int) -> None:
        """Set the limit to half of a batch that had this many records."""
        self._records = max(1, records // 2)
