"""The format of what is signed: fields and defaults that no later release changes (formats.yaml).

Partners compare digests and signatures that different releases of this software made. So the same content
must give the same bytes in each of them.
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
"""The formats that this release reads."""
FORMAT: Format = 1
FIELD = "format"
REQUIRED = "required"
"""The default in formats.yaml of a field that has none."""

Fields = Mapping[str, Any]
"""Defaults by field, in the order of the bytes."""


class Formats(NamedTuple):
    """The fields of each model with their defaults: those always in its bytes, and those added later."""

    always: Mapping[str, Fields]
    later: Mapping[str, Fields]


class Signed(BaseModel):
    """A document, or a part of one, that is signed or of which releases compare what they read.

    A dump has all fields that format 1 always has, in the order of formats.yaml. Then come fields that were
    added later, by name, and only those whose value is not the default. So a new optional field changes
    no digest until somebody uses it.
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
    """Read formats.yaml once."""
    text = files("schemas").joinpath("formats.yaml").read_text(encoding="utf-8")
    document = YAML(typ="safe").load(text)
    return Formats(document["always"], document["later"])


@cache
def _always(model: type[BaseModel]) -> Fields:
    """Return the fields that the bytes of a model always have, or of the model that it extends."""
    declared = load_formats().always
    for each in model.__mro__:
        if each.__name__ in declared:
            return declared[each.__name__]
    raise LookupError(f"{model.__name__} has no entry in schemas/formats.yaml")
