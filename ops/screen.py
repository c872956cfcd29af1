"""Print to the terminal. All output of the commands goes through this module.

Some texts come from others: a supply's caveats, a case's purpose, a name that the broker refused.
They are printed as they are: no part is read as markup. A character that could control the
terminal, or change the reading order of a line, is printed as an escape.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from schemas.plain_text import visible


class Screen(Console):
    """A terminal that prints texts as they are. Styles are given separately."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape the text's control characters before its width is measured."""
        return super().render_str(visible(text, newlines=True), **{**options, "markup": False})

    def status(self, status: RenderableType, **options: Any) -> Status:
        """Show a progress line. Its text is not read as markup."""
        return _Status(_shown(status), console=self, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Escape control characters in what did not come as plain text, too."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=visible(segment.text, newlines=True))


class _Status(Status):
    """A progress line that can change. Its text is not read as markup."""

    def update(self, status: RenderableType | None = None, **options: Any) -> None:
        """Show another text."""
        super().update(None if status is None else _shown(status), **options)


def _shown(status: RenderableType) -> RenderableType:
    return Text(visible(status)) if isinstance(status, str) else status


def say(text: str, *, err: bool = False) -> None:
    """Print one line."""
    typer.echo(visible(text), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Print a text of several lines. A part that comes from others must be on one line."""
    typer.echo(visible(text, newlines=True), err=err)


def say_json(
    document: Any, *, indent: int | None = 2, default: Callable[[Any], Any] | None = None
) -> None:
    """Print one JSON document; with no indent, on one line."""
    say_lines(json_text(document, indent=indent, default=default))


def json_text(
    document: Any, *, indent: int | None = None, default: Callable[[Any], Any] | None = None
) -> str:
    """Return a document as JSON with visible characters only.

    Raises:
        ValueError: it holds a number that JSON does not have, such as NaN.
    """
    text = json.dumps(document, indent=indent, default=default, ensure_ascii=False, allow_nan=False)
    return visible(text, newlines=True)
