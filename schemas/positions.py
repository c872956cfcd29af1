"""The positions of findings in a YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

YamlPath = tuple[str | int, ...]


class Finding(NamedTuple):
    """A fault at one place of a document; the message includes the accepted values."""

    place: YamlPath
    message: str


def located(findings: list[Finding], path: Path, document: Any, root: str) -> str:
    """Return one line per finding: file, line (from 1), place (`root` for the whole file), message."""
    lines = (
        f"{path}:{line_of(document, place)}: {'.'.join(map(str, place)) or root}: {message}"
        for place, message in findings
    )
    return "\n".join(lines)


def line_of(document: Any, place: YamlPath) -> int:
    """Return the line (from 1) of the deepest part of `place` that exists in a ruamel.yaml document."""
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


def settings_at(model: Any, place: YamlPath) -> Iterator[str]:
    """Yield the accepted settings of the part of a document that contains the last step of `place`."""
    for step in place[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation) or model
    yield from (field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
