"""A list of streets with points, such as OS Open Names: evidence that words are the name of a street.

Coordinates are whole metres of the British National Grid (EPSG:27700). On disk the points are sorted by 10 km
tiles; a tile's names are read when a record needs them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from sanitiser.address.street_names import is_one_slip

NEAR_M: Final = 2_000.0
"""A street further than this from the record's postcode is another street of the same name."""
STAND_IN_M: Final = 500.0
"""A postcode whose nearest listed street is further than this has no street."""
TILE_M: Final = 5_000
TILES_EAST: Final = 140
TILES_NORTH: Final = 260
"""The National Grid's extent, 700 km by 1300 km, in tiles."""
TILES_KEPT: Final = 512
"""Most tiles in memory: 12,800 km², more than any police force of England and Wales covers."""
_CACHED: Final = 16_384
_SHORTEST_SLIPPED: Final = 5
"""Letters of the shortest word in which a slip is recognised: Hill Road is not Mill Road."""

Point = tuple[float, float]


class Points(NamedTuple):
    """The list's arrays, one row for each point of a street, sorted by tile.

    `name_at` holds the row's name in `names` and `keys`, shape (m,) each, which are UTF-8. `tile_offsets`
    holds the first row of each tile, and the number of rows at its end.
    """

    keys: Any
    names: Any
    name_at: Any
    eastings: Any
    northings: Any
    tile_offsets: Any


class Listed(NamedTuple):
    """A street in the list's own spelling, and its distance from where it was searched, in metres."""

    name: str
    metres: float


class _Tile(NamedTuple):
    """The streets of a tile and its surroundings of 2 km.

    `points` has the points and names by key, `by_word` the keys by their first and last word, `words` all
    words of keys, and `most_words` the number of words of the longest key that begins with a word.
    """

    points: Mapping[str, list[tuple[int, int, str]]]
    by_word: Mapping[str, list[str]]
    words: frozenset[str]
    most_words: Mapping[str, int]


class Around:
    """The listed streets within 2 km of a point in metres."""

    def __init__(self, read_tile: Callable[[int, int], _Tile], near: Point) -> None:
        """Take the list's function that reads a tile, or has it in memory.

        The tile itself is not kept, because caches keep many more of these objects than the list keeps tiles.
        """
        self._read_tile = read_tile
        self._near = near

    @property
    def _tile(self) -> _Tile:
        return self._read_tile(*_tile_of(self._near))

    def most_words(self, word: str) -> int:
        """Return the number of words of the longest name that begins with a word; 0 if none does."""
        return self._tile.most_words.get(word, 0)

    def find(self, key: str) -> Listed | None:
        """Return the street with this key; None if there is none."""
        points = self._tile.points.get(key)
        return _closest(points, self._near) if points else None

    def points(self, key: str) -> list[Point]:
        """Return the points within 2 km of the street with this key, in metres, nearest first."""
        points = [(float(e), float(n)) for e, n, _ in self._tile.points.get(key, ())]
        inside = [point for point in points if math.dist(point, self._near) <= NEAR_M]
        return sorted(inside, key=partial(math.dist, self._near))

    def slipped(self, key: str) -> Listed | None:
        """Return the only street that differs from a key in one letter of one word.

        None if the word as given is in the name of any street around, or if the word is short.
        """
        given = key.split()
        if len(given) == 1:
            return None
        tile = self._tile
        candidates = {*tile.by_word.get(given[0], ()), *tile.by_word.get(given[-1], ())}
        fitting = [
            found
            for listed in candidates
            if _differs_by_a_slip(given, listed.split(), tile.words)
            and (found := self.find(listed)) is not None
        ]
        return fitting[0] if len(fitting) == 1 else None


class StreetList:
    """Streets on disk, memory-mapped; immutable, so threads can share them.

    `around(point)` returns the streets around a point in metres, cached. At most `TILES_KEPT` tiles are in
    memory.
    """

    def __init__(self, points: Points) -> None:
        """Take the arrays; nothing is read before the first search."""
        self._points = points
        self._tile = lru_cache(maxsize=TILES_KEPT)(self._read_tile)
        self.around = lru_cache(maxsize=_CACHED)(self._around)

    @classmethod
    def open(cls, folder: Path) -> StreetList:
        """Map the list that `sanitiser.build.street_build` wrote."""
        arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in Points._fields]
        return cls(Points(*(array.view(np.ndarray) for array in arrays)))

    def __len__(self) -> int:
        """Return the number of different names."""
        return len(self._points.names)

    def _around(self, near: Point) -> Around:
        return Around(self._tile, near)

    def nearest(self, near: Point) -> str | None:
        """Return the name of the listed street nearest to a point in metres; None beyond 500 m."""
        return next(self.by_distance(near), None)

    def by_distance(self, near: Point) -> Iterator[str]:
        """Yield the names of the streets with a point within 500 m of a point in metres, nearest first.

        Of equally near ones the first in the alphabet is first. A name may come more than once.
        """
        rows = self._rows(*_tile_of(near))
        east, north = self._points.eastings[rows], self._points.northings[rows]
        squared = (east - near[0]) ** 2 + (north - near[1]) ** 2
        inside = squared <= STAND_IN_M**2
        found = zip(squared[inside].tolist(), map(self._name, rows[inside].tolist()), strict=True)
        return (name for _, name in sorted(found))

    def points_everywhere(self, key: str) -> Iterator[Point]:
        """Yield all points of the streets with this key, in metres. It may read the whole list."""
        names = np.searchsorted(self._points.keys, [key.encode(), key.encode() + b"\1"])
        if names[0] == names[1]:
            return
        rows = (self._points.name_at >= names[0]) & (self._points.name_at < names[1])
        for row in np.flatnonzero(rows).tolist():
            yield float(self._points.eastings[row]), float(self._points.northings[row])

    def _rows(self, east: int, north: int) -> Any:
        """Return the rows of a tile and of its surroundings, shape (n,)."""
        return np.concatenate([np.empty(0, np.int64), *self._ranges(east, north)])

    def _ranges(self, east: int, north: int) -> Iterator[Any]:
        offsets, ring = self._points.tile_offsets, math.ceil(NEAR_M / TILE_M)
        for y in range(max(north - ring, 0), min(north + ring + 1, TILES_NORTH)):
            first = y * TILES_EAST + max(east - ring, 0)
            last = y * TILES_EAST + min(east + ring, TILES_EAST - 1)
            yield np.arange(offsets[first], offsets[last + 1])

    def _read_tile(self, east: int, north: int) -> _Tile:
        points, names = self._points, defaultdict[str, list[tuple[int, int, str]]](list)
        rows = self._rows(east, north)
        near = _within(points.eastings[rows], east) & _within(points.northings[rows], north)
        inside = rows[near]
        numbers, at = np.unique(points.name_at[inside], return_inverse=True)
        # A road has many points: each name is in memory once.
        keys = [bytes(key).decode() for key in points.keys[numbers].tolist()]
        listed = [bytes(name).decode() for name in points.names[numbers].tolist()]
        columns = (at, points.eastings[inside], points.northings[inside])
        for name, e, n in zip(*(column.tolist() for column in columns), strict=True):
            names[keys[name]].append((e, n, listed[name]))
        return _tile(names)

    def _name(self, row: int) -> str:
        return bytes(self._points.names[self._points.name_at[row]]).decode()


def _tile(points: Mapping[str, list[tuple[int, int, str]]]) -> _Tile:
    by_word, most_words = defaultdict[str, list[str]](list), Counter[str]()
    words = set[str]()
    for key in points:
        split = key.split()
        words.update(split)
        for word in {split[0], split[-1]}:
            by_word[word].append(key)
        most_words[split[0]] = max(most_words[split[0]], len(split))
    return _Tile(points, by_word, frozenset(words), most_words)


def _tile_of(point: Point) -> tuple[int, int]:
    return int(point[0] // TILE_M), int(point[1] // TILE_M)


def _within(values: Any, tile: int) -> Any:
    low, high = tile * TILE_M - NEAR_M, (tile + 1) * TILE_M + NEAR_M
    return (values >= low) & (values <= high)


def _closest(points: list[tuple[int, int, str]], near: Point) -> Listed | None:
    east, north = near
    metres, name = min((math.hypot(e - east, n - north), name) for e, n, name in points)
    return Listed(name, metres) if metres <= NEAR_M else None


def _differs_by_a_slip(given: list[str], listed: list[str], known: frozenset[str]) -> bool:
    if len(given) != len(listed):
        return False
    unlike = [(a, b) for a, b in zip(given, listed, strict=True) if a != b]
    if len(unlike) != 1:
        return False
    word, meant = unlike[0]
    return len(word) >= _SHORTEST_SLIPPED and word not in known and is_one_slip(word, meant)
