"""The sanitising policy of one record type and profile, compiled from its annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from functools import lru_cache
from typing import Any

from sanitiser.location import Located
from sanitiser.references import ReferenceKey
from schemas.codes import CodeList
from schemas.derive import utc_field_name
from schemas.record_type import Field, RecordType

Record = Mapping[str, Any]
Locations = Mapping[str, Located]
_Release = Callable[[str, Record, Locations], Any]
_CODED_TEXTS = 16_384


class Policy:
    """Turns a clean, located record into the one form of it that a profile's readers may have.

    What the record type does not name for release does not come out: the released record is built
    from nothing, field by field, and never by removing from a copy.
    """

    def __init__(
        self,
        record_type: RecordType,
        profile: str,
        key: ReferenceKey,
        code_lists: Mapping[str, CodeList],
    ) -> None:
        """Compile; digests of one profile share nothing with those of another."""
        self.profile = profile
        self._record_type = record_type
        self._identity = record_type.identity
        self._dataset = record_type.dataset
        self._record_key = key.for_purpose(profile, "record")
        self._exclusion = record_type.excluded.get(profile)
        self._releases: list[tuple[str, _Release]] = [
            (field.name, _treatment(field, profile, key, code_lists))
            for field in record_type.fields
            if field.treatments[profile].action != "drop"
        ]
        self._told = frozenset(name for name, _ in self._releases)
        self._releases += [(f"{p}district", _part_of(p, "district")) for p in record_type.places]
        self._releases += [
            (utc_field_name(e.time), _copy(utc_field_name(e.time)))
            for e in record_type.events
            if e.time and record_type.field(e.time).treatments[profile].action == "keep"
        ]

    def excludes(self, record: Record) -> bool:
        """Whether this profile never gets such a row; a flag that is not known counts as set."""
        rule = self._exclusion
        if rule is None:
            return False
        if record.get(rule.flag) is not False:
            return True
        return any(record.get(field) in codes for field, codes in rule.codes.items())

    def record_id(self, agency: str, record: Record) -> str:
        """The record's name in this profile: stable, so a correction replaces what it corrects."""
        identity = [str(record[field]) for field in self._identity]
        return self._record_key.digest(self._dataset, agency, *identity)

    def release(
        self, agency: str, record: Record, locations: Locations, caveats: list[str]
    ) -> dict[str, Any]:
        """The depersonalised record under the schema that `schemas.derive.release_schema` gives."""
        released = {name: treat(agency, record, locations) for name, treat in self._releases}
        released["record_id"] = self.record_id(agency, record)
        released["source_agency"] = agency
        released["caveats"] = [c for c in caveats if c.partition(":")[0] in self._told]
        return released


def _treatment(
    field: Field, profile: str, key: ReferenceKey, code_lists: Mapping[str, CodeList]
) -> _Release:
    treatment = field.treatments[profile]
    match treatment.action:
        case "keep" | "code":
            return _copy(field.name)
        case "hour":
            return _hour(field.name)
        case "reference":
            return _reference(field.name, key.for_purpose(profile, field.join or field.name))
        case "coded-text" if treatment.code_list:
            return _coded_text(field.name, code_lists[treatment.code_list])
        case "address" | "postcode" | "easting" | "northing" as part:
            return _part_of(field.name.removesuffix(part), part)
    raise AssertionError(f"no treatment for {field.name!r}")


def _copy(name: str) -> _Release:
    return lambda _agency, record, _locations: record.get(name)


def _hour(name: str) -> _Release:
    def hour(_agency: str, record: Record, _locations: Locations) -> time | None:
        given = record.get(name)
        return given.replace(minute=0, second=0, microsecond=0) if given is not None else None

    return hour


def _reference(name: str, key: ReferenceKey) -> _Release:
    def reference(agency: str, record: Record, _locations: Locations) -> str | None:
        given = record.get(name)
        return key.digest(agency, given) if given is not None else None

    return reference


def _coded_text(name: str, code_list: CodeList) -> _Release:
    codes_within = lru_cache(maxsize=_CODED_TEXTS)(code_list.codes_within)

    def coded(_agency: str, record: Record, _locations: Locations) -> list[str] | None:
        given = record.get(name)
        return codes_within(given) if given is not None else None

    return coded


def _part_of(prefix: str, part: str) -> _Release:
    def part_of(_agency: str, _record: Record, locations: Locations) -> Any:
        return getattr(locations[prefix].released, part)

    return part_of
