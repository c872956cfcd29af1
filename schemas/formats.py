"""The format of signed documents: fields and defaults that no later release changes (formats.yaml).

Partners compare digests and signatures from different releases of this software. So the same content must
give the same bytes in each release.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from ruamel.yaml import YAML

Format = Literal[1]
"""The formats that this release can read."""
FORMAT: Format = 1
FIELD = "format"
REQUIRED = "required"
"""The entry in formats.yaml for a field without a default."""

Fields = Mapping[str, Any]
"""Defaults by field, in the order of the fields in the bytes."""


class Formats(NamedTuple):
    """The fields of each model with their defaults: those always in the bytes, and those added later."""

    always: Mapping[str, Fields]
    later: Mapping[str, Fields]


class Signed(BaseModel):
    """A document or a part of one that is signed, or that different releases must read alike.

    A dump has first all fields of format 1, in the order of formats.yaml. Then come the fields that were
    added later, in the order of their names, each only if its value is not the default. So a new optional
    field changes no digest until it is used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _in_format(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        dumped, fields, always = handler(self), type(self).model_fields, _always(type(self))
        used = (name for name in sorted(fields.keys() - always) if not self._has_default(name))
        names = (*always, *used)
        keys = [fields[name].alias or name for name in names] if info.by_alias else names
        return {key: dumped[key] for key in keys if key in dumped}

    def _has_default(self, name: str) -> bool:
        field = type(self).model_fields[name]
        return bool(getattr(self, name) == field.get_default(call_default_factory=True))


@cache
def load_formats() -> Formats:
    """Return the content of formats.yaml; the file is read once."""
    text = files("schemas").joinpath("formats.yaml").read_text(encoding="utf-8")
    document = YAML(typ="safe").load(text)
    return Formats(document["always"], document["later"])


@cache
def _always(model: type[BaseModel]) -> Fields:
    """Return the fields always in the bytes of a model; a model without an entry uses that of its base."""
    declared = load_formats().always
    for each in model.__mro__:
        if each.__name__ in declared:
            return declared[each.__name__]
    raise LookupError(f"{model.__name__} has no entry in schemas/formats.yaml")
