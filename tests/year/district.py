"""A generated year of one district: domestic events with known people, households and repeats.

Each record is given twice: as an agency supplies it, with names and addresses spelt in several ways, and as
the truth about it, which the batch computation uses (`tests.year.batch`). Events of the same people or
household are at least `APART` apart, except for pairs of police incidents on one day. So it is certain which
records are about one event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

APART = timedelta(days=3)
_SURNAMES = (
    "Abbott",
    "Ó Briain",
    "Clarke",
    "Dvořák",
    "Evans",
    "Fox-Hale",
    "Green",
    "O'Hara",
    "Iqbal",
    "Jones",
)
_FIRST = ("Ana", "Béa", "Carys", "Dan", "Eve", "Finn", "Gwen", "Huw", "Ines", "Jo", "Kit", "Lou")
_STREETS = ("Acacia Avenue", "Linden Road", "Rowan Street", "Alder Close", "Cedar Lane")
_FIRST_HOUR, _LAST_HOUR = 4, 16
_BORN = date(1960, 1, 1)


@dataclass(frozen=True, slots=True)
class Human:
    """A person. `key` is the truth, name and date of birth are what agencies write."""

    key: str
    first: str
    last: str
    born: date


@dataclass(frozen=True, slots=True)
class Home:
    """A household of two adults, with a child perhaps."""

    key: str
    number: int
    street: str
    adults: tuple[Human, Human]
    child: Human | None


@dataclass(frozen=True, slots=True)
class Truth:
    """What a record says, by the keys of people and households; `minute` is of the day."""

    dataset: str
    record: str
    domestic: bool
    day: date
    minute: int | None = None
    household: str | None = None
    victim: str | None = None
    suspect: str | None = None
    crime: str | None = None
    incident: str | None = None
    grade: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Supplied:
    """One message of an agency: a record with its truth, or an erasure of it."""

    at: datetime
    agency: str
    truth: Truth
    record: dict[str, Any]
    erases: bool = False


AGENCIES = {
    "police-incident": "police", "police-crime-offence": "police", "police-crime-victim": "police",
    "police-crime-offender": "police", "marac-referral": "police", "hospital-assault": "hospital",
    "ambulance-call": "ambulance", "fire-incident": "fire",
}  # fmt: skip


@dataclass(slots=True)
class Year:
    """Makes the records of a year that ends on `last`, at `postcodes` of one district."""

    last: date
    events: int
    postcodes: Sequence[str]
    seed: int = 24
    _random: Random = field(init=False)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def supplied(self) -> list[Supplied]:
        """Return all messages in the order of their supply."""
        homes = self._homes()
        made: list[Supplied] = []
        for home, victim, suspect, at in self._occurrences(homes):
            made += self._event(home, victim, suspect, at)
        return sorted(made, key=lambda one: one.at)

    # Who and where

    def _homes(self) -> list[Home]:
        count = max(4, self.events // 3)
        return [self._home(n) for n in range(count)]

    def _home(self, n: int) -> Home:
        adults = (self._human(f"p{n}a"), self._human(f"p{n}b"))
        child = self._human(f"p{n}c") if self._chance(0.3) else None
        return Home(f"h{n}", n + 1, _STREETS[n % len(_STREETS)], adults, child)

    def _human(self, key: str) -> Human:
        random = self._random
        born = _BORN + timedelta(days=random.randrange(12_000))
        return Human(
            key, f"{random.choice(_FIRST)} {_letters(key)}", random.choice(_SURNAMES), born
        )

    def _occurrences(self, homes: Sequence[Home]) -> Iterator[tuple[Home, Human, Human, datetime]]:
        """Yield household, victim, suspect and time of each event.

        A third of the events is in a tenth of the households. Some suspects have a second victim elsewhere,
        some couples move, and some events have the roles of a couple swapped.
        """
        random, busy = self._random, max(1, len(homes) // 10)
        taken: dict[str, list[datetime]] = {}
        for _ in range(self.events):
            home = homes[random.randrange(busy if self._chance(1 / 3) else len(homes))]
            victim, suspect = home.adults
            if self._chance(0.1):
                victim, suspect = suspect, victim
            if self._chance(0.1):
                suspect = homes[(home.number * 7) % len(homes)].adults[1]
            if self._chance(0.05):
                home = replace(home, key=f"{home.key}x", number=home.number + 5_000)
            at = self._free_time(taken, (home.key, victim.key, suspect.key))
            if at is not None and victim is not suspect:
                yield home, victim, suspect, at

    def _free_time(self, taken: dict[str, list[datetime]], keys: Sequence[str]) -> datetime | None:
        for _ in range(20):
            day = self.last - timedelta(days=self._random.randrange(2, 360))
            minute = self._random.randrange(_FIRST_HOUR * 60, _LAST_HOUR * 60)
            at = datetime.combine(day, time(minute // 60, minute % 60))
            if all(abs(at - other) >= APART for key in keys for other in taken.get(key, ())):
                for key in keys:
                    taken.setdefault(key, []).append(at)
                return at
        return None

    # What is supplied about it

    def _event(self, home: Home, victim: Human, suspect: Human, at: datetime) -> Iterator[Supplied]:
        incident = self._reference("INC") if self._chance(0.8) else None
        if incident is not None:
            yield from self._incident(incident, home, victim, suspect, at)
            if self._chance(0.04):
                later = at + timedelta(hours=5)
                # Only one of the two can be without a time: otherwise only their digests order them.
                yield from self._incident(
                    self._reference("INC"), home, victim, suspect, later, timed=1.0
                )
        others = [
            maker
            for maker, share in (
                (self._crime, 0.4), (self._ambulance, 0.2), (self._hospital, 0.15), (self._fire, 0.05),
            )
            if self._chance(share)
        ]  # fmt: skip
        if incident is None and not others:
            others = [self._ambulance]
        for maker in others:
            yield from maker(home, victim, suspect, at, incident)
        if self._chance(0.06):
            yield from self._referral(home, victim, suspect, at)

    def _incident(
        self, reference: str, home: Home, victim: Human, suspect: Human, at: datetime,
        timed: float = 0.9,
    ) -> Iterator[Supplied]:  # fmt: skip
        known, accused = self._chance(0.6), self._chance(0.5)
        grade = self._random.choice((None, None, "standard", "medium", "high"))
        is_timed = self._chance(timed)
        truth = Truth(
            "police-incident", reference, True, at.date(), _minute(at) if is_timed else None, home.key,
            victim.key if known else None, suspect.key if accused else None, grade=grade,
        )  # fmt: skip
        record = {
            "incident_reference": reference, "incident_type": "Domestic incident", "domestic": True,
            "incident_date": at.date(), "incident_time": at.time() if is_timed else None,
            **self._place("location_", home), "risk_grade": grade, "risk_tool": "DASH" if grade else None,
        }  # fmt: skip
        record |= self._named("victim_", victim) if known else {}
        record |= self._named("suspect_", suspect) if accused else {}
        supplied = self._supply(truth, record, at)
        yield supplied
        yield from self._corrections(supplied)

    def _corrections(self, first: Supplied) -> Iterator[Supplied]:
        """Yield later versions: not domestic after all, erased, or of another grade."""
        later = first.at + timedelta(hours=self._random.randrange(1, 200))
        if self._chance(0.05):
            truth = replace(first.truth, domestic=False)
            record = first.record | {"domestic": False, "incident_type": "Noise"}
            yield Supplied(later, first.agency, truth, record)
        elif self._chance(0.03):
            yield replace(first, at=later, erases=True)
        elif self._chance(0.05):
            record = first.record | {"risk_grade": "high", "risk_tool": "DASH"}
            yield Supplied(later, first.agency, replace(first.truth, grade="high"), record)

    def _crime(
        self, home: Home, victim: Human, suspect: Human, at: datetime, incident: str | None
    ) -> Iterator[Supplied]:
        crime = self._reference("CR")
        linked = incident if self._chance(0.5) else None
        truth = Truth(
            "police-crime-offence", crime, True, at.date(), _minute(at), home.key,
            crime=crime, incident=linked,
        )  # fmt: skip
        record = {
            "crime_reference": crime, "offence_code": "8/06", "domestic": True,
            "committed_from_date": at.date(), "committed_from_time": at.time(),
            "incident_reference": linked, **self._place("location_", home),
        }  # fmt: skip
        yield self._supply(truth, record, at, hours=120)
        if self._chance(0.9):
            yield self._crime_person("victim", crime, victim, at)
        if self._chance(0.6):
            yield self._crime_person("offender", crime, suspect, at)

    def _crime_person(self, kind: str, crime: str, human: Human, at: datetime) -> Supplied:
        number = self._reference("P")
        truth = Truth(f"police-crime-{kind}", f"{crime}/{number}", True, at.date(), crime=crime)
        is_victim = kind == "victim"
        truth = replace(truth, victim=human.key) if is_victim else replace(truth, suspect=human.key)
        own = "record_reference" if is_victim else "offender_reference"
        record = {"crime_reference": crime, own: number, **self._named("", human)}
        return self._supply(truth, record, at, hours=240)

    def _ambulance(
        self, home: Home, victim: Human, _suspect: Human, at: datetime, _incident: str | None
    ) -> Iterator[Supplied]:
        at += timedelta(minutes=self._random.randrange(5, 90))
        reference, named = self._reference("AMB"), self._chance(0.7)
        truth = Truth(
            "ambulance-call", reference, True, at.date(), _minute(at), home.key,
            victim.key if named else None,
        )  # fmt: skip
        record = {
            "patient_reference": reference, "incident_type": "Assault", "incident_date": at.date(),
            "incident_time": at.time(), **self._place("location_", home), **self._place("home_", home),
        }  # fmt: skip
        yield self._supply(truth, record | (self._named("", victim) if named else {}), at)

    def _hospital(
        self, home: Home, victim: Human, _suspect: Human, at: datetime, incident: str | None
    ) -> Iterator[Supplied]:
        at += timedelta(minutes=self._random.randrange(5, 90))
        reference = self._reference("HOS")
        truth = Truth(
            "hospital-assault", reference, True, at.date(), _minute(at), home.key, victim.key
        )
        record = {
            "patient_reference": reference, "incident_type": "Assault", "location_type": "At home",
            "incident_date": at.date(), "incident_time": at.time(), **self._place("home_", home),
            **self._named("", victim),
        }  # fmt: skip
        yield self._supply(truth, record, at)

    def _fire(
        self, home: Home, _victim: Human, _suspect: Human, at: datetime, _incident: str | None
    ) -> Iterator[Supplied]:
        at += timedelta(minutes=self._random.randrange(5, 90))
        reference = self._reference("FIRE")
        truth = Truth("fire-incident", reference, True, at.date(), _minute(at), home.key)
        record = {
            "incident_reference": reference, "incident_type": "Deliberate primary fire",
            "domestic": True, "incident_date": at.date(), "incident_time": at.time(),
            **self._place("location_", home),
        }  # fmt: skip
        yield self._supply(truth, record, at)

    def _referral(
        self, home: Home, victim: Human, suspect: Human, at: datetime
    ) -> Iterator[Supplied]:
        reference, day = self._reference("MARAC"), at.date() + timedelta(days=1)
        accused, withdrawn = self._chance(0.8), self._chance(0.1)
        truth = Truth(
            "marac-referral", reference, True, day, household=home.key, victim=victim.key,
            suspect=suspect.key if accused else None, grade="high",
        )  # fmt: skip
        record = {
            "referral_reference": reference, "referral_date": day, **self._place("home_", home),
            **self._named("victim_", victim), "risk_tool": "DASH", "risk_grade": "high",
        } | (self._named("offender_", suspect) if accused else {})  # fmt: skip
        supplied = self._supply(truth, record, at + timedelta(days=1))
        yield supplied
        if withdrawn:
            yield Supplied(
                supplied.at + timedelta(days=5), supplied.agency, replace(truth, withdrawn=True),
                record | {"referral_withdrawn": True},
            )  # fmt: skip

    # How it is written

    def _supply(
        self, truth: Truth, record: dict[str, Any], at: datetime, hours: int = 30
    ) -> Supplied:
        later = at + timedelta(minutes=self._random.randrange(1, hours * 60))
        agency = AGENCIES[truth.dataset]
        return Supplied(later, agency, truth, {k: v for k, v in record.items() if v is not None})

    def _place(self, prefix: str, home: Home) -> dict[str, Any]:
        postcode = self.postcodes[home.number % len(self.postcodes)]
        street = home.street
        address = self._random.choice((
            f"{home.number} {street}", f"{home.number}, {street.upper()}, Bath",
            f"{home.number}  {_shortened(street)}, Bath, {postcode}", f"{home.number} {_shortened(street)}.",
        ))  # fmt: skip
        return {f"{prefix}address": address, f"{prefix}postcode": postcode}

    def _named(self, prefix: str, human: Human) -> dict[str, Any]:
        name = self._random.choice((
            f"{human.first} {human.last}", f"{human.last.upper()}, {human.first}",
            f"{human.first.lower()} {human.last}",
        ))  # fmt: skip
        return {f"{prefix}name": name, f"{prefix}date_of_birth": human.born}

    def _reference(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}/{self._numbers}"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def _minute(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _shortened(street: str) -> str:
    for whole, short in (("Avenue", "Ave"), ("Road", "Rd"), ("Street", "St")):
        street = street.replace(whole, short)
    return street


def _letters(key: str) -> str:
    """Return a made-up middle name that is different for each key."""
    return "".join("abcdefghij"[int(c)] if c.isdigit() else c for c in key).capitalize()
