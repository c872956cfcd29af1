"""ARCHITECTURE.md names files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    line
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    if "`tests/" in line
]
NAMED = re.compile(r"`(tests/[\w/.]+|test_\w+\.py)`")


@pytest.mark.parametrize("row", ROWS)
def test_a_test_that_the_page_names_exists(row: str) -> None:
    folder = ROOT
    for name in NAMED.findall(row):
        # A name alone is in the folder of the one before it.
        file = ROOT / name if name.startswith("tests/") else folder / name
        assert file.exists(), f"{file.relative_to(ROOT)} does not exist"
        folder = file.parent if file.is_file() else file


def test_the_rows_are_found() -> None:
    assert len(ROWS) > 50
