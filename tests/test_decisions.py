"""The list of decisions has each page."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "adr"
_LINE = re.compile(r"^\| \[(\d+)\]\(([^)]+)\) \|", re.MULTILINE)
_TITLE = re.compile(r"# (\d+)\. \S")


def test_the_list_has_each_decision_once_and_in_order() -> None:
    listed = _LINE.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    pages = sorted(path.name for path in FOLDER.glob("*.md") if path.name != "README.md")
    assert [name for _, name in listed] == pages
    assert [int(number) for number, _ in listed] == [int(name[:4]) for name in pages]


def test_no_two_decisions_have_one_number_and_each_page_begins_with_its_own() -> None:
    pages = [path for path in FOLDER.glob("*.md") if path.name != "README.md"]
    numbers = []
    for page in pages:
        title = _TITLE.match(page.read_text(encoding="utf-8"))
        assert title is not None, page.name
        assert int(title[1]) == int(page.name[:4])
        numbers.append(int(title[1]))
    assert len(set(numbers)) == len(numbers)
