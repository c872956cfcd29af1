"""Print the examples in commands' help so that they can be copied, however narrow the terminal is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import typer

WIDTH = 72
"""Widest line of an example. With its indentation it fits a terminal of 80 columns."""

_UNWRAPPED = "\b\n"
"""The mark that makes click keep a paragraph's lines."""
_TOKEN = re.compile(r"""(?:--\S+ (?!-))?(?:'[^']*'|"[^"]*"|[^\s'"])+""")


def keep_examples_whole(group: typer.Typer) -> None:
    """Make the help of each command of `group` print examples whose lines can be copied."""
    for command in group.registered_commands:
        command.help = _help_of(command.callback)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            keep_examples_whole(inner.typer_instance)
            _keep_of_group(inner.typer_instance)


def _keep_of_group(group: typer.Typer) -> None:
    own = group.registered_callback
    if own is not None and own.callback is not None and own.callback.__doc__:
        own.help = _help_of(own.callback)


def _help_of(callback: Callable[..., Any] | None) -> str:
    paragraphs = inspect.getdoc(callback) or ""
    return "\n\n".join(map(_printed, paragraphs.split("\n\n")))


def _printed(paragraph: str) -> str:
    if not re.match(r"    (?:[A-Z_]+=\S+ )*ipu ", paragraph):
        return paragraph
    lines = [""]
    for token in _TOKEN.findall(" ".join(paragraph.split())):
        if lines[-1] and len(lines[-1]) + len(token) > WIDTH - len(" \\"):
            lines.append("  ")
        lines[-1] += token if not lines[-1].strip() else f" {token}"
    return "    " + _UNWRAPPED + " \\\n".join(lines)
