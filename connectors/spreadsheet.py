"""Write cells that no spreadsheet reads as a formula. Pure.

A spreadsheet reads a cell that starts with ``= + - @``, a tab or a carriage return as a formula. A
formula can run commands or send the sheet's content away. An apostrophe before it makes it a text.
A plain number stays a number, and a single dash stays a dash. A text that already has apostrophes
before such a sign gets one more, so that the original can be read back.
"""

from __future__ import annotations

import re

_APOSTROPHE = "'"
_SIGNS = "=+\\-@\t\r\n＝＋－＠"
_FORMULA = re.compile(rf"'*[{_SIGNS}]")
_WRITTEN = re.compile(rf"'+[{_SIGNS}]")
_PLAIN = re.compile(r"-|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_BYTES = rb"(?:[=+@-]|\xef\xbc[\x9d\x8b\x8d\xa0])"  # the same signs in UTF-8, full-width ones too
_BEGIN = rb"(?:\A(?:\xef\xbb\xbf)*|[\r\n,;\t|])[ \"]*"
_CELL = re.compile(rb"(" + _BEGIN + rb")(?=('*" + _BYTES + rb"[^,;\t|\r\n\"]*))")
_HARMLESS = re.compile(rb"- *|[+-]?(\d[\d ]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?%? *")


def guarded(text: str) -> str:
    """Return the text as a cell that is not a formula."""
    if _FORMULA.match(text) and not _PLAIN.fullmatch(text):
        return _APOSTROPHE + text
    return text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` changed into this cell."""
    return cell[1:] if _WRITTEN.match(cell) else cell


def guarded_table(content: bytes) -> tuple[bytes, int]:
    """Return a whole CSV table without formulas, and the number of changed cells.

    The delimiter and line ends do not matter, because a spreadsheet may use any of the usual ones.
    So a tab or a carriage return ends a cell here, and the sign after it begins one. All else is
    unchanged.
    """
    changed = 0

    def made_text(found: re.Match[bytes]) -> bytes:
        nonlocal changed
        if _HARMLESS.fullmatch(found[2]):
            return found[1]
        changed += 1
        return found[1] + b"'"

    return _CELL.sub(made_text, content), changed
