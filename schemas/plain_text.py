"""Text for people: the accepted characters, and escapes for all others.

A character that controls a terminal, or that changes the direction of text, could make a reader see a false
text. The tools of this project refuse such characters in their input, and show them as escapes in texts from
others.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format (bidirectional, zero-width, tags), surrogate, separators."""

_NEWLINE = "\n"


def controls(text: str, *, newlines: bool = False) -> list[str]:
    """Return the characters of a text that a reader cannot see; with `newlines`, line ends are accepted."""
    if text.isprintable():
        return []
    return [c for c in text if _is_control(c) and not (newlines and c == _NEWLINE)]


def visible(text: str, *, newlines: bool = False) -> str:
    """Return the text with an escape, as in JSON, for each character that a reader cannot see."""
    hidden = controls(text, newlines=newlines)
    return text.translate({ord(c): _escape(c) for c in hidden}) if hidden else text


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROLS


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def one_line(text: str) -> str:
    """Return the text unchanged.

    Raises:
        ValueError: the text has a character that a reader cannot see.
    """
    _refuse(controls(text))
    return text


def lines(text: str) -> str:
    """Return the text unchanged; it may have several lines. Errors as `one_line`."""
    _refuse(controls(text, newlines=True))
    return text


def _refuse(found: list[str]) -> None:
    if found:
        raise ValueError(
            f"it holds the character {_escape(found[0])}, which a reader cannot see; remove it"
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
