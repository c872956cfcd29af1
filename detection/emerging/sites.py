"""The sites of a series: the points of its cases, and which are near one another."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from detection.scan.counts import Ints

Point = tuple[int, int]
Floats = NDArray[float64]

_START: Final = 64


class Sites:
    """Points in metres, numbered from 0 as they are added."""

    def __init__(self, radius: float) -> None:
        self._radius = radius
        self._numbers: dict[Point, int] = {}
        self._x = np.zeros(_START, dtype=float64)
        self._y = np.zeros(_START, dtype=float64)

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self._numbers)

    def xy(self) -> Floats:
        """Return the coordinates (S, 2) of the sites."""
        size = len(self._numbers)
        return np.column_stack((self._x[:size], self._y[:size]))

    def number(self, point: Point) -> int | None:
        """Return the number of the site at a point."""
        return self._numbers.get(point)

    def add(self, point: Point) -> int:
        """Add a site, and return its number."""
        site = self._numbers[point] = len(self._numbers)
        if site == len(self._x):
            self._x = np.concatenate((self._x, np.zeros_like(self._x)))
            self._y = np.concatenate((self._y, np.zeros_like(self._y)))
        self._x[site], self._y[site] = point
        return site

    def near(self, site: int, factor: float = 1.0) -> tuple[Ints, Floats]:
        """Return the sites within the radius times a factor, and the squares of their distances."""
        size = len(self._numbers)
        squares = self._x[:size] - self._x[site]
        squares *= squares
        north = self._y[:size] - self._y[site]
        north *= north
        squares += north
        near = np.flatnonzero(squares <= (factor * self._radius) ** 2)
        return near, squares.take(near)
