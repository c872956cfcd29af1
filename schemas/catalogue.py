"""The catalogue: every record type, code list and source that the schema folder declares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.aggregates import AggregateSource, load_aggregates
from schemas.codes import CodeList, load_code_list
from schemas.declaration import parse_record_type
from schemas.record_type import RecordType, SchemaError

SCHEMA_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Record types by dataset name, their code lists, aggregate sources, the system's own schemas."""

    record_types: Mapping[str, RecordType]
    code_lists: Mapping[str, CodeList]
    aggregates: Mapping[str, AggregateSource]
    system: Mapping[str, dict[str, Any]]

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self.record_types.values())

    def record_type(self, dataset: str) -> RecordType:
        """The record type of `dataset`; `SchemaError` names those there are."""
        try:
            return self.record_types[dataset]
        except KeyError:
            accepted = ", ".join(sorted(self.record_types))
            raise SchemaError(f"dataset {dataset!r} is unknown; accepted: {accepted}") from None


def load_catalogue(folder: Path = SCHEMA_FOLDER) -> Catalogue:
    """Read and check every declaration under `folder`; `SchemaError` on the first that is wrong."""
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
    for field in record_type.fields:
        for treatment in field.treatments.values():
            if treatment.code_list and treatment.code_list not in code_lists:
                raise SchemaError(
                    f"{record_type.dataset}.avsc: field {field.name!r} uses the code list "
                    f"{treatment.code_list!r}, which is not under codes/"
                )
            if treatment.action == "group" and not code_lists[str(treatment.code_list)].groups:
                raise SchemaError(
                    f"{record_type.dataset}.avsc: field {field.name!r} needs the groups of "
                    f"{treatment.code_list!r}, which has none"
                )
