"""Figures of what readers can infer about protected places, in a made-up year at real postcodes.

Run as a program it prints the figures. It needs the household counts of the shared data.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from demo.generator.datasets import GENERATORS, shared_out
from demo.generator.district import BATH_AND_NORTH_EAST_SOMERSET, Point, points_of_index
from sanitiser.address.household import household
from sanitiser.build.reference import build_index, onspd_package
from sanitiser.key_ring import KeyRing
from sanitiser.places.location import Located
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.listed import NO_PLACES, Place, ProtectedList
from sanitiser.reference_lists import ReferenceLists
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from streams.assembly import Means, Terms, build_steps
from streams.decision import Steps
from streams.steps.protect import Protector
from streams.steps.route import OWN
from streams.steps.step import Work
from tests.benchmarks.page import share
from tests.conftest import SHARED_DATA

RECORDS: Final = 40_000
PLACES: Final = 5
"""Refuges and safe houses of a district of 190,000 people; an assumption."""
AT_A_PLACE: Final = 12
"""Records of one place in the year, of all datasets; an assumption."""

_DATASETS: Final = (
    "police-incident", "police-crime-offence", "council-asb", "ambulance-call", "fire-incident",
)  # fmt: skip
_PREFIX: Final = "location_"
_ENOUGH: Final = 12
_DOOR: Final = 5
_NOW: Final = datetime(2027, 1, 1, 12)
_SEED: Final = 57


class _Refuge(NamedTuple):
    street: str
    point: Point


class _Row(NamedTuple):
    """A row to release; `truth` is the place where it is, `neighbour` if its postcode has one."""

    dataset: str
    given: Mapping[str, Any]
    truth: bool
    neighbour: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    row: _Row
    located: Located
    released: Mapping[str, Any]

    @property
    def is_alone(self) -> bool:
        """Return True if the release has the district of the event, and no more of the place."""
        get = self.released.get
        return get(f"{_PREFIX}district") is not None and get(f"{_PREFIX}postcode") is None


def protected_figures(records: int = RECORDS) -> dict[str, float]:
    """Return shares of released events, and microseconds a record; the shares are the same in each run.

    `alone_share` is of all released events with a district. `protected_of_alone` and `undecided_of_alone` are
    of those with their district alone: at a protected place, or in its postcode without another house's
    number. `without_district_share` is of all released events. `neighbours_kept` is of the other events in
    the postcodes of protected places.
    """
    households = SHARED_DATA / "households" / "banes_households_proxy.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        build_index(path, onspd_package(), households, k=4, limit_m=2_000)
        index = PostcodeIndex.open(path)
        points = points_of_index(path, BATH_AND_NORTH_EAST_SOMERSET)
        refuges = _refuges(index, points)
        rows = list(_rows(records, points, refuges))
        listed = ProtectedList().with_places(
            [Place(None, household(*_address(r)), r.point.postcode, None) for r in refuges], 1
        )
        before, after = (list(_released(rows, index, of)) for of in (NO_PLACES, listed))
        return {**_shares(before, after), **_domestic(after), **_cost(rows, index, listed)}


def on_page(found: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `protected-places` of the page on protection, in their order."""
    nearby = 1 - found["protected_of_alone"] - found["undecided_of_alone"]
    return [
        share(found["alone_share"]),
        share(found["protected_of_alone"]),
        share(found["undecided_of_alone"]),
        share(nearby),
        share(found["protected_of_alone_domestic"]),
        share(found["neighbours_kept"]),
    ]


def _refuges(index: PostcodeIndex, points: Sequence[Point]) -> list[_Refuge]:
    """Return places in postcodes that are released as they are, each in a made-up street."""
    rng = Random(_SEED)
    found: list[_Refuge] = []
    while len(found) < PLACES:
        point = rng.choice(points)
        place = index.release(point.postcode)
        own = place is not None and place.postcode == point.postcode and place.street_allowed
        if own and place is not None and (place.households or 0) >= _ENOUGH:
            found.append(_Refuge(f"Larch{len(found) * 'l'} Road", point))
    return found


def _address(refuge: _Refuge, door: int = _DOOR) -> tuple[str, str]:
    return f"{door} {refuge.street}", refuge.point.postcode


def _rows(records: int, points: Sequence[Point], refuges: Sequence[_Refuge]) -> Iterator[_Row]:
    """Yield a year's records; some are at a protected place, and twice as many next door."""
    rng = Random(_SEED)
    made = [
        (dataset, row)
        for dataset, n in shared_out(records, _DATASETS).items()
        for row in GENERATORS[dataset](n, _SEED, points)
    ]
    moved = rng.sample(range(len(made)), 3 * PLACES * AT_A_PLACE)
    at = dict(zip(moved, [r for r in refuges for _ in range(3 * AT_A_PLACE)], strict=True))
    for number, (dataset, row) in enumerate(made):
        given: dict[str, Any] = {name: value or None for name, value in row.items()}
        refuge = at.get(number)
        if refuge is not None:
            truth = number % 3 == 0
            given |= _place(refuge, rng, truth=truth)
            yield _Row(dataset, given, truth, not truth)
        else:
            yield _Row(dataset, given, truth=False, neighbour=False)


def _place(refuge: _Refuge, rng: Random, *, truth: bool) -> dict[str, Any]:
    """Return the location of an event: most have number and postcode, some only one or the other."""
    door = _DOOR if truth else rng.choice([d for d in range(1, 40) if d != _DOOR])
    address, postcode = _address(refuge, door)
    how = rng.random()
    if how < 0.15:
        address = refuge.street
    where: dict[str, str | None] = {"address": f"{address}, Bath", "postcode": postcode}
    if 0.15 <= how < 0.25:
        where = {"address": None, "postcode": None}
    point = {"easting": refuge.point.easting + 20, "northing": refuge.point.northing - 15}
    none = {"longitude": None, "latitude": None, "uprn": None}
    return {f"{_PREFIX}{part}": value for part, value in (where | point | none).items()}


def _steps(index: PostcodeIndex, listed: ProtectedList) -> Mapping[str, Steps]:
    catalogue = load_catalogue()
    ring = KeyRing.of(ReferenceKey(b"k" * 32))
    means = Means.without_protocol(catalogue, index, ring, ReferenceLists(protected=listed))
    return {
        dataset: build_steps(
            Terms("agency", catalogue.record_type(dataset), {OWN: ("central",)}), means
        )
        for dataset in _DATASETS
    }


def _released(
    rows: Sequence[_Row], index: PostcodeIndex, listed: ProtectedList
) -> Iterator[_Outcome]:
    steps = _steps(index, listed)
    for row in rows:
        work = steps[row.dataset].decide(row.given, _NOW)
        for release in work.releases:
            yield _Outcome(row, work.locations[_PREFIX], release.record)


def _shares(before: Sequence[_Outcome], after: Sequence[_Outcome]) -> dict[str, float]:
    located = [o for o in after if o.released.get(f"{_PREFIX}district") is not None]
    alone = [o for o in located if o.is_alone]
    neighbours = [o for o in after if o.row.neighbour]
    return {
        "alone_share_without_list": sum(o.is_alone for o in before) / len(located),
        "alone_share": len(alone) / len(located),
        "protected_of_alone": sum(o.row.truth for o in alone) / len(alone),
        "undecided_of_alone": sum(o.row.neighbour for o in alone) / len(alone),
        "neighbours_kept": sum(not o.is_alone for o in neighbours) / len(neighbours),
        "without_district_share": 1 - len(located) / len(after),
        "protected_with_more": sum(o.row.truth and not o.is_alone for o in after),
    }


def _domestic(after: Sequence[_Outcome]) -> dict[str, float]:
    """Return the share at a protected place, of the domestic events with their district alone."""
    alone = Counter(o.row.truth for o in after if o.is_alone and o.released.get("domestic") is True)
    return {"protected_of_alone_domestic": alone[True] / max(1, alone.total())}


def _cost(rows: Sequence[_Row], index: PostcodeIndex, listed: ProtectedList) -> dict[str, float]:
    """Return the microseconds that the step takes for a record of incidents, with this list."""
    steps = _steps(index, listed)["police-incident"]
    protect = next(step for step in steps.releasing if isinstance(step, Protector))
    works = [_located(steps, row) for row in rows if row.dataset == "police-incident"]
    began = time.process_time()
    for work in works:
        protect(work)
    return {"us_per_record_with_list": (time.process_time() - began) / len(works) * 1e6}


def _located(steps: Steps, row: _Row) -> Work:
    work = steps.read(row.given, _NOW)
    for step in steps.releasing:
        if isinstance(step, Protector):
            break
        step(work)
    return work


if __name__ == "__main__":
    print(json.dumps(protected_figures(), indent=1))
