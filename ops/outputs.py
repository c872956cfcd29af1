"""Refuse a command whose output would overwrite one of its inputs, or cannot be written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import typer

Files = Path | str | Sequence[Path] | None


def check_outputs(outputs: Mapping[str, Files], inputs: Mapping[str, Files]) -> None:
    """Refuse an output that is an input or another output, or is in such a folder.

    Keys are the names of options. Links and other spellings of a path count as the same file. An
    output that exists must be a file or a folder.

    Raises:
        typer.BadParameter: says which option names which file, and what is accepted.
    """
    written = [(option, path) for option, path in _paths(outputs)]
    for option, path in written:
        if path.exists() and not (path.is_file() or path.is_dir()):
            message = f"{path}: is neither a file nor a folder; name a file"
            raise typer.BadParameter(message, param_hint=option)
        for read, other in _paths(inputs):
            if _meet(path, other):
                message = f"{path}: is the input of {read} and would be lost; name another file"
                raise typer.BadParameter(message, param_hint=option)
    for (first, path), (second, other) in combinations(written, 2):
        if _meet(path, other):
            message = f"{other}: is already the output of {first}; name another file"
            raise typer.BadParameter(message, param_hint=second)


def check_files(outputs: Mapping[str, Path | None]) -> None:
    """Refuse an output that is not a file in a folder which exists and may be written to.

    Raises:
        typer.BadParameter: says which option names which file, and what is accepted.
    """
    for option, path in outputs.items():
        if path is None:
            continue
        folder = path.absolute().parent
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            message = f"{path}: accepted: a file in a folder that exists and may be written to"
            raise typer.BadParameter(message, param_hint=option)


def _paths(files: Mapping[str, Files]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for option, given in files.items():
        several = [given] if isinstance(given, Path | str) else given or ()
        found += [(option, Path(path)) for path in several]
    return found


def _meet(path: Path, other: Path) -> bool:
    """Return True if both are one file, or one is a folder that contains the other."""
    if path.exists() and other.exists() and path.samefile(other):
        return True
    at, beside = path.resolve(), other.resolve()
    if at == beside:
        return True
    return _holds(path, beside) or _holds(other, at)


def _holds(folder: Path, file: Path) -> bool:
    return folder.is_dir() and file.is_relative_to(folder.resolve())
