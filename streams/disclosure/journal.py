"""Undoes what was changed for a transaction that was not committed, and does what may follow a commit."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Journal:
    """Changes since the last commit."""

    def __init__(self) -> None:
        """Know of no change yet."""
        self._undo: list[Callable[[], object]] = []
        self._then: list[Callable[[], object]] = []

    def undo_by(self, undo: Callable[[], object]) -> None:
        """Take what undoes a change."""
        self._undo.append(undo)

    def save(self, entries: MutableMapping[Key, Value], key: Key) -> None:
        """Take what stands under a key, before it is changed."""
        if key in entries:
            value = entries[key]
            self.undo_by(lambda: entries.__setitem__(key, value))
        else:
            self.undo_by(lambda: entries.pop(key, None))

    def then(self, action: Callable[[], object]) -> None:
        """Take what is to be done once all changes are committed."""
        self._then.append(action)

    def commit(self) -> None:
        """Make the changes last, and do what was to follow."""
        actions = self._then
        self._undo, self._then = [], []
        for action in actions:
            action()

    def rollback(self) -> None:
        """Undo the changes, the last one first."""
        undo = self._undo
        self._undo, self._then = [], []
        for action in reversed(undo):
            action()
