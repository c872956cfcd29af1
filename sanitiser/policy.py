"""Compile the sanitising policy of one record type and profile from its annotations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import time
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sanitiser.caveats import caveats_of
from sanitiser.identity import Identity
from sanitiser.people.ages import band
from sanitiser.places.location import Located, Released
from sanitiser.places.premises import withheld_premises
from sanitiser.precision import AS_TREATED, Coarser, Precision, as_it_is, first_day
from sanitiser.references import ReferenceKey
from sanitiser.rows import RowRule
from schemas.coded_text import Reading, TextReader
from schemas.codes import CodeList
from schemas.derive import geocoding_field_name, utc_field_name
from schemas.people import coarser_fields
from schemas.record_type import PERSONAL, Field, RecordType, Treatment
from schemas.scrubbed import scrubbable, scrubbed_name

Record = Mapping[str, Any]
Locations = Mapping[str, Located]
_Treat = Callable[[str, Any], Any]
"""Takes the agency and the given value, which is not None; returns the released value."""
Scrub = Callable[[str], str | None]
"""Takes a text and returns the part that may be released; None if there is none."""
_CODED_TEXTS = 16_384
_AGENCIES = 256
_AS_IT_IS = frozenset({"keep", "code", "age"})
_PLACE = Released._fields


class Policy:
    """The function that makes a profile's release of a clean, located record.

    In the personal profile the release has the guidance's datafields as supplied, and the
    coordinates of the address if the record has none.

    A field that the record type does not name for release is never released: the release is built
    from nothing, field by field, and not by removing fields from a copy.
    """

    def __init__(
        self,
        record_type: RecordType,
        profile: str,
        key: ReferenceKey,
        code_lists: Mapping[str, CodeList],
        scrubbers: Mapping[str, Scrub] = MappingProxyType({}),
        premises: Scrub = withheld_premises,
        coarser: Coarser = AS_TREATED,
    ) -> None:
        """Compile the policy; digests of different profiles never match.

        `scrubbers` has one entry for each field whose scrubbed text the protocol releases.
        `premises` returns the releasable part of a name of premises. `coarser` makes dates and places
        coarser than the treatments do.
        """
        self.profile = profile
        self._identity = Identity(record_type)
        self._record_keys = _by_agency(key.for_purpose(profile, "record"), record_type.dataset)
        self.row_rule = RowRule(record_type, profile, code_lists)
        released = record_type.released(profile)
        self._told = frozenset(f.name for f in released)
        changed = {f.name for f in released if coarser.precision.changes(f, profile)}
        self._kept = [
            f.name
            for f in released
            if f.name not in changed and _stays_as_it_is(f.treatments[profile], profile, code_lists)
        ]
        instants = [
            utc_field_name(e.time)
            for e in record_type.events
            if e.time and record_type.field(e.time).treatments[profile].action == "keep"
        ]
        self._kept += [] if coarser.precision.period else instants
        personal, places = profile == PERSONAL, record_type.released_places(profile)
        self._found = [(p, *self._point_of(p)) for p in places] if personal else []
        stand_ins = [] if personal else [name for name, _ in coarser_fields(record_type, profile)]
        scrubbable_texts = scrubbable(record_type, profile)
        stand_ins += [scrubbed_name(f) for f in scrubbable_texts]
        stand_ins += instants if coarser.precision.period else []
        self._stand_ins = dict.fromkeys(stand_ins)
        self._scrubbed = [
            (f.name, scrubbed_name(f), scrubbers[f.name])
            for f in scrubbable_texts
            if f.name in scrubbers
        ]
        self._located = [
            (p, self._parts_of(p), coarser.place_of.get(p, as_it_is))
            for p in places
            if not personal
        ]
        self._coarser_caveats = list(coarser.precision.caveats(released, profile))
        self._only = [(f.name, *rule) for f in released for rule in f.only.items()]
        self._texts = [
            (f.name, _reader(code_lists[str(f.treatments[profile].code_list)]))
            for f in released
            if f.treatments[profile].action == "coded-text"
        ]
        self._treated: list[tuple[str, _Treat]] = [
            (f.name, _treatment(f, profile, key, code_lists, premises))
            for f in released
            if f.name not in {*self._kept, *changed} and f.treatments[profile].action not in _PLACE
        ]
        self._treated += [
            (f.name, _coarser_treatment(f, coarser.precision))
            for f in released
            if f.name in changed
        ]

        # What can name a place, beside the location groups.
        named = [f.name for f in released if f.treatments[profile].action == "premises"]
        self._naming = dict.fromkeys([*named, *(scrubbed for _, scrubbed, _ in self._scrubbed)])
        references = {f.name for f in released if f.treatments[profile].action == "reference"}
        self._referring = [(name, treat) for name, treat in self._treated if name in references]

    def _parts_of(self, prefix: str) -> list[tuple[str, int]]:
        names = [(f"{prefix}{part}", position) for position, part in enumerate(_PLACE)]
        # The original has no district, so no treatment drops it.
        return [n for n in names if n[0] in self._told or n[0] == f"{prefix}district"]

    def _point_of(self, prefix: str) -> tuple[str, str, str, bool]:
        easting, northing = f"{prefix}easting", f"{prefix}northing"
        return geocoding_field_name(prefix), easting, northing, easting in self._told

    @property
    def has_exclusion(self) -> bool:
        """Return whether there are rows that this profile never gets."""
        return bool(self.row_rule)

    @property
    def has_texts(self) -> bool:
        """Return whether this profile gets codes for some texts."""
        return bool(self._texts)

    def kept_out(self, record: Record, unread: Collection[str]) -> str | None:
        """Return the reason code why this profile does not get this row; None if it may have it."""
        return self.row_rule(record, unread)

    def residues(self, record: Record) -> set[str]:
        """Return the names of the texts that say more than their codes."""
        return {
            name for name, read in self._texts if record.get(name) and read(record[name]).residue
        }

    def record_id(self, agency: str, record: Record) -> str:
        """Return the record's id in this profile.

        It is stable, so a correction replaces its original.

        If a part of the identity is unknown, the id is made from all fields of the record.
        """
        return self._record_keys(agency).digest(*self._identity(record))

    def digests(self, agency: str, record: Record) -> dict[str, str]:
        """Return the digests in a release of the record, by field."""
        told = {n: t(agency, record[n]) for n, t in self._referring if record.get(n) is not None}
        return told | {"record_id": self.record_id(agency, record)}

    def release(
        self, agency: str, record: Record, locations: Locations, caveats: list[str]
    ) -> dict[str, Any]:
        """Return the release in the schema of `schemas.derive.release_schema`."""
        get = record.get
        released = {name: get(name) for name in self._kept}
        if self._stand_ins:
            released |= self._stand_ins
        for prefix, parts, place_of in self._located:
            place = place_of(locations[prefix].released)
            for name, position in parts:
                released[name] = place[position]
        for prefix, method, easting, northing, has_point in self._found:
            located = locations[prefix]
            released[method] = located.method
            if has_point and located.point is not None:
                released[easting], released[northing] = located.point
        for name, treat in self._treated:
            given = get(name)
            released[name] = None if given is None else treat(agency, given)
        for name, field, codes in self._only:
            if get(field) not in codes:
                released[name] = None
        for name, scrubbed, scrub in self._scrubbed:
            given = get(name)
            released[scrubbed] = None if given is None else scrub(given)
        self._remove_names(released, locations)
        released["record_id"] = self.record_id(agency, record)
        released["source_agency"] = agency
        noted = caveats + self._coarser_caveats
        released["caveats"] = caveats_of(released, noted) if noted else []
        return released

    def _remove_names(self, released: dict[str, Any], locations: Locations) -> None:
        """Remove what could name a protected place from a release that has one."""
        if self._naming and any(located.is_protected for located in locations.values()):
            released |= self._naming


def _stays_as_it_is(treatment: Treatment, profile: str, code_lists: Mapping[str, CodeList]) -> bool:
    if treatment.action == "code" and treatment.code_list:
        return not code_lists[treatment.code_list].profiles[profile].merged
    return treatment.action in _AS_IT_IS


def _treatment(
    field: Field,
    profile: str,
    key: ReferenceKey,
    code_lists: Mapping[str, CodeList],
    premises: Scrub,
) -> _Treat:
    treatment = field.treatments[profile]
    match treatment.action:
        case "reference":
            keys = _by_agency(key.for_purpose(profile, field.join or field.name))
            return lambda agency, given: keys(agency).digest(given)
        case "coded-text" if treatment.code_list:
            return _coded_text(code_lists[treatment.code_list])
        case "premises":
            return lambda _agency, given: premises(given)
        case "code" if treatment.code_list:
            as_told = code_lists[treatment.code_list].profiles[profile].told
            return lambda _agency, given: as_told(given)
        case "group" if treatment.code_list:
            code_list = code_lists[treatment.code_list]
            told, group = code_list.profiles[profile].told, code_list.group
            return lambda _agency, given: group(told(given))
        case action if action in _OF_VALUES:
            return _OF_VALUES[action]
    raise AssertionError(f"no treatment for {field.name!r}")


def _coarser_treatment(field: Field, precision: Precision) -> _Treat:
    """Return the treatment of a field that a precision changes: the first day of its period, or nothing."""
    period = precision.period
    if field.kind == "date" and period is not None:
        return lambda _agency, given: first_day(period, given)
    return lambda _agency, _given: None


def _by_agency(key: ReferenceKey, *parts: str) -> Callable[[str], ReferenceKey]:
    """Return, by agency, the key that has taken in `parts` and the agency."""
    return lru_cache(maxsize=_AGENCIES)(lambda agency: key.begun(*parts, agency))


def _hour(_agency: str, given: time) -> time:
    return given.replace(minute=0, second=0, microsecond=0)


def _rounded(_agency: str, given: int) -> int:
    """Round to one significant figure, because who wrote a bill for 1,347 pounds would recognise it."""
    return round(given, 1 - len(str(abs(given))))


def _coded_text(code_list: CodeList) -> _Treat:
    read = _reader(code_list)
    return lambda _agency, given: read(given).codes


def _reader(code_list: CodeList) -> Callable[[str], Reading]:
    return lru_cache(maxsize=_CODED_TEXTS)(TextReader(code_list))


_OF_VALUES: Mapping[str, _Treat] = {
    "hour": _hour,
    "rounded": _rounded,
    "band": lambda _agency, given: band(given),
}
"""Treatments that need only the value."""
