"""Examples in the help of the commands: however narrow the terminal is, they run as they are printed."""

from __future__ import annotations

import inspect
import re

import typer

WIDTH = 72
"""Widest line of an example, so that with its indentation it fits a terminal of 80 columns."""

_UNWRAPPED = "\b\n"
"""The mark by which click leaves a paragraph's lines as they are."""
_TOKEN = re.compile(r"""(?:--\S+ (?!-))?(?:'[^']*'|"[^"]*"|[^\s'"])+""")


def keep_examples_whole(group: typer.Typer) -> None:
    """Let the help of each command of `group` print examples whose lines can be copied."""
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
