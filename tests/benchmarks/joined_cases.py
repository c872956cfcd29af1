"""Cases of two or more people: how many a reader singles out by joining the files of one crime.

The files of offenders and victims are the demo generator's, of one district, and go through the worker's own
steps for `central` in the order of their crimes. They do so three times: without the rule of combinations,
with the rule for each person alone, and with the rule for the joined case as well. For the second, each
record has a reference of its own, so that nothing is joined.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any, Final, NamedTuple

from demo.generator.district import Point, points_of_index
from demo.generator.police_crime_people import police_crime_offenders, police_crime_victims
from demo.generator.records import Record, typed
from isp.agreement.protocol import Combinations
from sanitiser.key_ring import KeyRing
from sanitiser.people.ages import band
from sanitiser.people.combinations import released_areas
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue, load_catalogue
from schemas.people import coarser_name, people
from schemas.record_type import RecordType
from streams.assembly import Means, Terms, build_steps
from streams.steps.route import OWN
from tests.benchmarks.banes import MONTHS, district_index, published_crimes
from tests.benchmarks.page import share

_PROFILE: Final = "central"
_K: Final = 4
_SEED: Final = 5
_NOW: Final = datetime(2026, 6, 1, 12)
_FILES: Final = {
    "police-crime-offender": (police_crime_offenders, 5),
    "police-crime-victim": (police_crime_victims, 2),
}
"""The generator of each file, and the number of crimes for one of its rows."""

_RULES: Final = {
    "unchecked": "without_the_rule",
    "alone": "by_person",
    "joined": "by_joined_case",
}
_FIGURES: Final = {
    "under_k": "cases_with_few_alike",
    "unique": "cases_of_unique_ages_and_sexes",
    "kept": "attributes_kept_in_cases",
    "kept_of_all": "attributes_kept_of_all_people",
}

Release = Mapping[str, Any]


class Seen(NamedTuple):
    """One person of a case: all attributes, exact and coarse, and those that the release tells."""

    role: str
    who: str
    areas: frozenset[str]
    exact: Mapping[str, str]
    coarse: Mapping[str, str]
    told: Mapping[str, str]

    def is_like(self, other: Seen, area: str) -> bool:
        """Return True if this person can be the other one, of whom the release tells, around an area."""
        return (
            self.role == other.role
            and (area in self.areas) == (area in other.areas)
            and all(v in (self.exact.get(n), self.coarse.get(n)) for n, v in other.told.items())
        )


Case = Sequence[Seen]


def joined_cases(index: PostcodeIndex, points: Sequence[Point], crimes: int) -> dict[str, float]:
    """Return how many cases are singled out, and how many attributes are kept.

    `points` are the postcodes of the district, and `crimes` is the number of its recorded crimes. The names
    of the figures end with the run: `unchecked`, `alone` or `joined`. The figures are shares: `under_k` of
    the cases that have fewer than four alike in an area, by all that is told, `unique` of those whose ages
    and sexes no other case of the district has, `kept` of their attributes, exact or coarse, and
    `kept_of_all` of those of all people, most of whom are alone in their case.
    """
    catalogue = load_catalogue()
    given = list(_in_order(points, crimes, catalogue))
    of_people = {
        dataset: _OfPerson.of(catalogue.record_type(dataset), catalogue) for dataset in _FILES
    }
    unheeded, heeded = Combinations(minimum_alike=_K), Combinations(minimum_alike=_K, central=True)
    whole = _released(given, index, catalogue, unheeded)
    runs = {
        "unchecked": whole,
        "alone": _released(
            [_apart(*one, n) for n, one in enumerate(given)], index, catalogue, heeded
        ),
        "joined": _released(given, index, catalogue, heeded),
    }
    figures: dict[str, float] = {}
    for name, released in runs.items():
        found = defaultdict[str, list[Seen]](list)
        for (dataset, record), truth, release in zip(given, whole, released, strict=True):
            if truth is not None and release is not None:
                seen = of_people[dataset].seen(record, truth, release)
                found[str(record["crime_reference"])].append(seen)
        figures |= {f"{what}_{name}": value for what, value in _figures([*found.values()]).items()}
    return figures


def cases_of_district(folder: Path) -> dict[str, float]:
    """Return the figures of a year of Bath and North East Somerset, with the names of the area `privacy`.

    There are as many crimes as were published, without anti-social behaviour. `folder` is for the
    index.

    Raises:
        FileNotFoundError: the real data are not beside the checkout.
    """
    index = district_index(folder)
    crimes = sum(row["Crime type"] != "Anti-social behaviour" for row in published_crimes())
    found = joined_cases(index, points_of_index(folder / "index"), crimes * 12 // MONTHS)
    shares = {
        f"{named}_{rule}": found[f"{what}_{run}"]
        for what, named in _FIGURES.items()
        for run, rule in _RULES.items()
    }
    return {"joined_cases": found["cases_joined"], **shares}


def on_page(found: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `joined-cases` of the page on protection, in their order."""
    return [
        share(found[f"{named}_{rule}"]) for named in _FIGURES.values() for rule in _RULES.values()
    ]


def _in_order(
    points: Sequence[Point], crimes: int, catalogue: Catalogue
) -> Iterator[tuple[str, Record]]:
    """Yield the records of both files, each with its dataset, in the order of their crimes."""
    rows = [
        (dataset, record)
        for dataset, (make, one_in) in _FILES.items()
        for record in typed(make(crimes // one_in, _SEED, points), catalogue.record_type(dataset))
    ]
    yield from sorted(rows, key=lambda row: str(row[1]["crime_reference"]))


def _apart(dataset: str, record: Record, number: int) -> tuple[str, Record]:
    return dataset, {**record, "crime_reference": f"{record['crime_reference']}/{number}"}


def _released(
    given: Iterable[tuple[str, Record]],
    index: PostcodeIndex,
    catalogue: Catalogue,
    rule: Combinations,
) -> list[Release | None]:
    """Return the release of each record; None if it is rejected."""
    keys = KeyRing.of(ReferenceKey(b"k" * 32))
    means = Means(catalogue.code_lists, Locator(index), keys)
    steps = {
        dataset: build_steps(
            Terms("police", catalogue.record_type(dataset), {OWN: (_PROFILE,)}, rule), means
        )
        for dataset in _FILES
    }
    works = (steps[dataset].decide(record, _NOW) for dataset, record in given)
    return [work.releases[0].record if work.releases else None for work in works]


class _OfPerson(NamedTuple):
    """The attributes of the person of one record type."""

    role: str
    names: Sequence[str]
    coarser: Mapping[str, tuple[str, Callable[[Any], str | None]]]
    places: Sequence[str]

    @classmethod
    def of(cls, record_type: RecordType, catalogue: Catalogue) -> _OfPerson:
        (person,) = people(record_type, _PROFILE)
        coarser = {
            f.name: (name, catalogue.code_lists[codes].group if codes else band)
            for f in person.fields
            for codes in [f.treatments[_PROFILE].code_list]
            if (name := coarser_name(f, _PROFILE))
        }
        names = [f.name for f in person.fields]
        return cls(person.about, names, coarser, record_type.released_places(_PROFILE))

    def seen(self, record: Record, truth: Release, release: Release) -> Seen:
        """Return the person of a record; `truth` is the release to which no rule was applied."""
        exact = {name: str(truth[name]) for name in self.names if truth[name]}
        coarse = {name: str(of(truth[n])) for n, (name, of) in self.coarser.items() if truth[n]}
        told = {n: str(release[n]) for n in (*self.names, *coarse) if release[n]}
        who = str(record.get("offender_reference") or record["name"])
        areas = frozenset(released_areas(release, self.places))
        return Seen(self.role, who, areas, exact, coarse, told)


def _figures(every: Sequence[Case]) -> dict[str, float]:
    cases = [case for case in every if len(case) > 1]
    told = [[one for one in case if one.told] for case in cases]
    joined = [case for case in told if len(case) > 1]
    around = defaultdict[str, list[Case]](list)
    for case in cases:
        for area in {area for one in case for area in one.areas}:
            around[area].append(case)
    under_k = sum(_least_alike(case, around) < _K for case in joined)
    looks = Counter(map(_sexes_and_ages, joined))
    unique = sum(looks[_sexes_and_ages(case)] == 1 for case in joined)
    return {
        "cases": len(cases),
        "under_k": under_k / len(cases),
        "unique": unique / len(cases),
        "kept": _kept(cases),
        "kept_of_all": _kept(every),
    }


def _kept(cases: Sequence[Case]) -> float:
    given = sum(len(one.exact) for case in cases for one in case)
    return sum(len(one.told) for case in cases for one in case) / given


def _sexes_and_ages(case: Case) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{one.role} {one.told.get('gender')} {one.told.get('age') or one.told.get('age_band')}"
            for one in case
        )
    )


def _least_alike(case: Case, around: Mapping[str, Sequence[Case]]) -> int:
    """Return how many cases, no two of them with the same person in it, match a case around its areas."""
    areas = {area for one in case for area in one.areas}
    return min((_alike(case, area, around[area]) for area in areas), default=0)


def _alike(case: Case, area: str, others: Sequence[Case]) -> int:
    people_of: list[set[tuple[str, str]]] = []
    for other in others:
        for chosen in permutations(other, len(case)):
            if all(a.is_like(b, area) for a, b in zip(chosen, case, strict=True)):
                who = {(one.role, one.who) for one in chosen}
                if all(who.isdisjoint(known) for known in people_of):
                    people_of.append(who)
                break
    return len(people_of)
