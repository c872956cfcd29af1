"""Models as a later release could have them: with an optional field that this release does not know."""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator, Mapping
from functools import reduce
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, create_model

ADDED = "added_later"


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model in an annotation, and in the fields of those models."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_of(field.annotation)
    for part in get_args(annotation):
        yield from models_of(part)


def later(annotation: Any, extended: str) -> Any:
    """Return an annotation in which the models of that name have a field more, with a default."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _later_model(annotation, extended)
    parts = tuple(later(part, extended) for part in get_args(annotation))
    if parts == get_args(annotation):
        return annotation
    if get_origin(annotation) in {Union, UnionType}:
        return reduce(operator.or_, parts)
    return get_origin(annotation)[parts]


def _later_model(model: type[BaseModel], extended: str) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        changed = later(field.annotation, extended)
        if changed is not field.annotation:
            new = copy.copy(field)
            new.annotation = changed
            if isinstance(field.default, BaseModel):
                new.default = changed()
            fields[name] = (changed, new)
    if model.__name__ == extended:
        fields[ADDED] = (str | None, None)
    return create_model(model.__name__, __base__=model, **fields) if fields else model


def using(value: Any, extended: str) -> Any:
    """Return a document in which the added field has another value than its default."""
    if isinstance(value, BaseModel):
        parts = {name: using(part, extended) for name, part in value}
        more = {ADDED: "used"} if type(value).__name__ == extended else {}
        return value.model_copy(update=parts | more)
    if isinstance(value, tuple):
        return tuple(using(part, extended) for part in value)
    if isinstance(value, Mapping):
        return {name: using(part, extended) for name, part in value.items()}
    return value
