"""Every example in the help of a command is printed so that it runs when it is copied."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import build_cli


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from commands(each, (*path, name))
    if not inner:
        yield path


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(build_cli()))), ids=" ".join)
def test_examples_run_as_printed(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(build_cli(), [*path, "--help"], env={"COLUMNS": "80"})
    printed = re.search(r"Examples:\n\n(.*?)(?=\n\w|\Z)", result.output, re.DOTALL)
    if printed is None:
        return
    examples = [line for line in printed[1].replace("\\\n", "").splitlines() if line.strip()]
    for example in examples:
        words = shlex.split(example)
        at = next(i for i, word in enumerate(words) if "=" not in word)
        assert words[at] == "ipu"
        assert tuple(words[at + 1 : at + 1 + len(path)]) == path or words[at + 1] in {"isp", "up"}
        assert all(set(word) != {"\\"} for word in words)
