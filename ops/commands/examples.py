"""Print the examples in commands' help so that they can be copied, however narrow the terminal is."""

from __future__ import annotations

import inspect
import re

import typer

WIDTH = 72
"""Widest line of an example. With its indentation it fits a terminal of 80 columns."""

_UNWRAPPED = "\b\n"
"""The mark that makes click keep a paragraph's lines."""
_TOKEN = re.compile(r"""(?:--\S+ (?!-))?(?:'[^']*'|"[^"]*"|[^\s'"])+""")


def keep_examples_whole(group: typer.Typer) -> None:
    """Make the help of each command of `group` print examples whose lines can be copied."""
    for command in group.registered_commands:
        paragraphs = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(map(_printed, paragraphs.split("\n\n")))
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            keep_examples_whole(inner.typer_instance)


def _printed(paragraph: str) -> str:
    if not re.match(r"    (?:[A-Z_]+=\S+ )*ipu ", paragraph):
        return paragraph
    lines = [""]
    for token in _TOKEN.findall(" ".join(paragraph.split())):
        if lines[-1] and len(lines[-1]) + len(token) > WIDTH - len(" \\"):
            lines.append("  ")
        lines[-1] += token if not lines[-1].strip() else f" {token}"
    return "    " + _UNWRAPPED + " \\\n".join(lines)
