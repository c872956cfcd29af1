"""Observe: note the facts of a record that domestic alerts use (guidance 4.2.3).

The facts have digests, days and codes, and no name or address that can be read. A record without facts, or
one that no party may receive now, is noted as `none`: so a correction or an erasure takes back the facts that
were noted before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from isp.cases.letters import Subject
from sanitiser.address.household import Household, household, property_reference
from sanitiser.identity import Identity
from sanitiser.incidents.digests import Digests
from sanitiser.people.names import identifying_name
from schemas.derive import utc_field_name
from schemas.domestic_rule import CONTACT_PARTS, EVENT, REFERRAL, RISK_PARTS
from schemas.london import london_time
from schemas.record_type import (
    BIRTH,
    DEPERSONALISED_PROFILES,
    PLACE_PARTS,
    DomesticRule,
    RecordType,
)
from streams.steps.route import OWN
from streams.steps.step import Step, Work

NONE: Final = "none"
"""The kind of a record without facts."""

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MINUTE_MS: Final = 60_000
_LONGEST_RANGE_MS: Final = 3 * 60 * _MINUTE_MS
"""An event that happened at any time of a longer range has no minute, only days."""
_LONGEST_GRADER: Final = 100
"""Longest name of a post or agency, in characters; a longer text says something else."""
_URN_DIGITS: Final = 6
_HOME_EDUCATED: Final = "home-educated"
_CENTRAL: Final = DEPERSONALISED_PROFILES[0]


class Observed(NamedTuple):
    """The message about one record (system/incident.avsc), and its key, which is the digest of the record."""

    record: bytes
    message: Mapping[str, Any]

    @property
    def has_facts(self) -> bool:
        """Return True if the record has facts for domestic alerts."""
        return bool(self.message["kind"] != NONE)

    def __repr__(self) -> str:
        """Return the class and the kind: the facts are about people."""
        return f"Observed({self.message['kind']})"


class Observer(Step):
    """Notes the facts of one agency's records, by the rule that its record type declares.

    A record has facts if it may be released now, in the partnership's own area. Other records, and records
    that their supplier erases, are noted as `none`. It has no state.
    """

    takes = frozenset({"intake", "record", "scope", "releases", "today"})
    completes = frozenset({"observed"})
    counts = frozenset({"observed"})

    def __init__(
        self, agency: str, record_type: RecordType, rule: DomesticRule, digests: Digests
    ) -> None:
        """Take the rule of the record type, and the digests of the partnership."""
        self._agency = agency
        self._type = record_type
        self._rule = rule
        self._digests = digests
        self._identity = Identity(record_type)
        self._days = _Days(record_type, rule)
        joins = {field.name: field.join or field.name for field in record_type.fields}
        self._joins = {name: joins[name] for name in (rule.join, rule.incident) if name}
        self._references = [(role, f, joins[f]) for role, f in rule.references.items()]

    def __call__(self, work: Work, /) -> None:
        """Note the record, with facts if it has any."""
        intake, record = work.intake, work.record
        if intake is None:
            return
        name = self._digests.record(self._agency, self._type.dataset, self._identity(record))
        message: dict[str, Any] = {
            "record": name,
            "agency": self._agency,
            "dataset": self._type.dataset,
            "supply_id": intake.supply_id,
            "supplied": intake.timestamp_ms,
            "kind": NONE,
            "facts": None,
        }
        if work.scope is not None and work.scope[0] == OWN:
            homes = _Homes(record, self._rule.places)
            if self._rule.applies(record, homes.are_one):
                message["kind"] = self._rule.kind
                message["facts"] = self._facts(name, work, homes, intake.timestamp_ms)
        work.observed = Observed(name, message)

    def _facts(self, name: bytes, work: Work, homes: _Homes, supplied_ms: int) -> dict[str, Any]:
        record, rule, digests = work.record, self._rule, self._digests
        people = list(dict.fromkeys(self._people(record, work.today)))
        children, schools = _number(record, rule.children_count), _schools(record, rule.schools)
        with_children = bool(children or schools) or any(role == "child" for role, _, _ in people)
        contact = _parts(record, rule.contact, CONTACT_PARTS)
        subjects = [] if rule.kind == REFERRAL else self._subjects(record, homes, work.today)
        return {
            "type": rule.type,
            **self._days(record, supplied_ms),
            "households": homes.digests(digests),
            "people": [dict(zip(_OF_PERSON, of, strict=True)) for of in people],
            "join": self._join(record, rule.join),
            "incident": self._join(record, rule.incident),
            "district": homes.district(work),
            "flags": list(_flags(record, rule, with_children=with_children)),
            "children": children,
            "schools": schools,
            "risk": _risk(record, rule.risk),
            "contact": digests.contact.encrypt(name, contact) if contact else None,
            "subjects": digests.subjects.encrypt(name, subjects) if subjects else None,
        }

    def _people(
        self, record: Mapping[str, Any], today: date
    ) -> Iterator[tuple[str, bytes | None, bytes | None]]:
        """Yield role, person and reference of each person; the reference is the first one's of its role."""
        references = {
            role: self._digests.reference(self._agency, join, record[field])
            for role, field, join in self._references
            if record[field] is not None
        }
        for role, prefixes in self._rule.people.items():
            for prefix in prefixes:
                born = record[f"{prefix}{BIRTH}"]
                name = identifying_name(record[f"{prefix}name"], born, today)
                person = None if name is None else self._digests.person(name, born)
                reference = references.pop(role, None)
                if person is not None or reference is not None:
                    yield role, person, reference
        for role, reference in references.items():
            yield role, None, reference

    def _join(self, record: Mapping[str, Any], field: str | None) -> bytes | None:
        if field is None or record[field] is None:
            return None
        return self._digests.join(self._agency, self._joins[field], record[field])

    def _subjects(
        self, record: Mapping[str, Any], homes: _Homes, today: date
    ) -> list[dict[str, str]]:
        """Return the subjects of a request about the event: its victims, or else its household."""
        given = [
            {"name": record[f"{p}name"], BIRTH: record[f"{p}{BIRTH}"]}
            for p in self._rule.people.get("victim", ())
            if identifying_name(record[f"{p}name"], record[f"{p}{BIRTH}"], today)
        ]
        if not given and self._rule.kind == EVENT and homes.household is not None:
            given = [{"address": homes.address, "postcode": homes.household.postcode}]
        return [subject for one in given if (subject := _subject(one)) is not None]


_OF_PERSON: Final = ("role", "person", "reference")


class _Homes:
    """The homes that the places of one record name. The first place with a home is that of the event."""

    def __init__(self, record: Mapping[str, Any], places: tuple[str, ...]) -> None:
        self._record = record
        self._places = places
        self._found: dict[str, tuple[Household | None, str | None]] = {}

    def are_one(self, first: str, second: str) -> bool:
        """Return True if two places are one home, or the first is empty and the second is a home."""
        homes = self._of(second)
        if homes == _NO_HOME:
            return False
        if all(self._record.get(f"{first}{part}") is None for part in (*PLACE_PARTS, "uprn")):
            return True
        return any(a == b for a, b in zip(self._of(first), homes, strict=True) if a is not None)

    @property
    def place(self) -> str | None:
        """Return the prefix of the place of the event; None if no place names a home."""
        return next((p for p in self._places if self._of(p) != _NO_HOME), None)

    @property
    def household(self) -> Household | None:
        """Return the home of the event by its address."""
        return None if self.place is None else self._of(self.place)[0]

    @property
    def address(self) -> str | None:
        """Return the address of the event as given."""
        return None if self.place is None else self._record.get(f"{self.place}address")

    def digests(self, digests: Digests) -> list[bytes]:
        """Return the digests of the home of the event, by its address and by its UPRN."""
        home, uprn = _NO_HOME if self.place is None else self._of(self.place)
        by_address = [] if home is None else [digests.household(home)]
        return by_address + ([] if uprn is None else [digests.property(uprn)])

    def district(self, work: Work) -> str | None:
        """Return the district of the postcode that profile central gets for the place of the event.

        It is that of the substitute if the postcode has too few households. None if no postcode is released.
        """
        released = next((record for profile, record in work.releases if profile == _CENTRAL), None)
        if released is None:
            return None
        places = self._places if self.place is None else (self.place,)
        postcodes = [released.get(f"{place}postcode") for place in places]
        found: str | None = next((postcode for postcode in postcodes if postcode), None)
        return found.partition(" ")[0] if found else None

    def _of(self, place: str) -> tuple[Household | None, str | None]:
        found = self._found.get(place)
        if found is None:
            get = self._record.get
            home = household(get(f"{place}address"), get(f"{place}postcode"))
            found = self._found[place] = home, property_reference(get(f"{place}uprn"))
        return found


_NO_HOME: Final = (None, None)


class _Days:
    """Finds the days of a record, and the minute of its event."""

    def __init__(self, record_type: RecordType, rule: DomesticRule) -> None:
        self._event = record_type.events[0] if rule.kind == EVENT else None
        self._day = rule.day if self._event is None else self._event.date
        self._begin = self._end = None
        if self._event is not None and self._event.time is not None:
            self._begin = utc_field_name(self._event.time)
            ends = (
                e.time for e in record_type.events[1:] if e.date == self._event.until and e.time
            )
            self._end = next(map(utc_field_name, ends), None)

    def __call__(self, record: Mapping[str, Any], supplied_ms: int) -> dict[str, Any]:
        """Return the days of a record; without a date the day of its supply in Europe/London."""
        day: date | None = record[self._day] if self._day else None
        if day is None:
            number = _of_day(london_time(datetime.fromtimestamp(supplied_ms / 1000, UTC)).date())
            return {"day": number, "until_day": number, "minute": None, "is_dated": False}
        until = record[self._event.until] if self._event and self._event.until else None
        minute = self._minute(record, is_range=until is not None and until != day)
        days = {"day": _of_day(day), "until_day": _of_day(until or day)}
        return days | {"minute": minute, "is_dated": True}

    def _minute(self, record: Mapping[str, Any], *, is_range: bool) -> int | None:
        """Return the instant of the event; None if it is not known, or in a range of many hours."""
        begin: int | None = record[self._begin] if self._begin else None
        end: int | None = record[self._end] if self._end else None
        if begin is None or (end is None and is_range):
            return None
        if end is not None and end - begin > _LONGEST_RANGE_MS:
            return None
        return begin // _MINUTE_MS


def _of_day(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


def _number(record: Mapping[str, Any], field: str | None) -> int | None:
    found: int | None = record[field] if field else None
    return found


def _schools(record: Mapping[str, Any], fields: tuple[str, ...]) -> list[str]:
    """Return the schools that have a unique reference number, and `home-educated`; each once."""
    given = dict.fromkeys(record[field] or "" for field in fields)
    return [school for school in given if school == _HOME_EDUCATED or _is_urn(school)]


def _is_urn(school: str) -> bool:
    return len(school) == _URN_DIGITS and school.isascii() and school.isdecimal()


def _flags(record: Mapping[str, Any], rule: DomesticRule, *, with_children: bool) -> Iterator[str]:
    if rule.weapon and record[rule.weapon] is True:
        yield "weapon"
    if rule.order and record[rule.order] is True:
        yield "order-or-bail"
    if with_children or (rule.children and record[rule.children] is True):
        yield "children"


def _parts(
    record: Mapping[str, Any], prefix: str | None, parts: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of a group by their names without the prefix; empty if none has a value."""
    if prefix is None:
        return {}
    found = {part: record[f"{prefix}{part}"] for part in parts}
    return found if any(value is not None for value in found.values()) else {}


def _risk(record: Mapping[str, Any], prefix: str | None) -> dict[str, Any] | None:
    """Return a risk assessment as supplied. It is never converted to another tool or grade."""
    given = _parts(record, prefix, RISK_PARTS)
    if not given:
        return None
    day, grader = given["date"], given["grader"]
    return {
        "tool": given["tool"],
        "grade": given["grade"],
        "day": None if day is None else _of_day(day),
        "grader": grader if grader is not None and len(grader) <= _LONGEST_GRADER else None,
    }


def _subject(given: Mapping[str, Any]) -> dict[str, str] | None:
    """Return a subject as a letter writes it; None if no letter accepts it."""
    try:
        subject: dict[str, str] = Subject(**given).model_dump(mode="json", exclude_none=True)
    except ValidationError:
        return None
    return subject
