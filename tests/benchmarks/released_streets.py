"""What is released of real streets, written in 22 ways and with people around them: kept, leaked, wrong.

The streets and their points are those of data.police.uk's releases of Avon and Somerset; a record is up to
a few hundred metres from its street's point. The list has all of them; the incomplete list leaves out one in
twenty, so that a wrong street can come out.
"""

from __future__ import annotations

import csv
import math
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import numpy as np

from sanitiser.address.address import released_address, released_part, split_by_list
from sanitiser.address.segments import is_thoroughfare
from sanitiser.address.street_names import key_of_name
from sanitiser.address.words import words
from sanitiser.build.reference import build_index, onspd_package
from sanitiser.build.street_build import build_streets
from sanitiser.places.coordinates import to_national_grid
from sanitiser.places.location import Given, Locator
from sanitiser.places.postcode_store import load_columns
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.streets import StreetList
from tests.benchmarks.page import amount, share
from tests.benchmarks.written_addresses import (
    FORCE,
    PEOPLE,
    WAYS,
    Line,
    Ways,
    published_streets,
    written,
)
from tests.conftest import SHARED_DATA

_SEED: Final = 27
_STREETS: Final = 2_000
_LEFT_OUT: Final = 0.05
_SPREAD_M: Final = 120.0
_BANES: Final = "E06000022"
_HOUSEHOLDS: Final = SHARED_DATA / "households" / "banes_households_proxy.csv"
_WORD: Final = re.compile(r"[^\W_]+")

Point = tuple[float, float]
Release = Callable[[str, Point], str | None]


class _Counts(NamedTuple):
    """Numbers of written lines: all, with the street kept, with a secret word released, with another street.

    `of_street_words` are the leaks whose secret words are all words of streets too: Green, Park, Lane.
    """

    lines: int
    kept: int
    leaks: int
    of_street_words: int
    wrong: int


def street_figures(*, also_incomplete: bool = True) -> dict[str, float]:
    """Return shares kept, and leaks and wrong streets in 10,000 lines, without and with a list.

    With `also_incomplete` the figures of a list that lacks some streets are among them.
    """
    with tempfile.TemporaryDirectory() as folder:
        figures = _figures(Path(folder), also_incomplete=also_incomplete)
        return figures | _of_banes(Path(folder))


def on_page(found: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `streets` of the page on protection, in their order."""
    return [
        share(found["street_kept"]),
        share(found["street_kept_with_list"]),
        *(
            amount(found[f"{what}_per_10000{way}"])
            for what in ("leaks", "wrong")
            for way in ("", "_with_list")
        ),
        share(found["street_kept_banes_without_list"]),
        share(found["street_kept_banes"]),
    ]


def _figures(folder: Path, *, also_incomplete: bool) -> dict[str, float]:
    places = _places(folder / "all")
    ways: dict[str, Release] = {
        "": lambda text, _: released_address(text),
        "_with_list": _by_list(StreetList.open(folder / "all")),
    }
    if also_incomplete:
        ways["_with_incomplete_list"] = _by_list(_incomplete(folder, places))
    sample = _sample(places)
    found: dict[str, float] = {}
    for name, release in ways.items():
        plain, people = (_counts(sample, of, release) for of in (WAYS, PEOPLE))
        lines = plain.lines + people.lines
        found[f"street_kept{name}"] = plain.kept / plain.lines
        found[f"leaks_per_10000{name}"] = (plain.leaks + people.leaks) / lines * 1e4
        of_street_words = plain.of_street_words + people.of_street_words
        found[f"leaks_per_10000_of_street_words{name}"] = of_street_words / lines * 1e4
        found[f"wrong_per_10000{name}"] = (plain.wrong + people.wrong) / lines * 1e4
    return found


def _by_list(streets: StreetList) -> Release:
    return lambda text, near: released_part(split_by_list(text, streets.around(near)))


def _places(out: Path) -> dict[str, list[Point]]:
    """Build the list of all streets in `out`; return the points of each record by its street's name."""
    build_streets(out, [FORCE])
    names = {bytes(name).decode() for name in np.load(out / "names.npy")}
    places: dict[str, list[Point]] = {}
    for seen in published_streets():
        name = re.sub(r"(?<=['’])S\b", "s", seen.name)
        if name in names:
            point = to_national_grid(seen.longitude, seen.latitude)
            assert point is not None
            places.setdefault(name, []).append(point)
    return places


def _incomplete(folder: Path, places: dict[str, list[Point]]) -> StreetList:
    random = Random(_SEED)
    with (folder / "some.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "easting", "northing"))
        for name, points in places.items():
            if random.random() > _LEFT_OUT:
                writer.writerows((name, round(e), round(n)) for e, n in points)
    build_streets(folder / "some", [folder / "some.csv"])
    return StreetList.open(folder / "some")


class _Place(NamedTuple):
    """A record's street, another one nearby, and where the record is."""

    street: str
    other: str
    near: Point


def _sample(places: dict[str, list[Point]]) -> list[_Place]:
    """Return records drawn as often as something was recorded on their street."""
    random = Random(_SEED)
    flat = [(name, point) for name, points in places.items() for point in points]
    points = np.array([point for _, point in flat])
    sample = []
    for name, (east, north) in random.sample(flat, _STREETS):
        angle, metres = random.uniform(0, 2 * math.pi), abs(random.gauss(0, _SPREAD_M))
        near = (round(east + metres * math.cos(angle)), round(north + metres * math.sin(angle)))
        order = np.argsort(((points - near) ** 2).sum(axis=1))[:400]
        other = next((flat[at][0] for at in order if flat[at][0] != name), name)
        sample.append(_Place(name, other, near))
    return sample


def _counts(sample: Sequence[_Place], ways: Ways, release: Release) -> _Counts:
    kept = leaks = of_street_words = wrong = lines = 0
    for place, line in _lines(sample, ways):
        lines += 1
        told = release(line.text, place.near)
        if told is None:
            continue
        if _is_right(told, place, line):
            kept += 1
        elif secret := set(line.secret) & set(_WORD.findall(told.casefold().replace("'", ""))):
            leaks += 1
            of_street_words += all(
                key in words().surname_too or is_thoroughfare(key) for key in secret
            )
        else:
            wrong += 1
    return _Counts(lines, kept, leaks, of_street_words, wrong)


def _lines(sample: Sequence[_Place], ways: Ways) -> Iterator[tuple[_Place, Line]]:
    random = Random(_SEED)
    for place in sample:
        rows = [(place.street, place.other, "BA1 2QR")]
        for line in written(rows, random, ways):
            yield place, line


def _is_right(told: str, place: _Place, line: Line) -> bool:
    """Return True if a release has the street alone, or of a junction one or both of its streets."""
    name = told.split(", ", maxsplit=1)[0]
    if key_of_name(name) == key_of_name(place.street):
        return True
    if line.way != "junction":
        return False
    accepted = {key_of_name(place.street), key_of_name(place.other)}
    return all(key_of_name(part) in accepted for part in name.split(" and "))


def _of_banes(folder: Path) -> dict[str, float]:
    """Return the share of homes that keep a street in Bath and North East Somerset, by proxy counts.

    Each postcode counts as often as it has homes, and once without a count.
    """
    build_index(folder / "index", onspd_package(), _HOUSEHOLDS)
    metadata, columns = load_columns(folder / "index")
    streets = StreetList.open(folder / "all")
    own = np.flatnonzero(columns.districts == metadata.districts.index(_BANES)).tolist()
    index = PostcodeIndex.open(folder / "index")
    found = {}
    for name, locator in (("_without_list", Locator(index)), ("", Locator(index, streets=streets))):
        kept = homes = postcodes = 0
        for row in own:
            key, weight = columns.keys[row].decode(), max(1, int(columns.household_counts[row]))
            near = float(columns.eastings[row]), float(columns.northings[row])
            address = f"12 {streets.nearest(near) or 'Unknown Road'}, Bath"
            given = Given(address, f"{key[:-3]} {key[-3:]}", None, None, None, None)
            told = locator.locate(given).released.address is not None
            kept += weight * told
            postcodes += told
            homes += weight
        found[f"street_kept_banes{name}"] = kept / homes
        found[f"street_kept_banes_postcodes{name}"] = postcodes / len(own)
    return found
