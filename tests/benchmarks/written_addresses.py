"""Real streets of a city as agencies write them, with people and houses before, within and behind them.

The streets are those of data.police.uk's releases of one force ("On or near Acacia Avenue"). The word
lists of `sanitiser.address` were made from addresses of another city, so they have not seen these.
"""

from __future__ import annotations

import csv
import lzma
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import NamedTuple

from tests.conftest import SHARED_DATA

FORCE = SHARED_DATA / "crime" / "avon_and_somerset_2018-10_to_2019-02.csv.xz"
_NEAR = "On or near "
_TOWNS = ("Bath", "Bristol", "Taunton", "Yeovil", "Keynsham", "Weston-super-Mare")
_AREAS = ("Weston", "Odd Down", "Stoke Gifford", "Nailsea", "Clutton", "Twerton")
_SHORT = {"road": "Rd", "street": "St", "avenue": "Ave", "lane": "Ln", "close": "Cl", "drive": "Dr",
          "crescent": "Cres", "gardens": "Gdns", "terrace": "Terr", "square": "Sq", "place": "Pl",
          "grove": "Gr", "park": "Pk"}  # fmt: skip
SURNAMES = (
    "Okonkwo", "Patel", "Smith", "Nowak", "Jones-Bowen", "Green", "Hall", "Lane", "Park", "Khan",
    "Szczepanski", "O'Connell", "McAllister", "Hill", "Wood", "Church", "Begum", "Adeyemi", "Brown", "Court",
    "Fernandes", "Rivers", "Banks", "Singh", "Wells", "Marsh", "Fields", "Ali", "Grove", "Nguyen",
)  # fmt: skip
FORENAMES = (
    "Jane", "Mary", "Harry", "Chidi", "Agnieszka", "Mohammed", "Rose", "Heather", "Grace", "Peter",
    "Victoria", "George", "Olive", "Ivy", "Chester", "Kelly", "Ashley", "Florence", "Dale", "Gwen",
)  # fmt: skip
HOUSES = (
    "The Willows", "Rose Cottage", "Ivy Bank", "Maes-y-Felin", "Rosedene", "The Old Rectory", "Windy Ridge",
    "Brookside", "Oak View", "Larches", "Okonkwo House", "Tresillian Court", "Sea View", "Primrose Hill Farm",
    "Meadow Bank", "Dunroamin", "Journey's End", "Fairholme", "The Cedars", "Lilac Mead",
)  # fmt: skip


class Line(NamedTuple):
    """An address as written, its street, and the words that no release may have."""

    text: str
    street: str
    way: str
    secret: tuple[str, ...]


class Seen(NamedTuple):
    """A street's published name and a point of it in degrees (WGS84)."""

    name: str
    longitude: float
    latitude: float


def published_streets() -> Iterator[Seen]:
    """Yield the street of each release of the force, as published, with its point."""
    with lzma.open(FORCE, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["Location"].startswith(_NEAR):
                name = row["Location"].removeprefix(_NEAR).strip()
                yield Seen(name, float(row["Longitude"]), float(row["Latitude"]))


class _Writer:
    """The parts of one written address, drawn at random."""

    def __init__(self, street: str, other: str, postcode: str, random: Random) -> None:
        self.street, self.other, self.postcode = street, other, postcode
        self.number = random.randint(1, 240)
        self.flat = random.randint(1, 40)
        self.letter = random.choice("abcd")
        self.town, self.area = random.choice(_TOWNS), random.choice(_AREAS)
        self.surname, self.forename = random.choice(SURNAMES), random.choice(FORENAMES)
        self.house = random.choice(HOUSES)

    @property
    def shortened(self) -> str:
        begin, _, last = self.street.rpartition(" ")
        return f"{begin} {_SHORT.get(last.casefold(), last)}".strip()


Ways = Mapping[str, Callable[[_Writer], str]]

WAYS: Ways = {
    "number, town": lambda w: f"{w.number} {w.street}, {w.town}",
    "number alone": lambda w: f"{w.number} {w.street}",
    "number, town, postcode": lambda w: f"{w.number} {w.street}, {w.town}, {w.postcode}",
    "number apart": lambda w: f"{w.number}, {w.street}, {w.town}",
    "number and letter": lambda w: f"{w.number}{w.letter} {w.street}, {w.town}",
    "range": lambda w: f"{w.number}-{w.number + 2} {w.street}, {w.town}",
    "no.": lambda w: f"No. {w.number} {w.street}, {w.town}",
    "flat apart": lambda w: f"Flat {w.flat}, {w.number} {w.street}, {w.town}",
    "flat": lambda w: f"Flat {w.flat} {w.number} {w.street} {w.town}",
    "floor": lambda w: f"Ground Floor Flat, {w.number} {w.street}, {w.town}",
    "unit": lambda w: f"Unit {w.flat}, {w.number} {w.street}, {w.area}, {w.town}",
    "upper case": lambda w: f"{w.number} {w.street}, {w.town}".upper(),
    "lower case": lambda w: f"{w.number} {w.street}, {w.town}".lower(),
    "shortened": lambda w: f"{w.number} {w.shortened}, {w.town}",
    "no commas": lambda w: f"{w.number} {w.street} {w.town} {w.postcode}",
    "area": lambda w: f"{w.number} {w.street}, {w.area}, {w.town}, {w.postcode}",
    "lines": lambda w: f"{w.number} {w.street}\n{w.area}\n{w.town}\n{w.postcode}",
    "outside a number": lambda w: f"Outside {w.number} {w.street}, {w.town}",
    "house and number": lambda w: f"{w.house}, {w.number} {w.street}, {w.town}",
    "street, town": lambda w: f"{w.street}, {w.town}",
    "outside": lambda w: f"o/s {w.street}, {w.town}",
    "junction": lambda w: f"Junction of {w.street} and {w.other}, {w.town}",
}
"""22 ways of writing an address whose street can be told; houses among them are secret."""

PEOPLE: Ways = {
    "person, number": lambda w: f"{w.forename} {w.surname}, {w.number} {w.street}, {w.town}",
    "c/o": lambda w: f"c/o Mrs {w.surname}, {w.number} {w.street}, {w.town}",
    "surname within": lambda w: f"{w.number} {w.surname} {w.street}, {w.town}",
    "person within": lambda w: f"{w.number} {w.forename} {w.surname} {w.street}",
    "house within": lambda w: f"{w.number} {w.house} {w.street}, {w.town}",
    "surname without number": lambda w: f"{w.surname} {w.street}, {w.town}",
    "outside somebody's": lambda w: f"outside {w.surname} {w.street}",
    "behind a house": lambda w: f"behind {w.house} {w.street}",
    "corner": lambda w: f"{w.surname} corner {w.street}",
    "run together": lambda w: f"Mr{w.surname.replace(' ', '')}{w.street}",
    "house alone": lambda w: f"{w.house}, {w.street}, {w.town}",
    "house numbered": lambda w: f"{w.number} {w.house}, {w.street}, {w.town}",
    "person behind": lambda w: f"{w.number} {w.street}, {w.forename} {w.surname}, {w.town}",
    "surname behind": lambda w: f"{w.number} {w.street} {w.surname}",
    "surname behind as drive": lambda w: f"{w.number} {w.street} {w.surname} drive",
    "in brackets": lambda w: f"{w.number} {w.street} ({w.forename} {w.surname}), {w.town}",
    "person and street": lambda w: f"{w.forename} {w.surname} & {w.street}",
    "person like a street": lambda w: f"{w.number} {w.street}, {w.forename} Lane, {w.town}",
    "mark": lambda w: f"AB12 CDE {w.street}, {w.town}",
    "old": lambda w: f"Old {w.surname} {w.street}",
    "north": lambda w: f"{w.number} {w.surname} {w.street} North",
    "with a slash": lambda w: f"{w.house.replace(' ', '')}/{w.surname}, {w.number} {w.street}",
}
"""22 ways in which a person or a house stands before, within or behind the street."""


def written(
    streets: list[tuple[str, str, str]],
    random: Random,
    ways: Ways,
) -> Iterator[Line]:
    """Yield each (street, another one nearby, postcode) in each of the ways."""
    for street, other, postcode in streets:
        for way, write in ways.items():
            writer = _Writer(street, other, postcode, random)
            text = write(writer)
            yield Line(text, street, way, tuple(_secret_words(writer, text, way)))


def _secret_words(writer: _Writer, text: str, way: str) -> Iterator[str]:
    """Yield the words of people and houses in a text, in lower case, but for those of its street and town."""
    known = f"{writer.street} {writer.town} {writer.area}".casefold().replace("'", "").split()
    if way == "junction":
        known += writer.other.casefold().replace("'", "").split()
    names = f"{writer.surname} {writer.forename} {writer.house} cde lane drive north old".casefold()
    plain = text.casefold().replace("'", "")
    for word in names.replace("'", "").replace("-", " ").split():
        if word in plain and word not in known and word not in {"the", "of", "y"}:
            yield word
