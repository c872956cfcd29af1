"""Choose items by weight, prepared once for many draws."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Weighted(Generic[Item]):
    """Items, each drawn with a chance in proportion to its weight."""

    def __init__(self, weights: Iterable[tuple[Item, float]]) -> None:
        """Take items with their weights, at least one of them above zero."""
        pairs = list(weights)
        self._items = [item for item, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))
        self._last = len(pairs) - 1

    @classmethod
    def of(cls, weights: Mapping[Item, float]) -> Weighted[Item]:
        """Return the keys of a mapping, weighted by its values."""
        return cls(weights.items())

    def draw(self, rng: Random) -> Item:
        """Return one item."""
        return self._items[min(bisect(self._bounds, rng.random() * self._bounds[-1]), self._last)]
