"""What tests of the connector share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.mappings.mapping import Mapping


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes bytes or lines to a file and gives its path."""

    def write(content: str | bytes, name: str = "given.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def make_mapping() -> Callable[..., Mapping]:
    """Makes a mapping of police incidents; what is given replaces a part of it."""

    def make(**given: object) -> Mapping:
        whole = {"name": "m", "source": "s", "dataset": "police-incident", **given}
        return Mapping.model_validate({"columns": {"Ref": "incident_reference"}} | whole)

    return make
