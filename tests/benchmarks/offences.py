"""Offences made of the published crimes of Bath and North East Somerset, and their releases.

Kind, month and place are those of the published crime. It does not say whether it was domestic, and has no
code of the Home Office. Both are drawn, with the shares in `KINDS`. A third of the violence is domestic, as
the Office for National Statistics says of violence against the person; all other shares are assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any, Final, NamedTuple

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.second import SecondProfile
from offline.steps import Agreed, steps_for
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from tests.benchmarks.banes import day_in, point_of, postcode_near, published_crimes


class Kind(NamedTuple):
    """The share of domestic crimes of a published kind, and its codes with their weights."""

    domestic: float
    codes: Mapping[str, int]


KINDS: Final = {
    "Violence and sexual offences": Kind(
        1 / 3, {"8N": 25, "105A": 30, "8G": 10, "8L": 15, "8R": 10, "20A": 7, "19C": 3}
    ),
    "Criminal damage and arson": Kind(1 / 10, {"58B": 40, "58C": 35, "58D": 20, "56A": 5}),
    "Public order": Kind(1 / 20, {"9A": 95, "62A": 5}),
    "Burglary": Kind(0, {"28E": 65, "30C": 35}),
    "Vehicle crime": Kind(0, {"45": 75, "48": 25}),
    "Bicycle theft": Kind(0, {"44": 1}),
    "Other theft": Kind(0, {"49": 1}),
    "Shoplifting": Kind(0, {"46": 1}),
    "Theft from the person": Kind(0, {"39": 1}),
    "Robbery": Kind(0, {"34B": 80, "34A": 20}),
    "Drugs": Kind(0, {"92D": 60, "92E": 40}),
    "Possession of weapons": Kind(0, {"10D": 60, "81": 40}),
    "Other crime": Kind(0, {"802": 50, "95": 50}),
}
_DATASET: Final = "police-crime-offence"
_AGENCY: Final = "police"
_NOW: Final = datetime(2019, 6, 1, 12)
_SEED: Final = 28
_KEY: Final = ReferenceKey(b"k" * 32)

Release = Mapping[str, Any]


class Offence(NamedTuple):
    """A published crime and the record of it; `point` is the published one (EPSG:27700, metres)."""

    kind: str
    month: str
    point: tuple[float, float]
    given: Mapping[str, Any]


def offences(index: PostcodeIndex) -> Iterator[Offence]:
    """Yield an offence for each published crime, without anti-social behaviour."""
    rng = Random(_SEED)
    for number, crime in enumerate(published_crimes()):
        kind, point = KINDS.get(crime["Crime type"]), point_of(crime)
        postcode = postcode_near(crime, index, rng)
        if kind is None or point is None or postcode is None:
            continue
        (code,) = rng.choices([*kind.codes], [*kind.codes.values()])
        given = {
            "crime_reference": f"C-{number}",
            "offence_code": code,
            "domestic": rng.random() < kind.domestic,
            "committed_from_date": day_in(crime["Month"], rng),
            "location_address": "5 Acacia Avenue",
            "location_postcode": postcode,
        }
        yield Offence(crime["Crime type"], crime["Month"], point, given)


def releases(
    every: Sequence[Offence], protocol: Protocol, profile: str, index: PostcodeIndex
) -> list[Release | None]:
    """Return the release of each offence in a profile; None if it has none."""
    agreed = Agreed.of(protocol, _DATASET, profile, _AGENCY)
    steps = steps_for(
        _DATASET, profile, index=index, key=_KEY, catalogue=load_catalogue(), agreed=agreed
    )
    works = (steps.decide(dict(offence.given), _NOW) for offence in every)
    return [work.releases[0].record if work.releases else None for work in works]


def example() -> Protocol:
    """Return the example protocol, with weeks and sectors in profile second."""
    return load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", load_catalogue())


def without_settings(protocol: Protocol) -> Protocol:
    """Return a protocol whose profile second has days and postcodes."""
    sanitising = protocol.sanitising.model_copy(update={"second": SecondProfile()})
    return protocol.model_copy(update={"sanitising": sanitising})
