"""Where in a YAML file a finding stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

Place = tuple[str | int, ...]


class Finding(NamedTuple):
    """What is wrong at one place of a document, with what is accepted there."""

    place: Place
    message: str


def located(findings: list[Finding], path: Path, document: Any, root: str) -> str:
    """One line a finding: file, line counted from 1, place (`root` for the whole), message."""
    lines = (
        f"{path}:{line_of(document, place)}: {'.'.join(map(str, place)) or root}: {message}"
        for place, message in findings
    )
    return "\n".join(lines)


def line_of(document: Any, place: Place) -> int:
    """The line of the deepest part of `place` that a document read by ruamel.yaml has."""
    line = 1
    node = document
    for step in place:
        if not hasattr(node, "lc"):
            break
        try:
            position = node.lc.item(step) if isinstance(step, int) else node.lc.key(step)
            line, node = position[0] + 1, node[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


def settings_at(model: Any, place: Place) -> Iterator[str]:
    """The settings that the part of a document has to which the last step of `place` belongs."""
    for step in place[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation) or model
    yield from (field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
