"""Read a supplier's statements about its own supply (guidance 3.4) from a YAML file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.errors import MetadataError
from schemas.plain_text import Text, Visible, VisibleText
from schemas.positions import Finding, YamlPath, located
from schemas.yaml_file import read_yaml

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(_Strict):
    """The time period covered. Each end is part of it and may be left open."""

    begin: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def _runs_forwards(self) -> Self:
        if self.begin and self.until and self.until < self.begin:
            raise ValueError(f"ends on {self.until}, before it begins")
        return self

    @property
    def ends(self) -> dict[str, str | None]:
        """Return both ends in ISO 8601, under the names of the system's records."""
        return {
            "period_from": self.begin.isoformat() if self.begin else None,
            "period_to": self.until.isoformat() if self.until else None,
        }


class Claims(_Strict):
    """The supplier's claims about a file, to compare with measured values.

    `records` counts the supplied records. `completeness` is the share of them, from 0 to 1, with a
    usable value, by datafield.
    """

    records: Annotated[int | None, Field(ge=0)] = None
    period: Period = Period()
    completeness: dict[str, Share] = {}

    @property
    def record(self) -> dict[str, Any]:
        """Return the claims as system/supply.avsc has them."""
        return {
            "records": self.records,
            **self.period.ends,
            "completeness": dict(self.completeness),
        }


class Notes(_Strict):
    """The statements about any supply; `supplier` is a post, not a person."""

    supplier: Visible = ""
    contact: Visible = ""
    explanations: dict[str, Text] = {}
    coding_systems: dict[str, Text] = {}
    geocoding: VisibleText = ""
    caveats: tuple[Text, ...] = ()

    def fields_named(self) -> Iterator[tuple[YamlPath, str]]:
        """Yield every datafield that is named, with its place in the file."""
        yield from ((("explanations", name), name) for name in self.explanations)
        yield from ((("coding_systems", name), name) for name in self.coding_systems)


class Metadata(Notes):
    """The metadata of a supply of records."""

    claims: Claims | None = None

    def fields_named(self) -> Iterator[tuple[YamlPath, str]]:
        """Yield every datafield that is named, with its place in the file."""
        yield from super().fields_named()
        if self.claims:
            names = self.claims.completeness
            yield from ((("claims", "completeness", name), name) for name in names)


UNSTATED = Metadata()
"""The metadata of a supply without statements."""


class TableMetadata(Notes):
    """The metadata of an aggregate table. Only its supplier knows its period."""

    period: Period = Period()


Stated = TypeVar("Stated", bound=Notes)


def load_metadata(path: Path, kind: type[Stated], fields: Collection[str], of: str) -> Stated:
    """Read a metadata file, and check that the datafields it names are among `fields`, those of `of`.

    Raises:
        MetadataError: one line per finding, each with file, line, place and the accepted values.
    """
    document = read_yaml(path, MetadataError)
    try:
        # A file with comments only states nothing.
        stated = kind.model_validate({} if document is None else document)
    except ValidationError as error:
        found = [_explained(problem, kind) for problem in error.errors()]
        raise MetadataError(located(found, path, document, "metadata")) from None
    accepted = ", ".join(fields)
    found = [
        Finding(place, f"{name!r} is not a field of {of}; accepted: {accepted}")
        for place, name in stated.fields_named()
        if name not in fields
    ]
    if found:
        raise MetadataError(located(found, path, document, "metadata"))
    return stated


def _explained(problem: Any, kind: type[Notes]) -> Finding:
    place: YamlPath = tuple(problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return Finding(place, f"is not a setting; accepted: {', '.join(_accepted(place, kind))}")
    if problem["type"].startswith("float") or place[:2] == ("claims", "completeness"):
        message = "give a share from 0 to 1, such as 0.95"
    given = problem["input"]
    if isinstance(given, str | int | float | bool):
        message = f"{message}; given {given!r}"
    return Finding(place, message)


def _accepted(place: YamlPath, kind: type[Notes]) -> Iterator[str]:
    model: type[BaseModel] = kind
    match place:
        case (*_, "period", _):
            model = Period
        case ("claims", _):
            model = Claims
    return (field.alias or name for name, field in model.model_fields.items())
