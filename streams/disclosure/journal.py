"""Undoes changes whose transaction was not committed, and runs actions that follow a commit."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Journal:
    """Changes since the last commit."""

    def __init__(self) -> None:
        """Start without changes."""
        self._undo: list[Callable[[], object]] = []
        self._then: list[Callable[[], object]] = []

    def undo_by(self, undo: Callable[[], object]) -> None:
        """Add a function that undoes a change."""
        self._undo.append(undo)

    def save(self, entries: MutableMapping[Key, Value], key: Key) -> None:
        """Save the value of a key before it is changed."""
        if key in entries:
            value = entries[key]
            self.undo_by(lambda: entries.__setitem__(key, value))
        else:
            self.undo_by(lambda: entries.pop(key, None))

    def then(self, action: Callable[[], object]) -> None:
        """Add an action to run once all changes are committed."""
        self._then.append(action)

    def commit(self) -> None:
        """Keep the changes, and run the actions."""
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
