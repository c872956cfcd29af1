"""The catalogue: all record types, code lists and aggregate sources in the schema folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.aggregates import AggregateSource, load_aggregates
from schemas.codes import CodeList, load_code_list
from schemas.declaration import parse_record_type
from schemas.record_type import RecordType, SchemaError, Treatment
from schemas.telling import ALL_TOLD

SCHEMA_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Record types by dataset name, their code lists, aggregate sources, and the system's own schemas."""

    record_types: Mapping[str, RecordType]
    code_lists: Mapping[str, CodeList]
    aggregates: Mapping[str, AggregateSource]
    system: Mapping[str, dict[str, Any]]

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self.record_types.values())

    def record_type(self, dataset: str) -> RecordType:
        """Return the record type of `dataset`.

        Raises:
            SchemaError: there is no such dataset; the text names all datasets.
        """
        try:
            return self.record_types[dataset]
        except KeyError:
            accepted = ", ".join(sorted(self.record_types))
            raise SchemaError(f"dataset {dataset!r} is unknown; accepted: {accepted}") from None


def load_catalogue(folder: Path = SCHEMA_FOLDER) -> Catalogue:
    """Read and check all declarations under `folder`.

    Raises:
        SchemaError: a declaration is wrong; the first one is reported.
    """
    code_lists = {p.stem: load_code_list(p) for p in sorted((folder / "codes").glob("*.yaml"))}
    record_types = {p.stem: _load_record_type(p) for p in sorted((folder / "avro").glob("*.avsc"))}
    system = {
        p.stem: json.loads(p.read_text(encoding="utf-8"))
        for p in sorted((folder / "avro" / "system").glob("*.avsc"))
    }
    for record_type in record_types.values():
        _check_code_lists(record_type, code_lists)
    aggregates = load_aggregates(folder / "aggregates.yaml")
    return Catalogue(record_types, code_lists, aggregates, system)


def _load_record_type(path: Path) -> RecordType:
    record_type = parse_record_type(json.loads(path.read_text(encoding="utf-8")), path.name)
    if record_type.dataset != path.stem:
        raise SchemaError(f"{path.name}: declares the dataset {record_type.dataset!r}")
    return record_type


def _check_code_lists(record_type: RecordType, code_lists: Mapping[str, CodeList]) -> None:
    where = f"{record_type.dataset}.avsc"
    _check_codes(record_type, code_lists, where)
    for field in record_type.fields:
        if field.codes and field.codes not in code_lists:
            raise SchemaError(
                f"{where}: field {field.name!r} has the codes {field.codes!r}, which is not under codes/"
            )
        for profile, treatment in field.treatments.items():
            if treatment.code_list and treatment.code_list not in code_lists:
                raise SchemaError(
                    f"{where}: field {field.name!r} uses the code list "
                    f"{treatment.code_list!r}, which is not under codes/"
                )
            if treatment.action == "group" and not code_lists[str(treatment.code_list)].groups:
                raise SchemaError(
                    f"{where}: field {field.name!r} needs the groups of "
                    f"{treatment.code_list!r}, which has none"
                )
            if treatment.code_list:
                _check_telling(f"{where}: field {field.name!r}", profile, treatment, code_lists)


def _check_codes(record_type: RecordType, code_lists: Mapping[str, CodeList], where: str) -> None:
    """Check that the codes which exclude rows, or mark domestic ones, are codes of their fields."""
    excluded = [("are excluded", rule.codes) for rule in record_type.excluded.values()]
    when = record_type.domestic.when if record_type.domestic else ()
    for verb, by_field in (*excluded, *(("are domestic", condition.codes) for condition in when)):
        for name, codes in by_field.items():
            listed = code_lists.get(str(record_type.field(name).code_list))
            for code in sorted(codes - set(listed.spellings if listed else ())):
                raise SchemaError(f"{where}: rows {verb} by {code!r}, not a code of {name}")


def _check_telling(
    where: str, profile: str, treatment: Treatment, code_lists: Mapping[str, CodeList]
) -> None:
    telling = code_lists[str(treatment.code_list)].profiles.get(profile)
    if telling is None:
        raise SchemaError(
            f"{where} is released in {profile}, but codes/{treatment.code_list}.yaml has no entry "
            f"for {profile} under profiles"
        )
    if treatment.action == "coded-text" and (telling.left_out or telling.merged):
        raise SchemaError(
            f"{where} is a text; codes/{treatment.code_list}.yaml accepts only {profile}: {ALL_TOLD}"
        )
