"""Read dates and times in a style of `datetime.strptime`, without guessing any digit.

Python reads ``130`` in the style ``%H%M`` as 13:00, because it accepts numbers with fewer digits. A
spreadsheet that read 0130 as a number has dropped its leading zero, so 01:30 is meant. Therefore
numbers without a separator between them are read at their full widths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

_WIDTHS: Final = {
    "Y": 4, "G": 4, "j": 3, "u": 1, "w": 1,
    **dict.fromkeys("ymdHIMSUWV", 2),
}  # fmt: skip
_SHORT_WHERE_ALONE: Final = frozenset("dmHIjUWV")
"""Numbers that people write without leading zeros between separators: 1/9/2026. Never minutes."""
_YEARS: Final = frozenset("YG")
_EARLIEST_YEAR: Final = 1000
"""A year with a leading zero was another number: 3010001 is not the third of January."""
_FRACTION: Final = "f"
_FRACTION_DIGITS: Final = 6
_NAMES: Final = frozenset("aAbBpZ")
_OFFSET: Final = r"[+-]\d\d:?\d\d(?::?\d\d(?:\.\d{1,6})?)?|Z"
_BY_MACHINE: Final = frozenset("cxX")
_TOKEN: Final = re.compile(
    r"%(?P<directive>.)|(?P<space>\s+)|(?P<digits>[0-9]+)|(?P<text>[^%\s0-9]+)"
)


class _Token(NamedTuple):
    """A piece of a style: its kind, and its text or the letter of its directive."""

    kind: str
    text: str

    @property
    def is_number(self) -> bool:
        """Return True if the piece is a number in the text."""
        if self.kind == "digits":
            return True
        return self.kind == "directive" and (self.text in _WIDTHS or self.text == _FRACTION)


class Style:
    """A compiled style."""

    def __init__(self, style: str) -> None:
        """Compile the style.

        Raises:
            ValueError: a directive is unknown, occurs twice, or depends on the machine.
        """
        self._style = style
        tokens = list(_tokens(style))
        named = [t.text for t in tokens if t.kind == "directive" and t.text != "%"]
        if len(set(named)) < len(named):
            raise ValueError("a directive occurs twice")
        runs = list(_runs(tokens))
        self._widths = [_Run(run, runs) if run[0].is_number else None for run in runs]
        parts = (
            width.pattern if width else _pattern(run[0])
            for width, run in zip(self._widths, runs, strict=True)
        )
        self._pattern = re.compile("".join(f"({part})" for part in parts), re.IGNORECASE | re.ASCII)

    def read(self, text: str) -> datetime:
        """Return the text's date and time.

        Raises:
            ValueError: the text is not of the style, or could be read in two ways.
        """
        found = self._pattern.fullmatch(text.strip())
        if found is None:
            raise ValueError("not of the style")
        pairs = zip(self._widths, found.groups(), strict=True)
        whole = "".join(run.whole(part) if run else part for run, part in pairs)
        read = datetime.strptime(whole, self._style)
        if read.year < _EARLIEST_YEAR:
            raise ValueError("the year has a leading zero")
        return read


class _Run:
    """Numbers without a separator between them."""

    def __init__(self, tokens: list[_Token], runs: list[list[_Token]]) -> None:
        self._fraction = tokens[-1].text == _FRACTION
        exact = tokens[:-1] if self._fraction else tokens
        if any(token.text == _FRACTION for token in exact):
            raise ValueError("%f cannot be followed by a digit")
        self._width = sum(map(_width, exact))
        self._least = self._width - self._may_lack(exact, tokens is runs[-1] and _is_decimal(runs))

    def _may_lack(self, exact: list[_Token], ends_a_decimal: bool) -> int:
        """Return how many leading zeros may be missing without changing the number."""
        if self._fraction or not exact or exact[0].kind == "digits" or exact[0].text in _YEARS:
            return 0
        if len(exact) == 1:
            # A spreadsheet turns 21.30 into 21.3, which is not three minutes past nine.
            may = exact[0].text in _SHORT_WHERE_ALONE and not ends_a_decimal
            return _width(exact[0]) - 1 if may else 0
        if [token.text for token in exact] == ["H", "M"]:
            return self._width - 1
        return _width(exact[0]) - 1

    @property
    def pattern(self) -> str:
        """Return the regular expression of the digits."""
        more = _FRACTION_DIGITS if self._fraction else 0
        return rf"[0-9]{{{self._least + bool(more)},{self._width + more}}}"

    def whole(self, digits: str) -> str:
        """Return the digits with the missing zeros."""
        if self._fraction:
            return digits.ljust(self._width + _FRACTION_DIGITS, "0")
        return digits.zfill(self._width)


def _tokens(style: str) -> Iterator[_Token]:
    at = 0
    while at < len(style):
        found = _TOKEN.match(style, at)
        if found is None:
            raise ValueError("a % without a directive")
        at = found.end()
        kind = str(found.lastgroup)
        if kind == "directive":
            _check(found["directive"])
        yield _Token(kind, found[kind])


def _check(directive: str) -> None:
    if directive in _BY_MACHINE:
        raise ValueError(f"%{directive} depends on the machine; name its parts instead")
    if not (directive in _WIDTHS or directive in _NAMES or directive in "zf%"):
        raise ValueError(f"%{directive} is not a directive")


def _runs(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """Yield the tokens, with consecutive numbers together."""
    run: list[_Token] = []
    for token in tokens:
        if run and not (token.is_number and run[-1].is_number):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _is_decimal(runs: list[list[_Token]]) -> bool:
    """Return True if the text looks like a decimal number, whose zeros a spreadsheet drops."""
    match runs:
        case [[first], [_Token("text", ".")], [last]]:
            return first.is_number and last.is_number
    return False


def _pattern(token: _Token) -> str:
    match token:
        case _Token("space", _):
            return r"\s+"
        case _Token("directive", "z"):
            return _OFFSET
        case _Token("directive", "%"):
            return "%"
        case _Token("directive", _):
            return "[a-z]+"
    return re.escape(token.text)


def _width(token: _Token) -> int:
    return len(token.text) if token.kind == "digits" else _WIDTHS[token.text]
