"""Find named places that are not addresses: parks, woods, junctions, stations (Appendix 1).

Records of such places are exempt from the counting of households: the place's name and centre point
are released. Only kinds on a list are released, and no place with a word for a home in its name.
Coordinates are whole metres of the British National Grid (EPSG:27700).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from sanitiser.address.words import settlements

CLOSE_M: Final = 500.0
"""Entries of one name within this distance are one place, such as two gates of a park."""
NEAR_M: Final = 2_000.0
"""A place further than this from supplied coordinates is another place of the same name."""
KEY_BYTES: Final = 48
NAME_BYTES: Final = 64
_CACHED: Final = 16_384
_LONGEST: Final = 120
_JUNCTION: Final = re.compile(
    r"^(?:(?:the )?junction of )?(.+?) (?:j/w|jw|jct|junction with|junc with|with|/|x) (.+)$"
)
_BEFORE: Final = re.compile(r"^(?:in|at|near|outside|inside|within|opposite|by|off|on|corner of) ")
_PART: Final = re.compile(r"[,;\n(]")
_NOT_IN_NAMES: Final = re.compile(r"[^\w\s/&-]|_")

Holds = Callable[[tuple[float, float]], bool]
"""Returns True if a point, in metres, is in the partnership's area."""


class NamedPlace(NamedTuple):
    """A place by its published name, with its centre in metres."""

    name: str
    easting: int
    northing: int


class Entries(NamedTuple):
    """A gazetteer's rows, sorted by `keys`, shape (n,) each."""

    keys: Any
    names: Any
    eastings: Any
    northings: Any


class Gazetteer:
    """Named places on disk, memory-mapped; immutable, so threads can share them."""

    def __init__(self, entries: Entries, holds: Holds = lambda _point: True) -> None:
        """Take the entries; `holds` tests a point for the area, to resolve ambiguous names."""
        self._entries = entries
        self._holds = holds
        self._rows = lru_cache(maxsize=_CACHED)(self._rows_of)

    @classmethod
    def open(cls, folder: Path, holds: Holds = lambda _point: True) -> Gazetteer:
        """Map the gazetteer that `sanitiser.build.gazetteer_build` wrote."""
        arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in Entries._fields]
        return cls(Entries(*arrays), holds)

    def within(self, holds: Holds) -> Gazetteer:
        """Return the same entries, with ambiguous names resolved by another area."""
        return Gazetteer(self._entries, holds)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries.keys)

    def find(self, address: str, near: tuple[float, float] | None = None) -> NamedPlace | None:
        """Return the place that the first part of an address names.

        None unless exactly one matches.

        Only well-known settlements may follow the name, because a house called Abbots Wood has a
        street after its name. `near` are supplied coordinates, in metres.
        """
        if not _names_settlements(address):
            return None
        for key in _keys_of(address):
            places = self._rows(key)
            fitting = [p for p in places if near is None or _apart(p, near) <= NEAR_M]
            if len(fitting) > 1:
                fitting = [p for p in fitting if self._holds((p.easting, p.northing))]
            if len(fitting) == 1:
                return fitting[0]
            if places:
                return None
        return None

    def _rows_of(self, key: bytes) -> tuple[NamedPlace, ...]:
        keys = self._entries.keys
        first = int(np.searchsorted(keys, np.array(key, keys.dtype), "left"))
        last = int(np.searchsorted(keys, np.array(key, keys.dtype), "right"))
        return tuple(_places([self._place(row) for row in range(first, last)]))

    def _place(self, row: int) -> NamedPlace:
        name = bytes(self._entries.names[row]).decode()
        return NamedPlace(name, int(self._entries.eastings[row]), int(self._entries.northings[row]))


def key_of(name: str) -> bytes | None:
    """Return the form in which names are compared; None if it is too long for the gazetteer."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("&", " and ")
    text = " ".join(_NOT_IN_NAMES.sub("", text).split()).removeprefix("the ")
    junction = _JUNCTION.match(text)
    if junction is not None:
        text = " with ".join(sorted(part.strip() for part in junction.groups()))
    key = text.encode()
    return key if key and len(key) <= KEY_BYTES else None


def _keys_of(address: str) -> list[bytes]:
    """Return keys under which an address may name a place: its first part, with and without "near"."""
    first = _PART.split(address[:_LONGEST], maxsplit=1)[0].strip()
    bare = _BEFORE.sub("", first.casefold())
    return [key for name in dict.fromkeys((first, bare)) if (key := key_of(name)) is not None]


def _names_settlements(address: str) -> bool:
    behind = _PART.split(address[:_LONGEST])[1:]
    parts = [tuple(part.casefold().split()) for part in behind]
    return len(address) <= _LONGEST and all(not part or part in settlements() for part in parts)


def _places(rows: Sequence[NamedPlace]) -> list[NamedPlace]:
    """Return the rows without those close to an earlier one."""
    kept: list[NamedPlace] = []
    for row in rows:
        if all(_apart(row, (p.easting, p.northing)) > CLOSE_M for p in kept):
            kept.append(row)
    return kept


def _apart(place: NamedPlace, point: tuple[float, float]) -> float:
    return math.hypot(place.easting - point[0], place.northing - point[1])
