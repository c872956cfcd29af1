"""List kinds of recorded offence: how often, when and where each happens, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from demo.generator.choice import Weighted
from demo.generator.clock import week

DAYTIME = week(day=3, evening=1.5, night=0.5, weekend_night=0.5)
EVENING = week(day=1.2, evening=3, night=1.5, weekend_night=3)
NIGHT = week(day=0.5, evening=1.5, night=2, weekend_night=8)

_STOLEN = (
    "Laptop and mobile phone", "Gold necklace and cash", "Games console, television",
    "Power tools from the shed", "Purse with bank card and cash", "Passport and driving licence",
)  # fmt: skip


class Offence(NamedTuple):
    """The way in which one kind of offence is recorded.

    `unseen` is the longest time until it is noticed, in hours. `personal` means that it has a
    victim. `domestic` is the percentage of domestic ones. `trigger` means that people arrested for
    it are tested for drugs (Criminal Justice and Court Services Act 2000, schedule 6).
    """

    code: str
    category: str
    words: str
    pattern: Weighted[int]
    home: bool = False
    unseen: int = 0
    entry: bool = False
    stolen: tuple[str, ...] = ()
    weapon: bool = False
    vehicle: bool = False
    personal: bool = True
    domestic: int = 0
    trigger: bool = False


_VIOLENCE, _DAMAGE = "Violence and sexual offences", "Criminal damage and arson"
KINDS: Mapping[Offence, float] = {
    Offence("8N", _VIOLENCE, "Assault occasioning actual bodily harm", NIGHT, weapon=True, domestic=28): 11.0,
    Offence("105A", _VIOLENCE, "Common assault", EVENING, weapon=True, domestic=35): 13.0,
    Offence("8L", _VIOLENCE, "Harassment", EVENING, home=True, domestic=45): 8.0,
    Offence("9A", "Public order", "Public order offence", NIGHT, personal=False): 9.0,
    Offence("58A", _DAMAGE, "Criminal damage to a dwelling", NIGHT, home=True, unseen=10, domestic=25): 4.0,
    Offence("58C", _DAMAGE, "Criminal damage to a vehicle", NIGHT, unseen=12, vehicle=True): 5.0,
    Offence("46", "Shoplifting", "Theft from a shop", DAYTIME, stolen=("Meat and alcohol", "Clothing"),
            personal=False, trigger=True): 12.0,
    Offence("49", "Other theft", "Theft", DAYTIME, unseen=6, stolen=_STOLEN, trigger=True): 9.0,
    Offence("39", "Theft from the person", "Theft from the person", NIGHT,
            stolen=("Mobile phone", "Purse"), trigger=True): 2.0,
    Offence("44", "Bicycle theft", "Theft of a pedal cycle", DAYTIME, unseen=10,
            stolen=("Pedal cycle",), trigger=True): 3.0,
    Offence("45", "Vehicle crime", "Theft from a vehicle", NIGHT, unseen=12, stolen=_STOLEN,
            vehicle=True, trigger=True): 6.0,
    Offence("48/01", "Vehicle crime", "Theft of a motor vehicle", NIGHT, unseen=10, stolen=("Car",),
            vehicle=True, trigger=True): 2.0,
    Offence("28E", "Burglary", "Burglary in a dwelling", EVENING, home=True, unseen=9, entry=True,
            stolen=_STOLEN, trigger=True): 5.0,
    Offence("30C", "Burglary", "Burglary, business and community", NIGHT, unseen=14, entry=True,
            stolen=_STOLEN, personal=False, trigger=True): 3.0,
    Offence("34B", "Robbery", "Robbery of personal property", NIGHT, stolen=("Mobile phone", "Cash"),
            weapon=True, trigger=True): 1.0,
    Offence("92E", "Drugs", "Possession of a class A drug", EVENING, personal=False, trigger=True): 3.0,
    Offence("10D", "Possession of weapons", "Possession of a bladed article", NIGHT, weapon=True,
            personal=False): 1.0,
}  # fmt: skip
"""The frequency of each kind among recorded offences; the weights need not add up to 100."""

_OF_PERSONAL = sum(weight for kind, weight in KINDS.items() if kind.personal)
_OF_ALL = sum(KINDS.values())


def _table(*, personal: bool, trigger: bool) -> Weighted[Offence]:
    """Return kinds for crimes that must be personal, or kinds that complete the weights above.

    Every second crime must be personal, so personal kinds are less frequent among the others.
    """
    fewer = (_OF_PERSONAL - _OF_ALL / 2) / _OF_PERSONAL
    return Weighted(
        (kind, weight * (fewer if kind.personal and not personal else 1.0))
        for kind, weight in KINDS.items()
        if (kind.personal or not personal) and (kind.trigger or not trigger)
    )


OFFENCES = {
    (personal, trigger): _table(personal=personal, trigger=trigger)
    for personal in (True, False)
    for trigger in (True, False)
}
"""Kinds of offence, by whether the crime must have a victim and must be a trigger offence."""

OFFENCE_WORDS = tuple(kind.words for kind in KINDS)
