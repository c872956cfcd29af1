"""Fixtures for the tests of the connector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.mappings.mapping import Mapping


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes bytes or lines to a file and returns its path."""

    def write(content: str | bytes, name: str = "given.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def make_mapping() -> Callable[..., Mapping]:
    """Return a function that makes a mapping of police incidents; its arguments replace parts of it."""

    def make(**given: object) -> Mapping:
        whole = {"name": "m", "source": "s", "dataset": "police-incident", **given}
        return Mapping.model_validate({"columns": {"Ref": "incident_reference"}} | whole)

    return make
