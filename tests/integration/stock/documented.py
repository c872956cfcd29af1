"""The files and commands of docs/stock-clients.md, laid out as the page says, at the places of a test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[3] / "docs"
PAGE: Final = DOCS / "stock-clients.md"
_BLOCK: Final = re.compile(r"^```\w+ (?P<name>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Return the text of each named block of the page, by its name."""
    return {
        found["name"]: found["text"] for found in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    }


def replaced(text: str, places: Mapping[str, str]) -> str:
    """Return a text with the places of a test instead of those of the page."""
    longest_first = sorted(places, key=len, reverse=True)
    documented = "|".join(map(re.escape, longest_first))
    return re.sub(documented, lambda found: places[found[0]], text)


def lay_out(folder: Path, places: Mapping[str, str], *names: str) -> None:
    """Write some blocks of the page to files in `folder`, for their owner alone."""
    for name in names:
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(replaced(blocks()[name], places), encoding="utf-8")
