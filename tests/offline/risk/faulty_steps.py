"""Faults of the sanitiser itself: a step is replaced, for the release and for what the check derives.

A check that only compares with a second run cannot find these, because the second run has the same
fault. The kinds that no check finds are here too, so that they are known, and a change is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import time
from typing import Any
from unittest.mock import patch

from demo.generator.csv_files import write_csv
from offline.risk.intruder import Report
from offline.run import Order, sanitise_file
from sanitiser import policy
from sanitiser.address import address as addresses
from sanitiser.address.address import SplitAddress
from sanitiser.build.premises_list import PremisesList
from sanitiser.people.ages import band
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import Postcode, PostcodeIndex, ReleasedPlace
from sanitiser.references import ReferenceKey
from sanitiser.rows import RowRule
from schemas.coded_text import Reading, TextReader
from tests.offline.risk.planted import Row, Trial, attack, leaking, originals_of

Fault = Callable[[PostcodeIndex], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class FaultyStep:
    """A fault of a step, and the check and field that have to find it; None if no check does.

    `original` is added to the made-up ones.
    """

    name: str
    fault: Fault
    found_by: tuple[str, str] | None
    original: Row | None = None
    dataset: str = "police-incident"
    profile: str = "central"


def without_and_with(trial: Trial, step: FaultyStep) -> tuple[Report, Report]:
    """Attack the release of the sound steps, and that of the faulty one, with the fault in both runs."""
    made = _with_register(trial.order(step.dataset, step.profile))
    write_csv(made.file, originals_of(step.dataset, step.original))
    sanitise_file(made)
    sound = attack(made)
    with step.fault(made.index):
        sanitise_file(made)
        return sound, attack(made)


def is_found(step: FaultyStep, sound: Report, faulty: Report) -> bool:
    """Return True if nothing is found without the fault, and the named finding with it."""
    found = {(f.attack, f.field) for f in faulty.findings}
    return not sound.findings and step.found_by in found


def _with_register(order: Order) -> Order:
    return replace(order, lists=replace(order.lists, premises=PremisesList(["Oak Academy"])))


def _treating(action: str, treat: Callable[[str, Any], Any]) -> Fault:
    return lambda _index: patch.dict("sanitiser.policy._OF_VALUES", {action: treat})


def _of(owner: object, name: str, value: object) -> Fault:
    return lambda _index: patch.object(owner, name, value)


def _as_given(_agency: str, given: Any) -> Any:
    return given


def _next_hour(_agency: str, given: time) -> time:
    return time((given.hour + 1) % 24)


def _band_of_another_age(_agency: str, given: int) -> str | None:
    return band(given + 10)


def _every_word(parts: SplitAddress) -> str | None:
    """Release what is left of an address, whether or not the split is certain."""
    return ", ".join(filter(None, (parts.street, parts.locality))) or None


def _whole(address: str) -> SplitAddress:
    """Take every word but numbers for the street."""
    street = " ".join(word for word in address.split() if not word[0].isdigit())
    return SplitAddress(street, None, (), None, certain=True, reason=None)


def _own_places(index: PostcodeIndex) -> AbstractContextManager[object]:
    """Release each postcode, however few households it has."""

    def release(postcode: str) -> ReleasedPlace | None:
        own = index.find(postcode)
        return _unmoved(own) if own else None

    return patch.object(index, "release", release)


def _unmoved(own: Postcode) -> ReleasedPlace:
    return ReleasedPlace(
        own.postcode, own.easting, own.northing, own.district,
        street_allowed=True, substituted=False, households=own.households, displacement_m=0.0,
    )  # fmt: skip


_SOUND_STREET = Locator._street


def _street_of_any(
    self: Locator, address: str | None, place: ReleasedPlace, stated: Postcode | None
) -> tuple[str | None, tuple[str, ...]]:
    """Treat a postcode that stands in for others like any other."""
    return _SOUND_STREET(self, address, place._replace(street_allowed=True), stated)


def _no_stand_ins(index: PostcodeIndex) -> AbstractContextManager[object]:
    """Release each place as if it stood in for none: the index itself is wrong."""
    sound = index.release

    def release(postcode: str) -> ReleasedPlace | None:
        place = sound(postcode)
        return place._replace(street_allowed=True) if place else None

    return patch.object(index, "release", release)


def _keyless(_self: ReferenceKey, *parts: str) -> str:
    return hashlib.sha256(parts[-1].encode()).hexdigest()[:32]


def _told(_released: Mapping[str, Any], caveats: list[str]) -> list[str]:
    """Add a caveat that has a word of the original."""
    return [*caveats, "incident_date:okonkwo"]


def _wrong_code(self: TextReader, _text: str) -> Reading:
    """Read each text as the first code of the list."""
    return Reading([next(iter(self._list.spellings))], residue=False)


_PREMISES = {
    "crime_reference": "B-9000", "domestic": "false", "incident_date": "2024-04-30",
    "victim_name": "Ada Okonkwo", "location_postcode": "SW1A 1AA",
    "location_premises": "Okonkwo Lodge",
}  # fmt: skip
_STAND_IN = leaking(
    location_address="5 Acacia Avenue", location_postcode="BA1 1AB",
    location_easting="", location_northing="",
)  # fmt: skip
_FEW = leaking(
    location_address="", location_postcode="BA1 1AA", location_easting="", location_northing=""
)

FAULTY_STEPS = (
    FaultyStep(
        "names of premises that no register has",
        _of(PremisesList, "__call__", lambda _self, given: given),
        ("residual identifiers", "location_premises"), _PREMISES, "btp-crime",
    ),
    FaultyStep(
        "the hour with its minutes", _treating("hour", _as_given), ("forms", "incident_time"),
        profile="second",
    ),
    FaultyStep(
        "the hour after", _treating("hour", _next_hour), ("rows of no original", "incident_time"),
        profile="second",
    ),
    FaultyStep(
        "the age for its band", _treating("band", _as_given), ("forms", "suspect_age"),
        dataset="police-stop-search", profile="second",
    ),
    FaultyStep(
        "the band of another age", _treating("band", _band_of_another_age),
        ("rows of no original", "suspect_age"), dataset="police-stop-search", profile="second",
    ),
    FaultyStep(
        "an amount as it is", _treating("rounded", _as_given), ("forms", "waste_weight"),
        dataset="council-asb", profile="second",
    ),
    FaultyStep(
        "a surname left in the street", _of(addresses, "split", _whole),
        ("streets", "location_address"), leaking(location_address="12 Okonkwo Park Road"),
    ),
    FaultyStep(
        "a locality left after the street", _of(addresses, "released_part", _every_word),
        ("streets", "location_address"), leaking(location_address="5 Acacia Avenue, Okonkwo"),
    ),
    FaultyStep(
        "a postcode with few households not moved", _own_places,
        ("places", "location_postcode"), _FEW,
    ),
    FaultyStep(
        "the own street of a stand-in", _of(Locator, "_street", _street_of_any),
        ("places", "location_address"), _STAND_IN,
    ),
    FaultyStep(
        "rows that second may not have", _of(RowRule, "__call__", lambda *_: None),
        ("rows of no original", ""), leaking(domestic="true"), profile="second",
    ),
    FaultyStep(
        "digests without a key", _of(ReferenceKey, "digest", _keyless),
        ("digests", "incident_reference"),
    ),
    FaultyStep(
        "an index that does not know its stand-ins", _no_stand_ins,
        None, _STAND_IN,
    ),
    FaultyStep(
        "a caveat with a word of the original", _of(policy, "caveats_of", _told), None, leaking()
    ),
    FaultyStep(
        "a wrong code for a free text", _of(TextReader, "__call__", _wrong_code), None,
        dataset="police-crime-offence",
    ),
)  # fmt: skip
