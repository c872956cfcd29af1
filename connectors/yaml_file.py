"""YAML files that users keep, and what pydantic finds in them put into words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from connectors.errors import ConnectorError


def read_yaml(path: Path, refusal: type[ConnectorError]) -> Any:
    """The document of a file, with the places of its parts; `refusal` where it is none."""
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(f"{path}: cannot be read: {error}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise refusal(f"{path}:{line}: not YAML: {error.problem}") from None
    except YAMLError as error:
        raise refusal(f"{path}:1: not YAML: {error}") from None
