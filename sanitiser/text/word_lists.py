"""Read this package's data files: one kind per line, `kind: entries`; # begins a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import NamedTuple


class Built(NamedTuple):
    """The number of a source's entries kept, by kind, and of rows left out, by reason."""

    kept: Mapping[str, int]
    left_out: Mapping[str, int]


def lines_of(file: str) -> Iterator[str]:
    """Return the lines of a data file, without empty lines and comments."""
    text = files("sanitiser").joinpath(file).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def words_by_kind(file: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each line's kind with its words."""
    for line in lines_of(file):
        kind, _, listed = line.partition(":")
        yield kind, listed.split()


def kind_of_each_type(file: str) -> Mapping[str, str]:
    """Return the kind of each type of a register, from a file with types separated by bars."""
    found: dict[str, str] = {}
    for line in lines_of(file):
        kind, _, types = line.partition(":")
        found |= {name.strip(): kind for name in types.split("|")}
    return found
