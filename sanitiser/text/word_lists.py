"""The data files beside this package: one kind to a line, `kind: what is of it`; # begins a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import NamedTuple


class Built(NamedTuple):
    """Entries of a source kept by kind, and rows left out by reason."""

    kept: Mapping[str, int]
    left_out: Mapping[str, int]


def lines_of(file: str) -> Iterator[str]:
    """The lines of a data file that say something."""
    text = files("sanitiser").joinpath(file).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def words_by_kind(file: str) -> Iterator[tuple[str, list[str]]]:
    """Each line's kind with its words."""
    for line in lines_of(file):
        kind, _, listed = line.partition(":")
        yield kind, listed.split()


def kind_of_each_type(file: str) -> Mapping[str, str]:
    """The kind of each type of a register, of a file whose types are parted by bars."""
    found: dict[str, str] = {}
    for line in lines_of(file):
        kind, _, types = line.partition(":")
        found |= {name.strip(): kind for name in types.split("|")}
    return found
