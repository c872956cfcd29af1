"""Spoil some records as in real supplies: a few can be cleaned, fewer cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from random import Random

from demo.generator.town import Town
from schemas.catalogue import SCHEMA_FOLDER
from schemas.declaration import parse_record_type
from schemas.record_type import RECORD_REFERENCE, RecordType

Row = dict[str, str]
_Mischief = Callable[[], None]

REPAIRABLE = 0.03
UNUSABLE = 0.01


def troubled(dataset: str, rows: Iterable[Row], town: Town, rng: Random) -> Iterator[Row]:
    """Spoil about one row in twenty-five, in place; the others are passed on unchanged."""
    trouble = Trouble.of(record_type_of(dataset), town)
    for row in rows:
        trouble.befall(row, rng)
        yield row


@cache
def record_type_of(dataset: str) -> RecordType:
    """Return the record type of a dataset."""
    path = SCHEMA_FOLDER / "avro" / f"{dataset}.avsc"
    return parse_record_type(json.loads(path.read_text(encoding="utf-8")), path.name)


@dataclass(frozen=True, slots=True)
class Trouble:
    """The fields of a record type that can be spoilt, in order of declaration."""

    references: tuple[str, ...]
    dates: tuple[str, ...]
    times: tuple[str, ...]
    coded: tuple[str, ...]
    ages: tuple[str, ...]
    places: tuple[str, ...]
    town: Town

    @classmethod
    def of(cls, record_type: RecordType, town: Town) -> Trouble:
        """Return the fields that a supply of this record type may get wrong."""
        required = [record_type.field(n) for n in record_type.required if n != RECORD_REFERENCE]
        return cls(
            tuple(f.name for f in required if f.kind == "text"),
            tuple(f.name for f in required if f.kind == "date"),
            tuple(f.name for f in record_type.fields if f.kind == "time"),
            tuple(f.name for f in record_type.fields if f.code_list),
            tuple(f.name for f in record_type.fields if f.born),
            record_type.places,
            town,
        )

    def befall(self, row: Row, rng: Random) -> None:
        """Spoil the row, or leave it unchanged."""
        fate = rng.random()
        if fate < UNUSABLE and self.references:
            self._make_unusable(row, rng)
        elif fate < UNUSABLE + REPAIRABLE:
            mischiefs = list(self._mischiefs(row, rng))
            if mischiefs:
                mischiefs[int(rng.random() * len(mischiefs))]()

    def _make_unusable(self, row: Row, rng: Random) -> None:
        if rng.random() < 0.5 or not self.dates:  # noqa: PLR2004 - half of each kind
            row[self.references[0]] = ""
        else:
            row[self.dates[0]] = f"{row[self.dates[0]][:4]}-02-30"

    def _mischiefs(self, row: Row, rng: Random) -> Iterator[_Mischief]:
        place = self.places[0] if self.places else ""
        if f"{place}postcode" in row:
            yield partial(_misspell_postcode, row, f"{place}postcode")
        for name, wrong in (
            (_filled(self.times, row), "unknown"),
            (_filled(self.coded, row), "XQ-17"),
            (_filled(self.ages, row), "999"),
        ):
            if name:
                yield partial(row.__setitem__, name[0], wrong)
        if row.get(f"{place}easting"):
            yield partial(_swap, row, f"{place}easting", f"{place}northing")
            yield partial(_shift, row, f"{place}easting")
            if f"{place}postcode" in row:
                yield partial(self._move, row, f"{place}postcode", rng)

    def _move(self, row: Row, postcode: str, rng: Random) -> None:
        row[postcode] = rng.choice(self.town.spots).point.postcode


def _filled(names: Iterable[str], row: Row) -> list[str]:
    return [name for name in names if row.get(name)]


def _misspell_postcode(row: Row, postcode: str) -> None:
    row[postcode] = f"{(row[postcode] or 'BA1')[:3]}? 9ZZZ"


def _swap(row: Row, one: str, other: str) -> None:
    row[one], row[other] = row[other], row[one]


def _shift(row: Row, easting: str) -> None:
    row[easting] = str(float(row[easting]) + 900_000)
