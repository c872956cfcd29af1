"""Figures of docs/protection.md that are measured: read from the page, and replaced on it.

A part of the page with measured figures is between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. Its
figures are, in their order, each number of a table's cells but for the first column and the heads, and each
number before a per cent sign outside of tables. `python -m tests.benchmarks.page_figures` replaces them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "protection.md"
_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PERCENTAGE: Final = re.compile(r"\d[\d,]*(?:\.\d+)?(?= %)")
_RULE: Final = re.compile(r"\|[ :|-]+\|$")
_MOST_DECIMALS: Final = 3


def check(name: str, measured: Sequence[str]) -> None:
    """Raise an error if a part of the page has other figures than those measured, in their order."""
    shown = figures(PAGE.read_text(encoding="utf-8"), name)
    assert shown == list(measured), (
        f"docs/protection.md has other figures between the marks {name!r} than those measured: run "
        f"`python -m tests.benchmarks.page_figures {name}`, and read the words around them again"
    )


def figures(page: str, name: str) -> list[str]:
    """Return the figures of a part of a page.

    Raises:
        ValueError: the page has no such part, or several.
    """
    return [match[0] for match in _matches(_part(page, name))]


def replaced(page: str, name: str, measured: Sequence[str]) -> str:
    """Return the page with other figures in a part.

    Raises:
        ValueError: the page has no such part or several, or the part has another number of figures.
    """
    part = _part(page, name)
    matches = list(_matches(part))
    if len(matches) != len(measured):
        raise ValueError(f"{name}: {len(matches)} figures on the page, {len(measured)} measured")
    text = part[0]
    for match, figure in reversed([*zip(matches, measured, strict=True)]):
        text = text[: match.start() - part.start()] + figure + text[match.end() - part.start() :]
    return page[: part.start()] + text + page[part.end() :]


def share(value: float) -> str:
    """Return a share in per cent, with as many decimals as show that it is neither nothing nor all."""
    for decimals in range(_MOST_DECIMALS):
        text = f"{100 * value:.{decimals}f}"
        if (float(text) not in {0, 100}) or value in {0, 1}:
            return text
    return f"{100 * value:.{_MOST_DECIMALS}f}"


def amount(value: float) -> str:
    """Return a number without decimals, or with one if it is between nought and one."""
    return f"{value:.1f}" if 0 < value < 1 else f"{value:,.0f}"


def _part(page: str, name: str) -> re.Match[str]:
    begin, end = (re.escape(f"<!-- {name}: {mark} -->\n") for mark in ("begin", "end"))
    found = list(re.finditer(f"(?<={begin}).*?(?={end})", page, re.DOTALL))
    if len(found) != 1:
        raise ValueError(f"the page has {len(found)} parts between the marks {name!r}")
    return found[0]


def _matches(part: re.Match[str]) -> Iterator[re.Match[str]]:
    """Yield each figure of a part, with its position in the page."""
    in_table, at = False, part.start()
    for line in part[0].splitlines(keepends=True):
        begin, end = at, at + len(line)
        at = end
        if not line.startswith("|"):
            in_table = False
            yield from _PERCENTAGE.finditer(part.string, begin, end)
        elif _RULE.match(line.strip()):
            in_table = True
        elif in_table:
            cells = part.string.index("|", begin + 1)
            yield from _NUMBER.finditer(part.string, cells, end)
