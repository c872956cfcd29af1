"""One way to read a YAML file that people write: whatever is in it, the answer is a document or a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MOST_BYTES = 4 * 1024 * 1024
"""Largest file that is read; a protocol of 30 parties has 60 kB."""

_QUOTATION = re.compile("[\"'“‘]")

Refusal = TypeVar("Refusal", bound=Exception)


def read_yaml(path: Path, refusal: type[Refusal]) -> Any:
    """Return the document of a file, with the line of each of its parts.

    Raises:
        refusal: the file is no YAML; the message has file and line, and nothing of its content.
    """
    return parse_yaml(read_content(path, refusal), path, refusal)


def parse_yaml(content: bytes, path: Path, refusal: type[Refusal]) -> Any:
    """Return the document in the content of a file; `path` is for messages. Errors as `read_yaml`."""
    text = decoded(content, path, refusal)
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        # From the first quotation mark on, the parser quotes the file.
        problem = _QUOTATION.split(str(error.problem))[0].strip()
        raise refusal(f"{path}:{line}: not YAML: {problem}") from None
    except RecursionError:
        raise refusal(f"{path}:1: not read: it is nested too deeply") from None
    except (YAMLError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        # ruamel.yaml lets errors of Python's own through: of a number of thousands of digits, of `!!bool x`,
        # of `!!int ""`, of a character above U+10FFFF, of a mapping that is merged into itself.
        raise refusal(f"{path}:1: not YAML: {type(error).__name__}") from None


def read_content(path: Path, refusal: type[Refusal]) -> bytes:
    """Return the bytes of a file of at most `MOST_BYTES`. Errors as `read_yaml`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refusal(f"{path}: there is no such file") from None
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise refusal(f"{path}: larger than {MOST_BYTES:,} bytes, the most that is read")
    return content


def decoded(content: bytes, path: Path, refusal: type[Refusal]) -> str:
    """Return the text of a file, without its byte order mark. Errors as `read_yaml`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(f"{path}:{line}: no UTF-8; save the file as UTF-8") from None
