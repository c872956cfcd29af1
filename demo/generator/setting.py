"""Bundle what every file of a district is made from: town, period and random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from demo.generator.clock import Calendar
from demo.generator.district import Point
from demo.generator.people import Ages, Person, person
from demo.generator.seeds import seeded
from demo.generator.town import Town, lay_out
from demo.generator.trouble import Row, troubled


@dataclass(frozen=True, slots=True)
class Setting:
    """A dataset's setting; the same seed, postcodes and calendar give the same setting."""

    dataset: str
    seed: int
    town: Town
    calendar: Calendar
    rng: Random

    @classmethod
    def of(
        cls, dataset: str, seed: int, postcodes: Sequence[Point], calendar: Calendar | None
    ) -> Setting:
        """Return the setting of one file."""
        town = lay_out(postcodes, seed)
        return cls(dataset, seed, town, calendar or Calendar(), seeded(seed, dataset))

    def person(self, reference: str, ages: Ages, men: float = 0.5) -> Person:
        """Return the person with that reference in this town."""
        return person(reference, self.town, self.seed, ages, men)

    def first(self, n: int, rows: Iterable[Row]) -> Iterator[Row]:
        """Return the first `n` rows, some of them spoilt."""
        trouble = seeded(self.seed, f"{self.dataset}:trouble")
        return troubled(self.dataset, islice(rows, n), self.town, trouble)
