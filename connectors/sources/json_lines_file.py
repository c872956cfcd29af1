"""Read JSON lines, plain, gzip or xz, in UTF-8: one object per line, in bounded memory.

Objects within objects are flattened with dots, such as ``location.street.name``. Numbers keep their
text; null is an empty cell. The header is the union of all keys in order of first appearance, so
the file is read twice. A line is unreadable if it is not JSON, not an object, deeper than `DEEPEST`
or too long, if it has the same key twice, or if it has a list under a key that the mapping reads.
Blank lines are skipped.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NoReturn

from connectors.errors import SourceError
from connectors.mappings.values import folded
from connectors.sources.content import DAMAGE, decompressed, open_bytes
from connectors.sources.table import LONGEST_ROW, TOO_LONG, Row, Table, Unreadable, is_text

MOST_KEYS = 1_000
DEEPEST = 32
_ACCEPTED = "accepted: one JSON object per line"


class _NoRowError(ValueError):
    """The reason why a line is not a row."""


class JsonLinesFile(Table):
    """An open file of JSON lines. Use it as a context; iterate it once."""

    def __init__(self, path: Path, wanted: Collection[str] | None = None) -> None:
        """Open the file and collect its keys.

        A list under a key that is not `wanted` (folded; None: all keys) is ignored.

        Raises:
            SourceError: no line is an object.
        """
        self.path = path
        self.description = "JSON lines, utf-8"
        self._raw = open_bytes(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        self._decoder = _decoder()
        self._wanted = wanted
        try:
            self.header = self._gathered()
        except BaseException:
            self.close()
            raise
        self._positions = {title: position for position, title in enumerate(self.header)}

    @property
    def consumed(self) -> int:
        """Return the number of bytes of the file on disk that have been read."""
        return min(self._raw.tell(), self.size)

    def __iter__(self) -> Iterator[Row | Unreadable]:
        for number, (line, read) in enumerate(self._objects(), start=1):
            if isinstance(read, str):
                yield Unreadable(number, line, read)
            else:
                yield Row(number, line, self._cells(read))

    def close(self) -> None:
        """Close the file; does nothing if it is closed already."""
        self._raw.close()

    def _cells(self, read: dict[str, str]) -> list[str]:
        cells = [""] * len(self.header)
        for key, cell in read.items():
            if key not in self._positions:
                raise SourceError(f"{self.path}: the file was changed while it was read")
            cells[self._positions[key]] = cell
        return cells

    def _gathered(self) -> tuple[str, ...]:
        keys: dict[str, None] = {}
        length, reason = 0, ""
        for line, read in self._objects():
            if isinstance(read, str):
                reason = reason or f"line {line}: {read}"
                continue
            length += sum(map(len, read.keys() - keys.keys()))
            keys.update(dict.fromkeys(read))
            if len(keys) > MOST_KEYS or length > LONGEST_ROW:
                raise SourceError(self._too_many_keys(line))
        if not keys:
            raise SourceError(f"{self.path}: {reason or 'no line has a key'}; {_ACCEPTED}")
        return tuple(keys)

    def _too_many_keys(self, line: int) -> str:
        return (
            f"{self.path}:{line}: up to this line the objects have more than {MOST_KEYS} different "
            f"keys or {LONGEST_ROW} characters of them; accepted: objects that share their keys"
        )

    def _objects(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Yield each line's number with its flattened object, or the reason why it is not an object."""
        for line, text in self._lines():
            if text.strip(" \t\r\n"):
                try:
                    yield line, self._read(text)
                except _NoRowError as error:
                    yield line, str(error)

    def _read(self, text: str) -> dict[str, str]:
        if len(text) > LONGEST_ROW:
            raise _NoRowError(TOO_LONG)
        if not is_text(text):
            raise _NoRowError("bytes that are not text in utf-8")
        try:
            read = self._decoder.decode(text)
        except JSONDecodeError as error:
            raise _NoRowError(f"not JSON from character {error.colno} on") from None
        except RecursionError:
            raise _NoRowError(f"objects nested deeper than {DEEPEST}") from None
        if not isinstance(read, dict):
            raise _NoRowError("not a JSON object")
        return _flat(read, self._wanted)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number; a line that is too long is cut just above the limit."""
        self._raw.seek(0)
        # Not closed: that would close the file below, which is read again.
        content = decompressed(self.path, self._raw)
        text = io.TextIOWrapper(
            content, encoding="utf-8-sig", errors="surrogateescape", newline="\n"
        )
        number = 0
        try:
            while line := text.readline(LONGEST_ROW + 1):
                number += 1
                yield number, line.removesuffix("\n")
                while line and not line.endswith("\n"):
                    line = text.readline(LONGEST_ROW)
        except DAMAGE as error:
            raise SourceError(
                f"{self.path}:{max(number, 1)}: the file is damaged: {error}"
            ) from None
        finally:
            if not text.closed:
                text.detach()


def _decoder() -> JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_without_twins, parse_float=str, parse_int=str, parse_constant=_refuse
    )


def _refuse(_: str) -> NoReturn:
    raise _NoRowError("NaN or Infinity, which are not JSON numbers")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NoRowError("the same key twice")
    return found


def _flat(read: dict[str, Any], wanted: Collection[str] | None) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in _leaves(read, "", 1):
        if isinstance(value, list):
            if wanted is None or folded(key) in wanted:
                raise _NoRowError("a list, which a row cannot hold")
            continue
        if key in cells:
            raise _NoRowError("the same key twice")
        cell = _cell(value)
        if not is_text(key) or not is_text(cell):
            raise _NoRowError("half a character (a lone surrogate)")
        cells[key] = cell
    return cells


def _leaves(read: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise _NoRowError(f"objects nested deeper than {DEEPEST}")
    for key, value in read.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.", depth + 1)
        else:
            yield prefix + key, value


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return str(value)
