"""Measure which published crimes a reader of profile second finds to be missing there, by subtraction.

data.police.uk publishes all crimes of the district with kind, month and a point near the place. `second`
lacks the domestic ones and those of some codes. So the reader gives each release to the nearest published
crime of its kind and month that has none yet, and marks the published crimes that are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanitiser.places.postcodes import PostcodeIndex, sector_of
from tests.benchmarks.offences import (
    KINDS,
    Offence,
    Release,
    example,
    offences,
    releases,
    without_settings,
)
from tests.benchmarks.page import amount, share

MISSED: Final = {
    "Violence and sexual offences": "violence",
    "Criminal damage and arson": "damage",
    "Public order": "public_order",
}
"""The kinds of which `second` lacks some, and their names in figures."""

_WAYS: Final = ("days_and_postcodes", "weeks_and_sectors")
_PROFILE: Final = "second"
_NEAR_M: Final = 300.0
_WEEK: Final = timedelta(days=6)
_KIND_OF: Final = {code: kind for kind, drawn in KINDS.items() for code in drawn.codes}


class _Read(NamedTuple):
    """The positions of the crimes that a reader marks, and of those without a release that can be theirs."""

    marked: set[int]
    bare: set[int]


def missing_found(index: PostcodeIndex) -> dict[str, float]:
    """Return the figures by kind, for `second` with days and postcodes, and with weeks and sectors.

    `published` is a number of crimes, and `missing` the share of them that `second` lacks: so many a reader
    finds by chance. `found` is the share of the missing ones that are among those marked, and `right`
    the share of the marked ones that are missing. `bare` is the share of the missing ones without any release
    of their kind and month nearby, or in their sector: there a reader need not choose among several crimes.
    `domestic` is the share of domestic crimes among those marked.
    """
    every, protocol = list(offences(index)), example()
    figures: dict[str, float] = {}
    for way, agreed in zip(_WAYS, (without_settings(protocol), protocol), strict=True):
        released = releases(every, agreed, _PROFILE, index)
        read = _read(every, released, index, by_sector=way == _WAYS[1])
        for kind, name in MISSED.items():
            figures |= _figures(every, released, read, kind, (name, way))
    return figures


def on_page(found: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `subtraction` of the page on protection, in their order."""
    return [
        shown
        for name in MISSED.values()
        for shown in (
            amount(found[f"{name}_published"]),
            share(found[f"{name}_missing"]),
            *(share(found[f"{name}_found_by_{way}"]) for way in _WAYS),
            *(share(found[f"{name}_bare_by_{way}"]) for way in _WAYS),
        )
    ] + [share(found[f"violence_domestic_by_{way}"]) for way in _WAYS]


def _figures(
    every: Sequence[Offence],
    released: Sequence[Release | None],
    read: _Read,
    kind: str,
    named: tuple[str, str],
) -> dict[str, float]:
    name, way = named
    of_kind = {at for at, offence in enumerate(every) if offence.kind == kind}
    missing = {at for at in of_kind if released[at] is None}
    marked = read.marked & of_kind
    return {
        f"{name}_published": len(of_kind),
        f"{name}_missing": len(missing) / len(of_kind),
        f"{name}_found_by_{way}": len(marked & missing) / len(missing),
        f"{name}_right_by_{way}": len(marked & missing) / len(marked),
        f"{name}_bare_by_{way}": len(read.bare & missing) / len(missing),
        f"{name}_domestic_by_{way}": sum(every[at].given["domestic"] for at in marked)
        / len(marked),
    }


def _read(
    every: Sequence[Offence],
    released: Sequence[Release | None],
    index: PostcodeIndex,
    *,
    by_sector: bool,
) -> _Read:
    read = _Read(set(), set())
    for kind in MISSED:
        crimes = [at for at, offence in enumerate(every) if offence.kind == kind]
        shown = [
            release
            for release in released
            if release is not None and _KIND_OF[release["offence_code"]] == kind
        ]
        published = [every[at] for at in crimes]
        metres = _metres(published, shown)
        if by_sector:
            metres[_in_sector(published, shown, index)] = 0
        metres[~_in_month(published, shown)] = np.inf
        given = nearest_first(metres)
        near = metres.min(axis=1) <= (0 if by_sector else _NEAR_M)
        read.marked.update(at for place, at in enumerate(crimes) if place not in given)
        read.bare.update(at for at, is_near in zip(crimes, near, strict=True) if not is_near)
    return read


def _metres(published: Sequence[Offence], shown: Sequence[Release]) -> NDArray[np.float64]:
    """Return the distance of each published point (row) from each release (column), in metres."""
    points = np.array([offence.point for offence in published])
    places = np.array([(r["location_easting"], r["location_northing"]) for r in shown])
    found: NDArray[np.float64] = np.linalg.norm(points[:, None] - places[None], axis=2)
    return found


def _in_sector(
    published: Sequence[Offence], shown: Sequence[Release], index: PostcodeIndex
) -> NDArray[np.bool_]:
    nearest = (index.nearest(*offence.point) for offence in published)
    sectors = np.array([sector_of(postcode.postcode) if postcode else "" for postcode in nearest])
    released = np.array([release["location_postcode"] or "?" for release in shown])
    found: NDArray[np.bool_] = sectors[:, None] == released
    return found


def _in_month(published: Sequence[Offence], shown: Sequence[Release]) -> NDArray[np.bool_]:
    months = np.array([offence.month for offence in published])[:, None]
    first, last = zip(*map(_months, shown), strict=True)
    found: NDArray[np.bool_] = (months == np.array(first)) | (months == np.array(last))
    return found


def _months(release: Release) -> tuple[str, str]:
    """Return the first and last month in which the event of a release can be."""
    day: date = release["committed_from_date"]
    is_week = any(caveat.endswith("first-day-of-week") for caveat in release["caveats"])
    return f"{day:%Y-%m}", f"{day + _WEEK if is_week else day:%Y-%m}"


def nearest_first(metres: NDArray[np.float64]) -> set[int]:
    """Return the rows that get a column, each column at most once, the nearest pairs first."""
    rows, columns = set[int](), set[int]()
    order = np.argsort(metres, axis=None, kind="stable")
    for row, column in zip(*np.unravel_index(order, metres.shape), strict=True):
        if not np.isfinite(metres[row, column]) or len(columns) == metres.shape[1]:
            break
        if int(row) not in rows and int(column) not in columns:
            rows.add(int(row))
            columns.add(int(column))
    return rows
