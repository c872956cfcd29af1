"""Text that people read: which characters it may hold, and how any other is shown.

A character that controls a terminal or changes the order in which text is read could make a reader see
what is not there. Such characters are refused in what our own tools take in, and shown as escapes in
what comes from others.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format (bidirectional, zero-width, tags), surrogate, separators."""

_NEWLINE = "\n"


def controls(text: str, *, newlines: bool = False) -> list[str]:
    """Return the characters of a text that a reader cannot see, but for newlines where they are meant."""
    if text.isprintable():
        return []
    return [c for c in text if _is_control(c) and not (newlines and c == _NEWLINE)]


def visible(text: str, *, newlines: bool = False) -> str:
    """Return the text with each character that a reader cannot see as an escape, as JSON writes it."""
    hidden = controls(text, newlines=newlines)
    return text.translate({ord(c): _escape(c) for c in hidden}) if hidden else text


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROLS


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def one_line(text: str) -> str:
    """Return the text. `ValueError` if it holds a character that a reader cannot see."""
    _refuse(controls(text))
    return text


def lines(text: str) -> str:
    """Return the text, which may have several lines. Errors as `one_line`."""
    _refuse(controls(text, newlines=True))
    return text


def _refuse(found: list[str]) -> None:
    if found:
        raise ValueError(
            f"it holds the character {_escape(found[0])}, which a reader cannot see; take it out"
        )


_NOT_BLANK = StringConstraints(strip_whitespace=True, min_length=1)

Visible = Annotated[str, AfterValidator(one_line)]
"""A text of one line; it may be empty."""

VisibleText = Annotated[str, AfterValidator(lines)]
"""A text that may have several lines; it may be empty."""

Line = Annotated[str, _NOT_BLANK, AfterValidator(one_line)]
"""A text of one line that is not blank."""

Text = Annotated[str, _NOT_BLANK, AfterValidator(lines)]
"""A text that is not blank; it may have several lines."""
