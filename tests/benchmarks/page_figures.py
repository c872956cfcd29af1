"""`python -m tests.benchmarks.page_figures`: measure figures of docs/protection.md, and write them there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from tests.benchmarks import (
    joined_cases,
    protected,
    rare_kinds,
    released_streets,
    singling,
    subtraction,
)
from tests.benchmarks.banes import district_index
from tests.benchmarks.page import PAGE, replaced

PARTS: Final[dict[str, Callable[[Path], Sequence[str]]]] = {
    "streets": lambda _: released_streets.on_page(
        released_streets.street_figures(also_incomplete=False)
    ),
    "singling": lambda folder: singling.on_page(singling.measure(folder)),
    "joined-cases": lambda folder: joined_cases.on_page(joined_cases.cases_of_district(folder)),
    "subtraction": lambda folder: subtraction.on_page(
        subtraction.missing_found(district_index(folder))
    ),
    "rare-kinds": lambda folder: rare_kinds.on_page(
        rare_kinds.single_events(district_index(folder))
    ),
    "protected-places": lambda _: protected.on_page(protected.protected_figures()),
}
"""The measurement of each part of the page, with a folder for its files."""


def write(
    parts: Annotated[
        list[str] | None, typer.Argument(help="Parts of the page; all by default.")
    ] = None,
) -> None:
    """Measure parts of docs/protection.md, and replace their figures; read the words around them afterwards.

    Examples:

        python -m tests.benchmarks.page_figures

        python -m tests.benchmarks.page_figures singling
    """
    for name in parts or PARTS:
        if name not in PARTS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(PARTS)}")
        with tempfile.TemporaryDirectory() as folder:
            measured = PARTS[name](Path(folder))
        before = PAGE.read_text(encoding="utf-8")
        after = replaced(before, name, measured)
        PAGE.write_text(after, encoding="utf-8")
        typer.echo(f"{name}: {'changed' if after != before else 'as it was'}")


if __name__ == "__main__":
    typer.run(write)
