"""Measure how many released records are alone at their place and date, and which bursts at one home show.

The records are the published crimes of Bath and North East Somerset, with their kinds, months and points.
50 bursts are added, each of three records at one home on one day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.second import SecondProfile
from offline.steps import Agreed, steps_for
from sanitiser.places.coarse_places import CoarsePlaces
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import SCHEMA_FOLDER, Catalogue, load_catalogue
from schemas.london import london_time
from tests.benchmarks.banes import (
    DISTRICT,
    day_in,
    district_index,
    postcode_near,
    published_crimes,
)
from tests.benchmarks.page import amount, share

BURSTS: Final = 50
BURST: Final = 3
"""Records of a burst."""

SMALL: Final = 100
"""A place with fewer households is small: a neighbour knows which home it was."""

_DATASET: Final = "police-incident"
_SEED: Final = 27
_KEY: Final = ReferenceKey(b"k" * 32)
_KINDS: Final = (
    "Anti-social behaviour", "ASB nuisance", "ASB environmental", "Street drinking", "Nuisance vehicles",
    "Noise", "Street disorder", "Suspicious circumstances", "Road traffic", "Alarm", "Hoax call",
)  # fmt: skip
"""Kinds of incidents that profile second gets. Each kind of crime is one of them, with its real share."""


class Shown(NamedTuple):
    """The parts of a release that a reader compares: place, date and kind."""

    place: str
    day: date
    kind: str


@dataclass(frozen=True, slots=True)
class Record:
    """An original, the day on which its agency supplies it, and its burst, if it is of one."""

    given: Mapping[str, Any]
    supplied: date
    burst: int | None = None


def measure(folder: Path) -> dict[str, float]:
    """Return the figures of each way of releasing the same records; `folder` is for the index.

    Raises:
        FileNotFoundError: the real data are not beside the checkout.
    """
    index = district_index(folder)
    records = list(_records(index))
    example = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", load_catalogue())
    treated = _with_second(example, SecondProfile())
    figures: dict[str, float] = {"records": len(records), "bursts": BURSTS}
    for name, protocol, profile, is_watched in (
        ("central", example, "central", False),
        ("second_as_treated", treated, "second", False),
        ("second_example", example, "second", False),
        ("second_example_watched_daily", example, "second", True),
    ):
        shown = _shown(records, protocol, profile, index, is_watched=is_watched)
        found = _figures(records, shown, _households(index))
        figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    return figures


def on_page(figures: Mapping[str, float]) -> list[str]:
    """Return the figures of the part `singling` of the page on protection, in their order."""
    return [
        shown
        for name in (
            "central",
            "second_as_treated",
            "second_example",
            "second_example_watched_daily",
        )
        for shown in (
            share(figures[f"{name}_alone"]),
            amount(figures[f"{name}_bursts_at_a_small_place"]),
            amount(BURSTS),
        )
    ]


def _figures(
    records: Sequence[Record], shown: Sequence[Shown], households: Mapping[str, int]
) -> dict[str, float]:
    """Return the share of records alone, and the bursts that a reader finds, of all places and of small ones.

    A reader finds a burst in a group of three records or more of one place, date and kind, most of which are
    the burst's.
    """
    at = Counter((one.place, one.day) for one in shown)
    groups = defaultdict[Shown, list[int | None]](list)
    for record, one in zip(records, shown, strict=True):
        groups[one].append(record.burst)
    large = {one: bursts for one, bursts in groups.items() if len(bursts) >= BURST and one.place}
    small = {one: of for one, of in large.items() if households.get(one.place, SMALL) < SMALL}
    return {
        "alone": sum(at[one.place, one.day] == 1 for one in shown) / len(shown),
        "bursts_at_a_small_place": sum(map(_has_burst, small.values())),
        "bursts_seen": sum(map(_has_burst, large.values())),
        "others_at_a_small_place": sum(not _has_burst(of) for of in small.values()),
        "others_seen": sum(not _has_burst(of) for of in large.values()),
    }


def _has_burst(bursts: Sequence[int | None]) -> bool:
    counted = Counter(burst for burst in bursts if burst is not None)
    return any(count == BURST and 2 * count > len(bursts) for count in counted.values())


def _shown(
    records: Sequence[Record], protocol: Protocol, profile: str, index: PostcodeIndex, *,
    is_watched: bool,
) -> list[Shown]:  # fmt: skip
    """Return what a reader sees of each record. One who watches the topic knows the day of each supply."""
    catalogue: Catalogue = load_catalogue()
    agreed = Agreed.of(protocol, _DATASET, profile, None)
    steps = steps_for(_DATASET, profile, index=index, key=_KEY, catalogue=catalogue, agreed=agreed)
    shown = []
    for record in records:
        now = datetime.combine(record.supplied, datetime.min.time(), UTC)
        work = steps.decide(dict(record.given), london_time(now))
        (release,) = (released for of, released in work.releases if of == profile)
        day = record.supplied if is_watched else release["incident_date"]
        place = release["location_postcode"] or release["location_district"] or ""
        shown.append(Shown(place, day, release["incident_type"]))
    return shown


def _with_second(protocol: Protocol, second: SecondProfile) -> Protocol:
    sanitising = protocol.sanitising.model_copy(update={"second": second})
    return protocol.model_copy(update={"sanitising": sanitising})


def _households(index: PostcodeIndex) -> dict[str, int]:
    """Return the households of each place that a release may name, by postcode and by sector."""
    cells = CoarsePlaces(index, index.metadata.k, by_sector=True).cells(DISTRICT)
    return {sector: cell.households for sector, cell in cells.items()} | {
        postcode.postcode: postcode.households or 0 for postcode in index.in_district(DISTRICT)
    }


def _records(index: PostcodeIndex) -> Iterator[Record]:
    rng, kinds = Random(_SEED), dict[str, str]()
    crimes = list(published_crimes())
    for number, crime in enumerate(crimes):
        kind = kinds.setdefault(crime["Crime type"], _KINDS[len(kinds) % len(_KINDS)])
        postcode = postcode_near(crime, index, rng)
        if postcode is not None:
            yield _record(f"B-{number}", kind, day_in(crime["Month"], rng), postcode)
    homes = [p for p in index.in_district(DISTRICT) if p.households]
    weights = [home.households or 0 for home in homes]
    for burst, home in enumerate(rng.choices(homes, weights, k=BURSTS)):
        crime = rng.choice(crimes)
        kind, day = kinds[crime["Crime type"]], day_in(crime["Month"], rng)
        for each in range(BURST):
            yield _record(f"P-{burst}-{each}", kind, day, home.postcode, burst)


def _record(
    reference: str, kind: str, day: date, postcode: str, burst: int | None = None
) -> Record:
    given = {
        "incident_reference": reference,
        "incident_type": kind,
        "domestic": False,
        "incident_date": day,
        "location_address": "5 Acacia Avenue",
        "location_postcode": postcode,
    }
    return Record(given, day + timedelta(days=1), burst)
