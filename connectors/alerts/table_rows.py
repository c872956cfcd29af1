"""Read the rows of a CSV file with names or addresses: all of them, or none and every problem.

A row that is left out would be a person without protection. So a file with a bad row is refused as a whole.
Messages have the file, the line and the column, and never a value: the values are personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

from connectors.errors import SourceError
from connectors.sources.csv_file import CsvFile
from connectors.sources.table import Unreadable

_MOST_PROBLEMS = 20

_Made = TypeVar("_Made")


class CellError(ValueError):
    """A cell cannot be used: the name of its column, and the accepted values."""

    def __init__(self, column: str, accepted: str) -> None:
        super().__init__(f"{column}: {accepted}")


Cells = Mapping[str, str]
"""The cells of a row by the name of their column, without white space at both ends."""


class _Problem(NamedTuple):
    line: int
    what: str


def read_rows(
    path: Path,
    needed: Sequence[str],
    make: Callable[[Cells], _Made],
    optional: Sequence[str] = (),
    *,
    others: bool = True,
) -> list[_Made]:
    """Return what `make` makes of each row of a CSV file with these columns.

    `make` raises `CellError` for a cell that cannot be used. Other columns are ignored, or refused if not
    `others`.

    Raises:
        SourceError: the file has no rows, lacks a column or has it twice, or has a row that cannot be
            used; one line per problem.
    """
    with closing(CsvFile(path)) as table:
        titles = [title.casefold() for title in table.header]
        _check_titles(path, titles, (*needed, *optional), others=others)
        lacking = [name for name in needed if name not in titles]
        if lacking:
            accepted = ", ".join((*needed, *optional))
            message = f"{path}:1: no column {', '.join(lacking)}; accepted columns: {accepted}"
            raise SourceError(message)
        results = list(_results(table, titles, make))
    problems = [result for result in results if isinstance(result, _Problem)]
    if problems:
        raise SourceError("\n".join(_told(path, problems)))
    if not results:
        raise SourceError(f"{path}: no rows; the file should have one row for each entry")
    return [result for result in results if not isinstance(result, _Problem)]


def _check_titles(
    path: Path, titles: Sequence[str], accepted: Sequence[str], *, others: bool
) -> None:
    """Refuse a column that comes twice, or is none of the accepted ones.

    The message has its number alone: without a line of titles, a title is personal data.
    """
    for number, title in enumerate(titles, 1):
        if title in accepted and titles.index(title) + 1 < number:
            message = f"{path}:1: column {number} is a second column {title}"
            raise SourceError(f"{message}; accepted: each column once; nothing was written")
        if title not in accepted and not others:
            message = f"{path}:1: column {number} is none of the accepted columns: "
            raise SourceError(f"{message}{', '.join(accepted)}; nothing was written")


def _results(
    table: CsvFile, titles: Sequence[str], make: Callable[[Cells], _Made]
) -> Iterator[_Made | _Problem]:
    for row in table:
        if isinstance(row, Unreadable):
            yield _Problem(row.line, row.reason)
            continue
        try:
            yield make(dict(zip(titles, map(str.strip, row.cells), strict=True)))
        except CellError as error:
            yield _Problem(row.line, str(error))


def _told(path: Path, problems: Sequence[_Problem]) -> Iterator[str]:
    for line, what in problems[:_MOST_PROBLEMS]:
        yield f"{path}:{line}: {what}"
    if len(problems) > _MOST_PROBLEMS:
        yield f"and {len(problems) - _MOST_PROBLEMS:,} more rows; nothing was written"
    else:
        yield "nothing was written"
