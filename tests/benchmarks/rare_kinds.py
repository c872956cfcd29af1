"""Count the single events of a kind and period at places of few households, in the releases of a district.

The households of a place are its own, and those of the postcodes that are released as it. Kinds are the
released codes of offences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from sanitiser.places.coarse_places import CoarsePlaces
from sanitiser.places.postcodes import PostcodeIndex
from tests.benchmarks.banes import DISTRICT
from tests.benchmarks.offences import Release, example, offences, releases, without_settings
from tests.benchmarks.page import amount

FEW: Final = 8
"""A place with fewer households is small."""

RARE: Final = 50
"""A code is rare if at most this many releases of five months in the district have it."""

_FIGURES: Final = (
    "single_events",
    "single_at_few_homes",
    "single_at_few_homes_of_stand_ins",
    "single_of_rare_kind_at_few_homes",
)
RELEASES: Final = ("central", "second_by_month", "second_by_week_and_sector")


def single_events(index: PostcodeIndex) -> dict[str, float]:
    """Return the numbers of classes with one event, of one place, kind and period.

    The period is the month, and in the example's `second` the week. The figures count all these classes, and
    how many of them are at places with fewer than `FEW` households. Of the latter they count how many are at
    a substitute for another postcode, and how many have a rare code.
    """
    every, agreed = list(offences(index)), example()
    plain = without_settings(agreed)
    ways = dict(
        zip(RELEASES, ((agreed, "central"), (plain, "second"), (agreed, "second")), strict=True)
    )
    homes, stand_ins = _homes(index), _stand_ins(index)
    found: dict[str, float] = {}
    for name, (protocol, profile) in ways.items():
        shown = [r for r in releases(every, protocol, profile, index) if r is not None]
        codes = Counter(r["offence_code"] for r in shown)
        classes = Counter(map(_class, shown))
        single = [one for one, events in classes.items() if events == 1]
        few = [one for one in single if homes[one[0]] < FEW]
        figures = (
            len(single),
            len(few),
            sum(place in stand_ins for place, _, _ in few),
            sum(codes[code] <= RARE for _, code, _ in few),
        )
        found |= {f"{figure}_{name}": n for figure, n in zip(_FIGURES, figures, strict=True)}
    return found


def on_page(found: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `rare-kinds` of the page on protection, in their order."""
    return [amount(found[f"{what}_{name}"]) for name in RELEASES for what in _FIGURES]


def _class(release: Release) -> tuple[str, str, str]:
    day = release["committed_from_date"]
    is_week = any(caveat.endswith("first-day-of-week") for caveat in release["caveats"])
    place = release["location_postcode"] or release["location_district"]
    return place, release["offence_code"], f"{day:%G-%V}" if is_week else f"{day:%Y-%m}"


def _homes(index: PostcodeIndex) -> Mapping[str, int]:
    """Return the households of each released place: of the postcode with its origins, or of the sector."""
    homes = defaultdict[str, int](int)
    for postcode in index.in_district(DISTRICT):
        place = index.release(postcode.postcode)
        if place is not None and place.postcode is not None:
            homes[place.postcode] += postcode.households or 0
    cells = CoarsePlaces(index, index.metadata.k, by_sector=True).cells(DISTRICT)
    whole = sum(cell.households for cell in cells.values())
    return homes | {sector: cell.households for sector, cell in cells.items()} | {DISTRICT: whole}


def _stand_ins(index: PostcodeIndex) -> set[str | None]:
    """Return the postcodes that are released in the place of others."""
    places = ((p.postcode, index.release(p.postcode)) for p in index.in_district(DISTRICT))
    return {place.postcode for own, place in places if place is not None and place.postcode != own}
