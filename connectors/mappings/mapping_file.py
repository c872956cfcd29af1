"""Load mappings: built-in ones, a user's file, or the one for ipu's field names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.errors import MappingError
from connectors.mappings import mapping_check
from connectors.mappings.mapping import IDENTITY, Column, Mapping, RowRule
from schemas.catalogue import Catalogue
from schemas.positions import Finding, YamlPath, located
from schemas.record_type import RECORD_REFERENCE, RecordType
from schemas.yaml_file import read_yaml

SHIPPED = Path(__file__).parent


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that are part of the connector."""
    return tuple(sorted(p.stem for p in SHIPPED.glob("*.yaml")))


def find_mapping(name_or_file: str, catalogue: Catalogue) -> Mapping:
    """Return the built-in mapping of this name, else the one in the file.

    Raises the errors of `load_mapping`.
    """
    if name_or_file in shipped_mappings():
        return load_mapping(SHIPPED / f"{name_or_file}.yaml", catalogue)
    path = Path(name_or_file)
    if not path.is_file():
        accepted = ", ".join(shipped_mappings())
        raise MappingError(f"{name_or_file}: no such mapping; accepted: a file, or {accepted}")
    return load_mapping(path, catalogue)


def identity_mapping(record_type: RecordType) -> Mapping:
    """Return the mapping of a file whose header has the record type's own field names.

    A column of record references may be absent; the references are then made from the supply.
    """
    names = [f.name for f in record_type.fields]
    required = {*record_type.required, *record_type.identity} - {RECORD_REFERENCE}
    return Mapping(
        name=IDENTITY,
        source=f"A file with the field names of {record_type.dataset} as its header",
        dataset=record_type.dataset,
        columns={name: Column(field=name) for name in names},
        optional=tuple(name for name in names if name not in required),
    )


def load_mapping(path: Path, catalogue: Catalogue) -> Mapping:
    """Read a mapping file and check it against the record type of its dataset.

    Raises:
        MappingError: one line per finding, each with file, line, place and the accepted values.
    """
    document = read_yaml(path, MappingError)
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as error:
        found = [_explained(problem) for problem in error.errors()]
        raise MappingError(located(found, path, document, "mapping")) from None
    if mapping.dataset not in catalogue.record_types:
        accepted = ", ".join(sorted(catalogue.record_types))
        message = f"{mapping.dataset!r} is unknown; accepted: {accepted}"
        raise MappingError(located([Finding(("dataset",), message)], path, document, "mapping"))
    found = mapping_check.findings(mapping, catalogue.record_type(mapping.dataset))
    if found:
        raise MappingError(located(found, path, document, "mapping"))
    return mapping


def _explained(problem: Any) -> Finding:
    place: YamlPath = tuple(problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = f"is not a setting; accepted: {', '.join(_model_at(place).model_fields)}"
    elif problem["type"] == "missing":
        message = "is missing; a value is needed"
    elif isinstance(problem["input"], str | int | float | bool):
        message = f"{message}; given {problem['input']!r}"
    return Finding(place, message)


def _model_at(place: YamlPath) -> type[BaseModel]:
    match place:
        case ("columns", _, _, *_):
            return Column
        case ("where", _, _, *_):
            return RowRule
    return Mapping
